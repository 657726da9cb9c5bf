"""A judge that thinks nothing: LMTP by a unix socket in, SMTP by the unix socket of hop 2 out, an
answer for each recipient. It writes down what it was given. What it does with a mail stands in the
file "mood": pass it on, defer it, wait with it until it may pass, or refuse one recipient for good."""

import json
import os
import socket
import socketserver
import sys
import time

FOLDER = "/run/backup-mx-judge"
HOP2 = "/var/spool/postfix/public/judged"
GREETING = b"""250-judge
250-PIPELINING
250-8BITMIME
250-SMTPUTF8
250-DSN
250-ENHANCEDSTATUSCODES
250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"""
MARK = b"X-Spam-Status: No, score=0.0\r\n"


def mood():
    with open(f"{FOLDER}/mood") as file:
        return file.read().strip()


def ask(stream, command=None):
    """The last line of the reply, in SMTP, to a command or a greeting."""
    if command:
        stream.write(command + b"\r\n")
        stream.flush()
    while (line := stream.readline())[3:4] == b"-":
        pass
    return line.rstrip(b"\r\n")


class Session(socketserver.StreamRequestHandler):
    def say(self, *lines):
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def handle(self):
        self.say(b"220 judge LMTP")
        xforward, mail, recipients = [], b"", []
        while line := self.rfile.readline().rstrip(b"\r\n"):
            verb = line.split()[0].upper()
            if verb == b"LHLO":
                self.say(*GREETING.split(b"\n"))
            elif verb == b"DATA":
                self.say(b"354 go")
                text = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    text.append(part)
                self.say(*self.answers(xforward, mail, recipients, text))
            elif verb == b"QUIT":
                return self.say(b"221 bye")
            else:
                if verb == b"XFORWARD":
                    xforward.append(line)
                elif verb == b"MAIL":
                    mail, recipients = line, []
                elif verb == b"RCPT":
                    recipients.append(line)
                self.say(b"250 ok")

    def answers(self, xforward, mail, recipients, text):
        words = {"xforward": xforward, "mail": [mail], "recipients": recipients, "text": text}
        with open(f"{FOLDER}/given", "a") as file:
            print(json.dumps({name: [w.decode("latin-1") for w in ws] for name, ws in words.items()}), file=file)
        while (now := mood()) == "wait":
            time.sleep(0.1)
        if now == "defer":
            return [b"451 4.3.0 not now" for _ in recipients]
        with socket.socket(socket.AF_UNIX) as hop2:
            hop2.connect(HOP2)
            with hop2.makefile("rwb") as stream:
                for command in (None, b"EHLO judge", *xforward):
                    ask(stream, command)
                sender = ask(stream, mail)
                refused = now.removeprefix("refuse ").encode()
                said = [
                    b"550 5.1.1 no" if refused in r else sender if sender[:1] != b"2" else ask(stream, r)
                    for r in recipients
                ]
                if any(answer[:1] == b"2" for answer in said):
                    ask(stream, b"DATA")
                    end = ask(stream, MARK + b"".join(text) + b".")
                    said = [end if answer[:1] == b"2" else answer for answer in said]
        return said


class Judge(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 100


os.makedirs(FOLDER, exist_ok=True)
with open(f"{FOLDER}/mood", "w") as file:
    file.write(sys.argv[1] if len(sys.argv) > 1 else "pass")
if os.path.exists(f"{FOLDER}/lmtp"):
    os.unlink(f"{FOLDER}/lmtp")
with Judge(f"{FOLDER}/lmtp", Session) as judge:
    os.chmod(f"{FOLDER}/lmtp", 0o666)
    for digit in "0123456789abcdef":
        if not os.path.lexists(f"{FOLDER}/lmtp-{digit}"):
            os.symlink(f"{FOLDER}/lmtp", f"{FOLDER}/lmtp-{digit}")
    print("listens", flush=True)
    judge.serve_forever()
