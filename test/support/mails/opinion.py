"""Asks the scanners of a host directly, without the judge.   opinion.py rspamd|MailScanner MAIL…

Each MAIL is in base64. Prints a list of {"virus": "" | its name, "score", "word"}."""

import base64
import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

# As the judge names what rspamd would do.
WORDS = {"no action": "ham", "greylist": "ham", "add header": "spam", "rewrite subject": "spam", "reject": "high spam"}
ENVELOPE = {
    "From": "alice@sender.example",
    "Rcpt": "bob@example.com",
    "IP": "198.51.100.80",
    "Helo": "sender.example",
    "Queue-Id": "direct",
    "Connection": "close",
}
CLAMD = "/run/clamav/clamd.ctl"


def door(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(120)
    connection.connect(path)
    return connection


class Rspamd(http.client.HTTPConnection):
    def connect(self):
        self.sock = door("/run/rspamd/worker.sock")


def rspamd(mails):
    for mail in mails:
        connection = Rspamd("rspamd")
        connection.request("POST", "/checkv2", mail, ENVELOPE)
        said = json.loads(connection.getresponse().read())
        yield {"score": round(said["score"], 1), "word": WORDS[said["action"]]}


def spamassassin(mails):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        paths = [f"{folder}/{number}" for number in range(len(mails))]
        for path, mail in zip(paths, mails):
            with open(path, "wb") as file:
                file.write(mail.replace(b"\r\n", b"\n"))
        command = ["runuser", "-u", "backup-mx-scanner", "--", "env", "HOME=/tmp", "spamassassin", "-t", *paths]
        said = subprocess.run(command, capture_output=True, check=True).stdout
    scores = [float(score) for score in re.findall(rb"(?m)^X-Spam-Status: (?:Yes|No), score=(-?[0-9.]+) ", said)]
    assert len(scores) == len(mails), said[-2000:]
    for score in scores:
        yield {"score": score, "word": "high spam" if score >= 10 else "spam" if score >= 6 else "ham"}


def virus(mail):
    if not os.path.exists(CLAMD):
        return ""
    with door(CLAMD) as connection:
        connection.sendall(b"zINSTREAM\0" + struct.pack(">I", len(mail)) + mail + struct.pack(">I", 0))
        said = connection.recv(4096).decode().rstrip("\0")
    return "" if said == "stream: OK" else said.removeprefix("stream: ").removesuffix(" FOUND")


def main():
    mails = [base64.b64decode(mail) for mail in sys.argv[2:]]
    opinions = {"rspamd": rspamd, "MailScanner": spamassassin}[sys.argv[1]](mails)
    print(json.dumps([{"virus": virus(mail), **said} for mail, said in zip(mails, opinions)]))


main()
