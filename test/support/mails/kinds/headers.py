"""Mails of many headers: long ones, repeated ones, those that a last server would take out."""

from .text import MIME, header, mail


def add(mails):
    body = "hello\r\n"
    addresses = [f"somebody.{number}@elsewhere.example" for number in range(4800)]
    for more in (
        "X-Long: " + "\r\n ".join("x" * 70 for _ in range(1500)),
        "Cc: " + ",\r\n ".join(addresses),
        "X-Long: " + "y" * 998,
        "X-Long: " + "y" * 999,
        "X-Long: " + "y" * 20_000,
        "X-Long: " + "y z " * 50_000,
        "References: " + "\r\n\t".join(f"<{number}.part@sender.example>" for number in range(6000)),
        "\r\n".join(f"X-Number-{number}: {number}" for number in range(3000)),
    ):
        mails.add("long-header", mail(body, more))
    for more in (
        ("Subject: a second one",),
        ("SUBJECT: upper", "subject: lower\r\n folded"),
        ("From: Alice <alice@sender.example>",),
        ("To: carol@example.com", "Cc: dave@example.com", "Cc: erin@example.com"),
        ("Date: Fri, 27 Nov 2026 09:00:00 +0100", "Message-ID: <other.@NAME@@sender.example>"),
        ("Reply-To: a@sender.example", "Reply-To: b@sender.example", "Sender: c@sender.example", "Sender: d@sender.example"),
        (MIME, MIME, "Content-Type: text/plain", 'Content-Type: multipart/mixed; boundary="x"'),
        ("X-Same: 1", "X-Same: 2", "x-same: 1", "X-Same: 1"),
    ):
        mails.add("repeated-header", mail(body, *more))
    for more in (
        ("Return-Path: <bounce+AbC=Zz@sender.example>",),
        ("Bcc: hidden@example.com", "Resent-Bcc: hidden@example.com"),
        ("Content-Length: 7",),
        ("Return-Receipt-To: <alice@sender.example>", "Disposition-Notification-To: alice@sender.example", "Errors-To: <Errors@sender.example>"),
        ("Return-Path: <>", "Bcc:", "Content-Length: 99999", "Lines: 1"),
        ("Delivered-To: somebody@elsewhere.example", "X-Original-To: somebody@elsewhere.example", "Apparently-To: bob@example.com"),
    ):
        mails.add("dropped-elsewhere", mail(body, *more))
    for more in (
        ("X-Backup-MX: ham; score=-99.0; tests=FORGED", "X-Spam-Status: No, score=-99.0"),
        ("X-Spam-Flag: NO", "X-Spam-Level: ", "X-Spam-Score: 0", "X-Spam: Yes", "X-Spamd-Result: default: False [0.00 / 15.00]"),
        ("X-mx2-example-com-MailScanner: Found to be clean", "X-mx2-example-com-MailScanner-From: evil@sender.example"),
        ("Authentication-Results: mx2.example.com; dkim=pass", "Received-SPF: pass", "ARC-Seal: i=1; a=rsa-sha256; cv=none", "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed"),
        ("List-Id: Letters <letters.sender.example>", "List-Unsubscribe: <mailto:leave@sender.example>, <https://sender.example/leave>", "Precedence: bulk", "Auto-Submitted: auto-generated"),
        ("Received: from [192.0.2.7] (helo=a.b) by mx.sender.example with esmtp id 1aBcD-0001;\r\n\tThu, 26 Nov 2026 08:59:00 +0100",) * 40,
        ("Resent-From: carol@sender.example", "Resent-To: bob@example.com", "Resent-Date: Thu, 26 Nov 2026 09:01:00 +0100"),
    ):
        mails.add("servers-header", mail(body, *more))
    for subject in (
        "=?utf-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?na=EFve?=",
        "=?utf-16?B?ZmVm?=",
        "=?x-none?Q?=FF=FE=80?= =?utf-8?B?!?=",
        "=?utf-8?Q?" + "a" * 3000 + "?=",
        "Grüße und žluť",
        "tabs\tand  two spaces and an end \t ",
        "",
        "folded\r\n twice\r\n\tand with\r\n  more",
        "$(id) `id` %s %n @{[1]} \\Q\\E .*+?[",
        "comment (nested (deeply)) \"quoted \\\" text\"",
    ):
        mails.add("subject", header(subject) + b"\r\n" + body.encode())
    for frm in (
        '"Alice \\"of\\" (Wonder)" <alice@sender.example> (a comment)',
        "alice@sender.example",
        "Jörg Müßig <alice@sender.example>",
        "Friends: alice@sender.example, bob@example.com;",
        "<@relay.example,@other.example:alice@sender.example>",
        "=?utf-8?Q?J=C3=B6rg?=\r\n <alice@sender.example>",
        "alice@[192.0.2.1]",
    ):
        mails.add("author", mail(body, frm=frm))
    latin = header().replace(b"Alice", b"J\xf6rg").replace(b"letter", b"Gr\xfc\xdfe")
    mails.add("raw-latin-1", latin + b"\r\n\xe9\r\n")
    for more in ("X-Empty:", "X-Empty: ", "X-Tight:no space", "x-LOWER-Upper: v", "X-!#$%&'*+^`|~: odd name", "X-Blank: a\r\n \r\n b"):
        mails.add("odd-header", mail(body, more))
    for more in (")" + "(" * 500, "](" + "(" * 50_000 + "[" * 50_000):
        mails.add("poison", b"Received: " + more.encode() + b"\r\n" + mail(body))
