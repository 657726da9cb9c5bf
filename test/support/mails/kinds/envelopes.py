"""Mails whose envelope counts: senders with case, many recipients, options of DSN, SMTPUTF8."""

from .text import header, mail


def add(mails):
    body = mail("hello\r\n")
    for sender in (
        "Anton.VERP+AbCdEf=Zz@sender.example",
        "SRS0+Ab3D=7T=other.example=Carol@sender.example",
        "SRS1=xYz=other.example==Q3rT=8S=third.example=Dave@sender.example",
        "prvs=1234ABCDef=Alice@sender.example",
        "Bounce-7-bob=example.com@Sender.Example",
        '"Quoted Name"@sender.example',
        '"c > d"@sender.example',
        "",
        "a" * 64 + "@sender.example",
        "o'neil+tag/slash=eq@sender.example",
    ):
        mails.add("sender", body, sender=sender)
    for recipients in (
        ("Bob@example.com", "carol+News@example.com", "DAVE@example.com"),
        ("Bob.Case+Ext=Zz@example.com",),
        ('"Quoted Name"@example.com',),
        ("bob@EXAMPLE.com",),
        (("bob@example.com", "NOTIFY=FAILURE,DELAY ORCPT=rfc822;First.Address@other.example"), "carol@example.com"),
        (("bob@example.com", "NOTIFY=FAILURE ORCPT=x400;/S+3DBob/O+3DExample/"),),
        tuple(f"User{number}@example.com" for number in range(12)),
    ):
        mails.add("recipients", body, recipients=recipients)
    mails.add("whole-returned", body.replace(b"hello", b"RET=FULL"))
    mails.listed[-1]["mail"] = mails.listed[-1]["mail"].replace("RET=HDRS", "RET=FULL")
    for number in range(3):
        utf8 = header("Grüße 日本" if number else "plain", frm="Jörg <jörg@sender.example>" if number else "Alice <alice@sender.example>")
        mails.add("smtputf8", utf8 + "\r\ntext é\r\n".encode(), options="SMTPUTF8", sender="alice@sender.example")
    address = "jörg@sender.example".encode().decode("latin-1")
    user = "bøb@example.com".encode().decode("latin-1")
    option = "ORCPT=utf-8;b\\x{F8}b@example.com NOTIFY=NEVER"
    mails.add("smtputf8-address", header(frm="Jörg <jörg@sender.example>") + b"\r\ntext\r\n", options="SMTPUTF8", sender=address)
    mails.add("smtputf8-address", header(frm="Jörg <jörg@sender.example>") + b"\r\ntext\r\n", options="SMTPUTF8", sender=address, recipients=((user, option),))
