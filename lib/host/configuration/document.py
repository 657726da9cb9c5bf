"""A configuration as it lies in the store. Whatever bytes these are: either a plain object comes of
them, or they are refused."""

import json
import re

import host

LARGEST = 64 * 1024 * 1024
# A short text can stand for many values, and each takes memory.
MOST_VALUES = 2_000_000
DEEPEST = 16
LONGEST_NUMBER = 15
GROUP = re.compile("[0-9a-f]{2}")


def read(data):
    """The object that the bytes are."""
    if len(data) > LARGEST:
        raise host.Refused(f"is larger than {LARGEST >> 20} MB")
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        raise host.Refused("has too many values")
    try:
        found = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        raise host.Refused(f"is not whole, or not JSON: {_short(error)}") from None
    if not isinstance(found, dict):
        raise host.Refused("is not an object")
    _check(found, 0)
    return {name: _with_tables(section) for name, section in found.items()}


def _with_tables(section):
    """A section with its tables as lists: they come in groups, so that Terraform can compare them."""
    if not isinstance(section, dict):
        return section
    return {name: _lines(value) if _is_table(value) else value for name, value in section.items()}


def _is_table(value):
    return isinstance(value, dict) and all(
        GROUP.fullmatch(name) and isinstance(lines, list) for name, lines in value.items()
    )


def _lines(table):
    return [line for name in sorted(table) for line in table[name]]


def _object(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _number(text):
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number is too large")
    return int(text)


def _no_number(text):
    raise ValueError(f"{text[:20]} is not a whole number")


def _check(value, depth):
    if depth > DEEPEST:
        raise host.Refused("is nested too deep")
    if isinstance(value, str):
        # A newline would begin another line in a file, and half a surrogate is no text.
        if not value.isprintable() and any(not _is_plain(letter) for letter in value):
            raise host.Refused(f"has a control character in {_short(ascii(value))}")
    elif isinstance(value, dict):
        for name, part in value.items():
            _check(name, depth + 1)
            _check(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check(part, depth + 1)


def _is_plain(letter):
    return letter >= " " and not "\x7f" <= letter <= "\x9f" and not "\ud800" <= letter <= "\udfff"


def _short(text):
    return str(text)[:200]
