"""The store of this host: a bucket of S3, which its role may read."""

import http.client
import json
import os
import time
import urllib.error

import aws

LARGEST = 64 * 1024 * 1024
with open("/etc/backup-mx/host.json") as file:
    STORE = json.load(file)["store"]


class Unreachable(OSError):
    """An object could not be had; perhaps later."""


def fetch(key, etag=None, timeout=30):
    """An object whole, and its etag; None if it is still the one of the etag that is given."""
    end = time.monotonic() + 20 * timeout
    try:
        headers = {"If-None-Match": etag} if etag else {}
        with aws.request("s3", f"{STORE}/{key}", headers=headers, timeout=timeout) as answer:
            length = int(answer.headers["Content-Length"])
            if length > LARGEST:
                raise Unreachable(f"{key} is larger than {LARGEST} bytes")
            body = b""
            while len(body) < length and time.monotonic() < end:
                part = answer.read1(1 << 20)
                if not part:
                    break
                body += part
            if len(body) < length:
                raise Unreachable(f"{key} broke off after {len(body)} of {length} bytes")
            return body, answer.headers["ETag"]
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 304:
                return None
            raise Unreachable(f"{key}: the store says {error.code} {error.reason}") from None
    except Unreachable:
        raise
    # Whatever stands in an answer that is none, of the metadata too.
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise Unreachable(f"{key}: {error}") from None


def download(key, path):
    """Writes an object to a file."""
    body, _ = fetch(key)
    with open(f"{path}.new", "wb") as file:
        file.write(body)
    os.replace(f"{path}.new", path)
