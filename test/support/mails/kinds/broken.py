"""Mails that break a standard, and those that Postfix's smtpd must repair."""

from .text import MIME, header, mail, multipart, part


def add(mails):
    parts = [part("one\r\n"), part("two\r\n")]
    for kind, boundary in (
        ("multipart/mixed", "x"),
        ('multipart/mixed; boundary=""', ""),
        ('multipart/mixed; boundary="x  "', "x  "),
        ("multipart/alternative charset=utf-8 boundary=x", "x"),
        ('multipart/mixed; boundary="x', "x"),
        ("multipart/mixed; boundary=never", "x"),
        ("multipart/mixed; boundary=" + "b" * 100, "b" * 100),
        ("multipart/mixed; boundary=" + "b" * 3000, "b" * 3000),
        ("multipart/mixed; boundary=a; boundary=x", "x"),
        ("multipart/; boundary=x", "x"),
        ("multipart/signed; boundary=x", "x"),
    ):
        mails.add("boundary", mail(multipart(boundary, parts), MIME, f"Content-Type: {kind}"))
    whole = multipart("x", parts)
    for cut in (len(whole) - 7, len(whole) // 2, 5):
        mails.add("cut", mail(whole[:cut].rstrip(b"\r\n") + b"\r\n", MIME, "Content-Type: multipart/mixed; boundary=x"))
    for more in ((), ("X-Last: the end",), (MIME, "Content-Type: text/plain"), ("X-Folded: a\r\n b",)):
        mails.add("header-only", header("letter @NAME@", *more))
    mails.add("no-author", b"To: bob@example.com\r\nSubject: @NAME@\r\n\r\nhello\r\n")
    mails.add("no-author", b"Subject: @NAME@\r\n\r\nhello\r\n")
    mails.add("no-header", b"\r\nonly a body\r\n")
    mails.add("empty", b"")
    for name in ("../../../../etc/cron.d/x", "n" * 300 + ".pdf", "a\tb.exe", "=?utf-16?B?ZmVm?="):
        mails.add("file-name", mail("AAAA\r\n", MIME, f'Content-Type: application/x; name="{name}"', f'Content-Disposition: attachment; filename="{name}"'))

    for body in ("a\rb\r\n", "\r\r\n", "a\r\r\nb\r\n", "a\r.\rb\r\n"):
        mails.add("lone-cr", mail(body))
    for line in ("This is no field", ": no name", "Two Words: value", "\x0c"):
        mails.add("no-field", mail("hello\r\n", line, "X-After: it"))
    for space in (" ", "\t"):
        mails.add("space-before-colon", mail("hello\r\n", f"X-Space{space}: value"))
    mails.add("mailbox-line", b"From alice Thu Nov 26 09:00:00 2026\r\n" + mail("hello\r\n"))
    mails.add("mailbox-line", b">From alice Thu Nov 26 09:00:00 2026\r\n" + mail("hello\r\n"))
    mails.add("fold-first", b" folded, but what?\r\n" + mail("hello\r\n"))
