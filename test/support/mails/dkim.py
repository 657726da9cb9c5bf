"""Signs mails with OpenDKIM's library, and verifies them.

    dkim.py sign FOLDER KEY NAME…      puts a signature on top of each FOLDER/NAME, as simple/simple and
                                       relaxed/relaxed by turns; prints {NAME: "" | why it cannot be signed}
    dkim.py verify FOLDER KEYS NAME…   prints {NAME: "valid" | what is wrong}

KEY is a private key in PEM; KEYS has lines of a name in DNS and its TXT record. The library signs
every field of the header, also those that it would leave out unless told."""

import ctypes
import json
import sys
from ctypes import byref, c_char_p, c_int, c_size_t, c_ssize_t, c_void_p

SELECTOR, DOMAIN = b"lab", b"sender.example"
SET, FLAGS, SKIPPED, METHOD, INFO = 1, 0, 9, 6, 7
FILE, RSA_SHA256 = 1, 1
CANONICAL = {"simple": 0, "relaxed": 1}

library = ctypes.CDLL("libopendkim.so.11")
for name, result, *arguments in (
    ("dkim_init", c_void_p, c_void_p, c_void_p),
    ("dkim_options", c_int, c_void_p, c_int, c_int, c_void_p, c_size_t),
    ("dkim_sign", c_void_p, c_void_p, c_char_p, c_void_p, c_char_p, c_char_p, c_char_p, c_int, c_int, c_int, c_ssize_t, c_void_p),
    ("dkim_verify", c_void_p, c_void_p, c_char_p, c_void_p, c_void_p),
    ("dkim_header", c_int, c_void_p, c_char_p, c_size_t),
    ("dkim_eoh", c_int, c_void_p),
    ("dkim_body", c_int, c_void_p, c_char_p, c_size_t),
    ("dkim_eom", c_int, c_void_p, c_void_p),
    ("dkim_getsighdr_d", c_int, c_void_p, c_size_t, c_void_p, c_void_p),
    ("dkim_getresultstr", c_char_p, c_int),
    ("dkim_geterror", c_char_p, c_void_p),
    ("dkim_free", c_int, c_void_p),
):  # fmt: skip
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments


class Failure(Exception):
    pass


def fields(header):
    """The fields of a header, each with its folds."""
    found = []
    for line in filter(None, header.split(b"\r\n")):
        if line[:1] in (b" ", b"\t") and found:
            found[-1] += b"\r\n" + line
        else:
            found.append(line)
    return found


def feed(handle, data):
    """Gives the library a whole mail."""

    def done(status, step):
        if status != 0:
            said = library.dkim_geterror(handle) or library.dkim_getresultstr(status)
            raise Failure(f"{step}: {said.decode('latin-1')}")

    header, blank, body = data.partition(b"\r\n\r\n")
    for field in fields(header + b"\r\n"):
        done(library.dkim_header(handle, field, len(field)), "header")
    done(library.dkim_eoh(handle), "end of header")
    if body:
        done(library.dkim_body(handle, body, len(body)), "body")
    done(library.dkim_eom(handle, None), "end")


def signature(lib, key, data, way):
    status, text, size = c_int(), c_void_p(), c_size_t()
    handle = library.dkim_sign(
        lib, b"mail", None, key, SELECTOR, DOMAIN, CANONICAL[way], CANONICAL[way], RSA_SHA256, -1, byref(status)
    )
    try:
        feed(handle, data)
        library.dkim_getsighdr_d(handle, 16, byref(text), byref(size))
        return b"DKIM-Signature: " + ctypes.string_at(text, size.value)
    finally:
        library.dkim_free(handle)


def verdict(lib, data):
    status = c_int()
    handle = library.dkim_verify(lib, b"mail", None, byref(status))
    try:
        feed(handle, data)
        return "valid"
    except Failure as failure:
        return str(failure)
    finally:
        library.dkim_free(handle)


def sign(lib, folder, key_path, names):
    library.dkim_options(lib, SET, SKIPPED, None, ctypes.sizeof(c_void_p))
    with open(key_path, "rb") as file:
        key = file.read()
    said = {}
    for number, name in enumerate(names):
        with open(f"{folder}/{name}", "rb") as file:
            data = file.read()
        way = ("simple", "relaxed")[number % 2]
        try:
            field = signature(lib, key, data, way)
        except Failure as failure:
            said[name] = str(failure)
            continue
        said[name] = ""
        with open(f"{folder}/{name}", "wb") as file:
            file.write(field.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n" + data)
    return said


def verify(lib, folder, keys, names):
    method, path = c_int(FILE), c_char_p(keys.encode())
    library.dkim_options(lib, SET, METHOD, byref(method), ctypes.sizeof(method))
    library.dkim_options(lib, SET, INFO, path, len(keys) + 1)
    said = {}
    for name in names:
        with open(f"{folder}/{name}", "rb") as file:
            said[name] = verdict(lib, file.read())
    return said


def main():
    job, folder, key, *names = sys.argv[1:]
    lib = library.dkim_init(None, None)
    print(json.dumps({"sign": sign, "verify": verify}[job](lib, folder, key, names)))


main()
