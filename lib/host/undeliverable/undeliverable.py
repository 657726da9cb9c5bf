"""What becomes of mail that nobody will take."""

import re

import host

SECTION = "undeliverable"
ORDER = 44

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LIFETIME = re.compile("([0-9]{1,6})([smhdw])")
KEYS = {"refusedQueueLifetime", "nonDeliveryReports"}


def check(section, configuration):
    if not isinstance(section, dict) or section.keys() != KEYS:
        raise host.Refused(f"has no section undeliverable with {' and '.join(sorted(KEYS))} alone")
    lifetime(section)
    if section["nonDeliveryReports"] not in ("proven", "never"):
        raise host.Refused("has nonDeliveryReports that are neither proven nor never")


def take(section, configuration):
    """backup-mx-undeliverable reads what is live each time."""


def lifetime(section):
    """Seconds."""
    value = section["refusedQueueLifetime"]
    found = LIFETIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise host.Refused(f"has no duration as the lifetime of refused mail, but {value!r:.60}")
    return int(found[1]) * UNITS[found[2]]
