"""A bucket that is a folder."""

import hashlib
import os

FOLDER = "/run/store"


class Unreachable(OSError):
    pass


def fetch(key, etag=None, timeout=60):
    try:
        with open(f"{FOLDER}/{key}", "rb") as file:
            body = file.read()
    except FileNotFoundError:
        raise Unreachable(f"there is no {key}") from None
    if os.path.exists(f"{FOLDER}/without-etags"):
        return body, None
    found = hashlib.md5(body).hexdigest()
    return None if etag == found else (body, found)
