"""Asks a guest as the judge does: `rspamd TEXT` and `clamav TEXT` print a verdict, `restart LINE` an answer."""

import http.client
import json
import socket
import struct
import sys


def door(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(600)
    connection.connect(path)
    return connection


class Rspamd(http.client.HTTPConnection):
    def connect(self):
        self.sock = door("/run/rspamd/worker.sock")


def rspamd(text):
    mail = f"From: alice@sender.example\r\nTo: bob@example.com\r\nSubject: {text[:20]}\r\n\r\n{text}\r\n"
    headers = {
        "Connection": "close",
        "From": "alice@sender.example",
        "Rcpt": "bob@example.com",
        "IP": "198.51.100.80",
        "Helo": "sender.example",
        "Hostname": "mx2.example.com",
        "Queue-Id": "copy1",
    }
    connection = Rspamd("rspamd")
    connection.request("POST", "/checkv2", mail, headers)
    answer = connection.getresponse()
    verdict = json.loads(answer.read())
    return f"{answer.status} {verdict['action']}"


def clamav(text):
    data = text.encode()
    with door("/run/clamav/clamd.ctl") as connection:
        connection.sendall(b"zINSTREAM\0" + struct.pack(">I", len(data)) + data + struct.pack(">I", 0))
        return connection.recv(4096).decode().rstrip("\0")


def restart(line):
    with door("/run/backup-mx-restart.sock") as connection:
        connection.sendall(f"{line}\n".encode())
        return connection.makefile().read().rstrip("\n")


print({"rspamd": rspamd, "clamav": clamav, "restart": restart}[sys.argv[1]](sys.argv[2]))
