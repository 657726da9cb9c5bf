"""How the judge is, as it tells itself. It reads the mail of strangers, so nothing of that is trusted."""

import json
import math

import host
import untrusted

STATE = "/run/backup-mx-judge/own/state.json"
SETTINGS = "/etc/backup-mx/judge.json"
# It writes its state every two seconds.
STALE = 60
LONGEST_REASON = 200
SCANNER_STATES = ("up", "starting", "down", "none")
CLAMAV_STATES = ("up", "down", "none")


def told():
    """What the judge is told: which scanner there is."""
    try:
        return host.read(SETTINGS)
    except (OSError, ValueError):
        return {}


def state(now):
    """The newest state of the judge, or None where it does not run or tells nonsense."""
    found = untrusted.read(STATE)
    try:
        return found and _checked(json.loads(found[0], parse_constant=_number), now)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _checked(found, now):
    quarantine = found["quarantine"]
    if abs(now - _number(found["time"])) > STALE:
        return None
    last = found["lastVerdict"]
    return {
        "scanner_state": _one_of(SCANNER_STATES, found["scannerState"]),
        "scanner_since": _number(found["scannerSince"]),
        "scanner_reason": _text(found["scannerReason"]),
        "clamav": _one_of(CLAMAV_STATES, found["clamav"]),
        "last_verdict": None if last is None else min(now, _number(last)),
        "unscanned": int(_number(found["unscanned"])),
        "suspicious": _truth(found["suspicious"]),
        "quarantined": int(_number(quarantine["mails"])),
        "quarantined_bytes": int(_number(quarantine["bytes"])),
        "quarantine_full": _truth(quarantine["full"]),
    }


def _number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("no number")
    if not (0 <= value < 1e15 and math.isfinite(value)):
        raise ValueError("no such number")
    return value


def _text(value):
    if not isinstance(value, str):
        raise ValueError("no text")
    return "".join(c if " " <= c <= "~" else "?" for c in value[:LONGEST_REASON])


def _truth(value):
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _one_of(words, value):
    if value not in words:
        raise ValueError("no such word")
    return value
