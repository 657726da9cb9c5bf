"""Mails of many structures: plain, multipart, in each other, with many parts, with long lines."""

from .text import MIME, encoded, header, mail, mixed, multipart, paragraphs, part, printable, words

TEXT = 'Content-Type: text/plain; charset="utf-8"'
HTML = "Content-Type: text/html; charset=utf-8"
BASE64 = "Content-Transfer-Encoding: base64"
QUOTED = "Content-Transfer-Encoding: quoted-printable"
EIGHT = "Content-Transfer-Encoding: 8bit"
FILES = (
    ("application/pdf", "paper.pdf", b"%PDF-1.7\n"),
    ("image/png", "picture.png", b"\x89PNG\r\n\x1a\n"),
    ("application/zip", "letters.zip", b"PK\x03\x04"),
    ("application/msword", "report.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("application/octet-stream", "numbers.bin", b""),
)


def add(mails):
    dice = mails.random
    for number in range(18):
        mails.add("plain", mail(paragraphs(dice, (0, 1, 2, 5, 40, 300)[number % 6])))
    for size in (60_000, 200_000, 500_000):
        mails.add("plain", mail(paragraphs(dice, size // 60)))
    for number in range(14):
        kind, name, magic = FILES[number % len(FILES)]
        file = part(encoded(magic + dice.randbytes(dice.randint(0, 40_000))), f'Content-Type: {kind}; name="{name}"', BASE64, f"Content-Disposition: attachment; filename={name}")
        mails.add("attachment", mixed("=_part", [part(paragraphs(dice, 4), TEXT), file]))
    for number in range(10):
        mails.add("alternative", mixed(f"----=_{number}.{number}", [part(printable(paragraphs(dice, 5)), TEXT, QUOTED), part(printable(html(dice, 20)), HTML, QUOTED)], "alternative"))
    for number in range(5):
        picture = part(encoded(dice.randbytes(3000)), "Content-Type: image/gif", BASE64, "Content-ID: <one@sender.example>")
        mails.add("related", mixed("rel", [part(html(dice, 9), HTML), picture], "related", preamble=b"A preamble.\r\n" * (number % 2), epilogue=b"An epilogue.\r\n" * (number % 3)))
    for _ in range(8):
        mails.add("tree", tree(dice))
    forwarded(mails)
    for number in (1, 20, 99, 100, 101, 200):
        mails.add("nested", header("letter @NAME@", MIME) + nested(number))
    for number in (1, 50, 200):
        inner = header("core") + b"\r\ncore\r\n"
        for level in range(number):
            inner = header(f"level {level}", MIME, "Content-Type: message/rfc822") + b"\r\n" + inner
        mails.add("letters-in-letters", inner.replace(b"letter @NAME@", b"letters"))
    for count in (150, 199, 200, 201, 250, 400, 550, 599, 600, 1000):
        notes = [part(f"note {number}\r\n", "Content-Type: text/plain", f'Content-Disposition: attachment; filename="note{number}.txt"') for number in range(count)]
        mails.add("many-parts", mixed("many", notes))
    digest = [part(mixed("in", [part("one\r\n"), part("two\r\n")]), "Content-Type: message/rfc822") for _ in range(200)]
    mails.add("digest", mixed("out", digest, "digest"))
    for length in (77, 997, 998, 999, 1000, 2047, 2048, 2049, 4096, 10_000, 65_536, 100_000):
        mails.add("long-line", mail("short\r\n" + ("ab cd " * length)[:length] + "\r\nshort\r\n"))
    for length in (999, 5000, 100_000):
        mails.add("long-line-8bit", mail(("é" * length)[: length // 2] + "\r\n", MIME, TEXT, EIGHT))
        mails.add("long-line-html", mail(html(dice, length // 100).replace("\r\n", " ") + "\r\n", MIME, HTML))
    for number in range(6):
        mails.add("table", mail("<table><tr><td>\r\n" * (3, 50, 500, 2000, 4000, 12_000)[number], MIME, HTML))
    for dots in (".\r\n", "..\r\n", ".a\r\n.b\r\n", "a\r\n.\r\nb\r\n", "a\r\n..\r\n...\r\n.\r\n", ".\r\n" * 500, ". \r\n.\t\r\n", "." * 5000 + "\r\n"):
        mails.add("dots", mail(dots))
    for body in ("\r\n", "\r\n\r\n\r\n", "a\r\n\r\n\r\n\r\n", " \r\n", "\t \r\n \r\n", "a \r\nb\t\r\n c  \r\n\r\n", "a" + " " * 3000 + "\r\n"):
        mails.add("white-space", mail(body))


def forwarded(mails):
    dice = mails.random
    for number in range(5):
        inner = mixed("b", [part(paragraphs(dice, 3), TEXT)]) if number % 2 else mail(paragraphs(dice, 3))
        mails.add("forwarded", mixed("b" * (number + 2), [part("see below\r\n", TEXT), part(inner, "Content-Type: message/rfc822")]))
    for code in ("5.1.1", "4.4.1", "5.7.1", "5.2.2"):
        status = f"Reporting-MTA: dns; mx.sender.example\r\n\r\nFinal-Recipient: rfc822; carol@other.example\r\nAction: failed\r\nStatus: {code}\r\n"
        parts = [part("It could not be delivered.\r\n", TEXT), part(status, "Content-Type: message/delivery-status"), part(header("first"), "Content-Type: text/rfc822-headers")]
        mails.add("bounce", mixed("dsn", parts, "report; report-type=delivery-status"), sender="")
    receipt = "Reporting-UA: sender.example; Letters 1\r\nFinal-Recipient: rfc822;alice@sender.example\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    mails.add("receipt", mixed("mdn", [part("It was read.\r\n", TEXT), part(receipt, "Content-Type: message/disposition-notification")], "report; report-type=disposition-notification"), sender="")
    report = "Feedback-Type: abuse\r\nUser-Agent: Letters/1\r\nVersion: 1\r\n"
    mails.add("abuse-report", mixed("arf", [part("A report.\r\n"), part(report, "Content-Type: message/feedback-report"), part(mail("spam\r\n"), "Content-Type: message/rfc822")], "report; report-type=feedback-report"))
    mails.add("fragment", mail("Subject: second half\r\n\r\nhalf\r\n", MIME, 'Content-Type: message/partial; id="a@sender.example"; number=2; total=3'))
    mails.add("elsewhere", mail("Content-Type: text/plain\r\n\r\n", MIME, 'Content-Type: message/external-body; access-type=URL; URL="http://files.sender.example/"'))


def nested(depth):
    """A multipart in a multipart, so many times; with its header."""
    body = b"Content-Type: text/plain\r\n\r\ncore\r\n"
    for level in range(depth):
        body = f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n'.encode() + multipart(f"b{level}", [body])
    return body


def html(dice, lines):
    rows = "".join(f'<p style="color:#{dice.randrange(1 << 24):06x}"><a href="http://www.sender.example/{dice.randrange(9999)}">{words(dice, 8)}</a></p>\r\n' for _ in range(lines))
    return f"<html><head><title>{words(dice, 3)}</title></head><body>\r\n{rows}</body></html>\r\n"


def tree(dice):
    """A mail whose parts are made by chance."""

    def grow(level, path):
        if level == 0 or dice.random() < 0.3:
            return leaf(dice)
        boundary = f"t{path}_{dice.randrange(1 << 30)}"
        subtype = dice.choice(("mixed", "alternative", "related", "parallel", "x-own"))
        parts = [grow(level - 1, f"{path}{number}") for number in range(dice.randint(1, 4))]
        return part(multipart(boundary, parts), f"Content-Type: multipart/{subtype};\r\n\tboundary={boundary}")

    return header("letter @NAME@", MIME) + grow(4, "")


def leaf(dice):
    way = dice.randrange(5)
    if way == 0:
        return part(paragraphs(dice, dice.randint(0, 30)), TEXT)
    if way == 1:
        return part(printable("naïve café, 100 % = all\r\n" * dice.randint(1, 30)), TEXT, QUOTED)
    if way == 2:
        return part(encoded(dice.randbytes(dice.randint(0, 5000)), dice.choice((60, 64, 72, 76))), "Content-Type: application/octet-stream", BASE64)
    if way == 3:
        return part("Grüße, přátelé\r\n" * dice.randint(1, 30), TEXT, EIGHT)
    return part(html(dice, dice.randint(1, 30)), HTML)


def fill(mails, count):
    """Mails by chance, until there are so many."""
    while len(mails.listed) < count:
        mails.add("by-chance", tree(mails.random))
