"""Downloads from the internet."""

import time
import urllib.error
import urllib.request

LONGEST = 300


class OverHttps(urllib.request.HTTPRedirectHandler):
    """Follows no server to where anybody can change what comes."""

    def redirect_request(self, request, file, code, message, headers, url):
        if not url.startswith("https://"):
            raise urllib.error.HTTPError(url, code, "leads away from HTTPS", headers, file)
        return super().redirect_request(request, file, code, message, headers, url)


def fetch(url, path):
    """Downloads a file, within some minutes or not at all."""
    deadline = time.monotonic() + LONGEST
    with urllib.request.build_opener(OverHttps).open(url, timeout=30) as answer, open(path, "wb") as file:
        length = answer.length
        while block := answer.read1(1 << 20):
            file.write(block)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} takes longer than {LONGEST} seconds")
        if length is not None and file.tell() != length:
            raise OSError(f"{url} broke off after {file.tell()} of {length} bytes")
