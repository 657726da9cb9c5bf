"""What mails are made of: words, headers, parts."""

import base64
import quopri

WORDS = (
    "meeting invoice harbour garden letter station river window bread paper Tuesday morning ticket "
    "engine colour market forest number answer bridge winter kitchen order travel report village"
).split()


def words(dice, count):
    return " ".join(dice.choice(WORDS) for _ in range(count))


def paragraphs(dice, lines):
    return "".join(f"{words(dice, dice.randint(3, 11))}.\r\n" for _ in range(lines))


def header(subject="letter @NAME@", *more, frm="Alice <alice@sender.example>"):
    lines = [
        f"From: {frm}",
        "To: Bob <bob@example.com>",
        f"Subject: {subject}",
        "Date: Thu, 26 Nov 2026 09:00:00 +0100",
        "Message-ID: <@NAME@@sender.example>",
        *more,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def mail(body, *more, **differing):
    """A mail with this body, which is bytes or text."""
    return header("letter @NAME@", *more, **differing) + b"\r\n" + data(body)


def data(body):
    return body.encode() if isinstance(body, str) else body


def part(body, *fields):
    """A part of a multipart."""
    return "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + data(body)


def multipart(boundary, parts, preamble=b"", epilogue=b""):
    """The body of a multipart; each part ends with a line end."""
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + one for one in parts)
    return preamble + inner + b"--" + boundary.encode() + b"--\r\n" + epilogue


def encoded(content, width=76):
    """Base64 in lines."""
    text = base64.b64encode(content)
    return b"".join(text[at : at + width] + b"\r\n" for at in range(0, len(text), width)) or b"\r\n"


def printable(text):
    """Quoted-printable in lines."""
    return quopri.encodestring(data(text).replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


MIME = "MIME-Version: 1.0"


def mixed(boundary, parts, subtype="mixed", *more, preamble=b"", epilogue=b""):
    """A whole mail that is a multipart."""
    kind = f'Content-Type: multipart/{subtype}; boundary="{boundary}"'
    return mail(multipart(boundary, parts, preamble, epilogue), MIME, *more, kind)
