"""What a scanner says of a mail. Nothing that it says is believed: what does not have this form is
no verdict."""

import json
import re
from dataclasses import dataclass

WORDS = ("ham", "spam", "high spam", "virus", "not analysed", "none")
LARGEST = 256 * 1024
RULE = re.compile(r"[A-Z0-9_]{1,64}")
MOST_RULES = 400
SHOWN_RULES = 40
# As rspamd calls what shall become of a mail.
ACTIONS = {
    "no action": "ham",
    "greylist": "ham",
    "add header": "spam",
    "rewrite subject": "spam",
    "reject": "high spam",
    "soft reject": "not analysed",
}


class Lie(Exception):
    """What came is no verdict."""


@dataclass(frozen=True)
class Verdict:
    word: str
    score: float | None = None
    rules: tuple = ()
    reason: str = ""


NONE = Verdict("none")


def not_analysed(reason):
    return Verdict("not analysed", reason=printable(reason))


def of_guest(data):
    """As MailScanner's guest says it."""
    found = _object(data)
    if set(found) != {"verdict", "score", "rules", "reason"}:
        raise Lie("it has other names than a verdict")
    if found["verdict"] not in ("ham", "spam", "high spam", "not analysed"):
        raise Lie("its word is none of a scanner")
    if not isinstance(found["rules"], list) or not isinstance(found["reason"], str):
        raise Lie("its rules or its reason are none")
    return Verdict(found["verdict"], _score(found["score"]), _rules(found["rules"]), _reason(found["reason"]))


def of_rspamd(data):
    found = _object(data)
    action, symbols = found.get("action"), found.get("symbols")
    if not isinstance(action, str) or action not in ACTIONS or not isinstance(symbols, dict):
        raise Lie("it has no action or no symbols")
    word = ACTIONS[action]
    # It marks by a symbol what it has given up.
    reason = "rspamd asks to try again" if word == "not analysed" else ""
    return Verdict(word, _score(found.get("score")), _rules(list(symbols)), reason)


def _object(data):
    if len(data) > LARGEST:
        raise Lie("it is too long")
    try:
        found = json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Lie("it is no JSON") from None
    if not isinstance(found, dict):
        raise Lie("it is no object")
    return found


def _refuse(text):
    raise ValueError(text)


def _score(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Lie("its score is no number")
    # What is no number compares as false; a whole number may be too long for any other question.
    if not abs(value) <= 100_000:
        raise Lie("its score cannot be")
    return float(value)


def _rules(names):
    if len(names) > MOST_RULES:
        raise Lie("it has too many rules")
    if any(not isinstance(name, str) or not RULE.fullmatch(name) for name in names):
        raise Lie("a rule has no name")
    return tuple(names)


def _reason(text):
    if len(text) > 200 or text != printable(text):
        raise Lie("its reason is no plain text")
    return text


def printable(text):
    """A text that can stand in a header or a reply: one line of 200 letters at the most."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:200]
