"""The header lines that the judge puts on top of a mail. The mail itself stays as it is."""

from judge import verdict as verdicts

FOLD = 78
# The first one counts, and what a sender has written stands below.
UNKNOWN = b"X-Spam-Status: Unknown\r\n"


def of(verdict, note=""):
    """The lines for a verdict, as bytes."""
    if verdict.word == "none":
        return b""
    if verdict.word == "not analysed":
        return UNKNOWN + _line("X-Backup-MX", f"not scanned ({verdict.reason or 'no verdict'})")
    score = "" if verdict.score is None else f"{verdict.score:.1f}"
    parts = [verdict.word]
    if score:
        parts.append(f"score={score}")
    if verdict.rules:
        parts.append("tests=" + ",".join(verdict.rules[: verdicts.SHOWN_RULES]))
    if verdict.reason:
        parts.append(verdict.reason)
    if note:
        parts.append(note)
    is_spam = verdict.word != "ham"
    status = ("Yes" if is_spam else "No") + (f", score={score}" if score else "")
    return _line("X-Spam-Status", status) + _line("X-Backup-MX", "; ".join(parts))


def _line(name, value):
    """One field. It is folded at a space or behind a comma, where there is one."""
    lines, line = [], f"{name}:"
    for word in value.replace(",", ", ").replace(",  ", ", ").split():
        if len(line) + 1 + len(word) > FOLD and line.strip():
            lines.append(line)
            line = ""
        line += f" {word}"
    return ("\r\n".join([*lines, line]) + "\r\n").encode("ascii")
