"""Hands a mail to the judge as Postfix does.   lmtp.py IDENT RECIPIENT MOOD SECONDS

Prints the answer at the end of the mail, or hangs up after so many seconds."""

import socket
import sys

ident, recipient, mood, seconds = sys.argv[1:]
MAIL = f"X-Mood: {mood}\r\nSubject: by hand\r\n\r\ntext\r\n.\r\n"

with socket.socket(socket.AF_UNIX) as wire:
    wire.connect("/run/backup-mx-judge/lmtp")
    file = wire.makefile("rwb")

    def ask(line):
        if line:
            file.write(line.encode() + b"\r\n")
            file.flush()
        while (said := file.readline())[3:4] == b"-":
            pass
        return said.decode().strip()

    for line in ("", "LHLO x", f"XFORWARD NAME=a ADDR=192.0.2.100 IDENT={ident}", "MAIL FROM:<>", f"RCPT TO:<{recipient}>", "DATA"):
        ask(line)
    wire.settimeout(float(seconds))
    try:
        print(ask(MAIL[:-2]))
    except TimeoutError:
        print("hung up")
