"""Mails for a verdict: letters, and what looks like spam in many ways."""

from .content import SPAM_TEST
from .shapes import BASE64, HTML, TEXT, html
from .text import MIME, encoded, header, mail, mixed, paragraphs, part

# Every virus scanner finds it, and it harms nobody.
VIRUS_TEST = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OFFERS = (
    "CONGRATULATIONS!!! YOU HAVE WON $1,000,000.00 IN THE INTERNATIONAL LOTTERY",
    "Dear friend, I am the widow of a late minister and wish to transfer US$ 25,000,000 to your account. Strictly confidential, God bless.",
    "Buy cheap viagra cialis online, no prescription required, 80% off, click here now",
    "Your account is suspended! Verify your password within 24 hours at http://192.0.2.7/login",
    "Work from home and make $5000 a week guaranteed, no experience, risk free, act now!!!",
)


def add(mails):
    dice = mails.random
    mails.add("spam-test", mail(SPAM_TEST + "\r\n"))
    mails.add("virus-test", mixed("v", [part("see\r\n", TEXT), part(encoded(VIRUS_TEST), "Content-Type: application/octet-stream; name=test.com", BASE64)]))
    for number in range(20):
        text = paragraphs(dice, dice.randint(3, 40))
        mails.add("letter", (mail(text), mixed("l", [part(text, TEXT), part(encoded(dice.randbytes(900)), "Content-Type: image/png", BASE64)]), mail(text, "In-Reply-To: <first@example.com>", "References: <first@example.com>"), mixed("l", [part(text, TEXT), part(html(dice, 5), HTML)], "alternative"))[number % 4])
    for number in range(20):
        offer = OFFERS[number % len(OFFERS)]
        page = f"<html><body bgcolor=white><font color=white size=1>{paragraphs(dice, 2)}</font><h1>{offer}</h1><a href=http://192.0.2.{number}/x.exe><img src=http://192.0.2.{number}/a.gif></a></body></html>\r\n"
        plain = f"{offer}\r\n" * 3
        mails.add("offer", (
            header(offer.upper()[:60]) + b"\r\n" + plain.encode(),
            b"From: WINNER <a1b2c3d4@sender.example>\r\nSubject: " + offer.encode()[:50] + b"\r\nX-Mailer: The Bat! (v1.52f)\r\n\r\n" + plain.encode(),
            mail(page, MIME, HTML, "X-Priority: 1", "X-MSMail-Priority: High"),
            mail(encoded(page.encode()), MIME, HTML, BASE64, "Date: Mon, 1 Jan 2001 00:00:00 +0000", "Reply-To: other@elsewhere.example"),
        )[number // 5])
