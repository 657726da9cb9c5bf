"""Mails of many contents: character sets, encodings, signed and encrypted ones, calendars, spam."""

import binascii

from .shapes import BASE64, EIGHT, HTML, QUOTED, TEXT
from .text import MIME, encoded, mail, mixed, paragraphs, part, printable

SPEECH = {
    "iso-8859-1": "Grüße aus Köln, déjà vu",
    "iso-8859-2": "příliš žluťoučký kůň",
    "iso-8859-15": "42 € für Ärger",
    "windows-1251": "Съешь ещё этих булок",
    "windows-1252": "“quoted” – and dashed…",
    "koi8-r": "Чаю бы выпить",
    "utf-8": "Ελλάδα, 日本語, עברית, 🦊",
    "gb2312": "你好世界",
    "big5": "繁體中文",
    "shift_jis": "こんにちは",
    "euc-jp": "さようなら",
    "iso-2022-jp": "日本のてがみ",
    "euc-kr": "안녕하세요",
    "windows-1256": "مرحبا",
}
# Every filter calls a mail with this line spam.
SPAM_TEST = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def add(mails):
    dice = mails.random
    for charset, text in SPEECH.items():
        content = (text + "\r\n").encode(charset)
        kind = f"Content-Type: text/plain; charset={charset}"
        mails.add("8bit", mail(content * 9, MIME, kind, EIGHT))
        way = ("base64", "quoted-printable")[len(charset) % 2]
        body = encoded(content * 9) if way == "base64" else printable(content * 9)
        mails.add(way, mail(body, MIME, kind, f"Content-Transfer-Encoding: {way}"))
    odd = (
        ("x-unknown-9", b"abc\xff\xfe\r\n"),
        ("utf-16", "Nábřeží".encode("utf-16") + b"\r\n"),
        ("utf-32", b"\0\0\0a\0\0\0b\r\n"),
        ("utf-7", b"+AGE-bc\r\n"),
        ("", b"no name\x80\r\n"),
        ("us-ascii", b"not \xe9 ascii\r\n"),
        ("utf-8", b"cut \xc3\r\noverlong \xc0\xaf surrogate \xed\xa0\x80\r\n"),
        ("iso-8859-1; charset=utf-8", "två\r\n".encode()),
    )
    for charset, content in odd:
        mails.add("charset", mail(content, MIME, f"Content-Type: text/plain; charset={charset}", EIGHT))
    encodings(mails)
    sealed(mails)
    for method in ("REQUEST", "REPLY", "CANCEL", "PUBLISH", "COUNTER"):
        event = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//sender.example//Letters//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{method.lower()}@sender.example\r\nDTSTAMP:20261126T090000Z\r\nDTSTART:20261201T100000Z\r\nSUMMARY:Příští schůzka\\, {'very ' * 30}\r\n long\r\nATTENDEE;CN=Bob;RSVP=TRUE:mailto:bob@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        calendar = part(event, f"Content-Type: text/calendar; method={method}; charset=utf-8", EIGHT)
        mails.add("calendar", mixed("cal", [part("An invitation.\r\n", TEXT), calendar], "alternative"))
    for size in (0, 210_000, 600_000):
        mails.add("spam-test", mail(paragraphs(dice, size // 60) + SPAM_TEST + "\r\n"))
    for number in (1, 2, 3, 4):
        mails.add("nul", mail((b"a\0b\r\n", b"\0" * 500 + b"\r\n", b"\0\r\n.\0\r\n\0.\r\n", bytes(range(32)).replace(b"\r", b"").replace(b"\n", b"") + b"\x7f\r\n")[number - 1]))


def encodings(mails):
    mails.add("bad-base64", mail("!!!!====\r\nA\r\n" + "=" * 500 + "\r\nQUJD\r\nQ\r\n", MIME, BASE64))
    mails.add("bad-base64", mail("QUJDRA==QUJDRA==\r\n \r\nQUJD", MIME, BASE64) + b"\r\n")
    mails.add("bad-quoted", mail(b"=ZZ=\xff=\r\n=\r\n=3\r\n=0D=0A=00\r\ntrailing=20 \r\n", MIME, TEXT, QUOTED))
    mails.add("bad-quoted", mail("soft=" + " " * 5 + "\r\nbreak=\r\n", MIME, TEXT, QUOTED))
    rows = "".join(binascii.b2a_uu(bytes(range(number, number + 45))).decode().replace("\n", "\r\n") for number in range(20))
    mails.add("uuencoded", mail(f"begin 644 numbers.bin\r\n{rows}`\r\nend\r\n"))
    mails.add("uuencoded", mail("begin 644 ../x\r\nM" + "A" * 60 + "\r\nbegin 999\r\nend\r\n"))
    mails.add("yenc", mail(b"=ybegin line=128 size=200 name=numbers.bin\r\n" + bytes((byte + 42) % 256 for byte in range(200)).translate(None, b"\r\n\0") + b"\r\n=yend size=200\r\n"))
    mails.add("winmail", mixed("tnef", [part("see\r\n"), part(encoded(b"\x78\x9f\x3e\x22" + mails.random.randbytes(2000)), "Content-Type: application/ms-tnef; name=winmail.dat", BASE64)]))
    mails.add("two-encodings", mail(encoded(b"which one?"), MIME, BASE64, "Content-Transfer-Encoding: 7bit", "Content-Type: text/plain", HTML))
    mails.add("binary-named", mail(b"\x80\x81\r\n", MIME, "Content-Transfer-Encoding: x-own", "Content-Type: application/x"))


def sealed(mails):
    dice = mails.random
    for size in (200, 3000, 40_000):
        mails.add("smime-encrypted", mail(encoded(b"\x30\x82" + dice.randbytes(size), 64), MIME, "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", BASE64, "Content-Disposition: attachment; filename=smime.p7m"))
    for hash_name in ("sha-256", "sha-512", "sha1"):
        proof = part(encoded(b"\x30\x82" + dice.randbytes(1500), 64), "Content-Type: application/pkcs7-signature; name=smime.p7s", BASE64)
        mails.add("smime-signed", mixed("----sig", [part("signed  \r\ntext \r\n", TEXT), proof], f'signed; protocol="application/pkcs7-signature"; micalg={hash_name}', preamble=b"This is an S/MIME signed message\r\n"))
    armour = b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + encoded(dice.randbytes(900), 64) + b"=ab1D\r\n-----END PGP MESSAGE-----\r\n"
    mails.add("pgp-encrypted", mixed("pgp", [part("Version: 1\r\n", "Content-Type: application/pgp-encrypted"), part(armour, "Content-Type: application/octet-stream")], 'encrypted; protocol="application/pgp-encrypted"'))
    mails.add("pgp-signed", mail(b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\n- -- \r\n- From here \r\n" + armour.replace(b"MESSAGE", b"SIGNATURE")))
