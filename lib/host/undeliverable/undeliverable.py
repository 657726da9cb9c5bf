"""For how long the queue keeps what a primary refuses."""

import re

import host

SECTION = "undeliverable"
ORDER = 44

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LIFETIME = re.compile("([0-9]{1,6})([smhdw])")
KEY = "refusedQueueLifetime"


def check(section, configuration):
    if not isinstance(section, dict) or section.keys() != {KEY}:
        raise host.Refused(f"has no section undeliverable with {KEY} alone")
    lifetime(section)


def take(section, configuration):
    """backup-mx-undeliverable reads what is live each time."""


def lifetime(section):
    """Seconds."""
    value = section[KEY]
    found = LIFETIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise host.Refused(f"has no duration as the lifetime of refused mail, but {value!r:.60}")
    return int(found[1]) * UNITS[found[2]]
