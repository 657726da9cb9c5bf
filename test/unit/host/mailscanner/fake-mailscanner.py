#!/usr/bin/python3
"""Plays MailScanner for the guest program of a slot: a master with a child, which asks for mail as
Verdict.pm does. What the child does with a mail, the mail's last line says."""

import json
import os
import socket
import sys
import time

SPOOL = os.environ["FAKE_SPOOL"]


def child():
    guest = socket.socket(socket.AF_UNIX)
    guest.connect(f"{SPOOL}/guest")
    while True:
        guest.sendall(b"waits\n")
        name = guest.recv(100).decode().strip()
        with open(f"{SPOOL}/milterin/{name}", encoding="latin-1") as file:
            copy = file.read()
        what = copy.rstrip().rpartition("\n")[2]
        if what == "die":
            # What it has started lives on, with the connection.
            if os.fork() == 0:
                time.sleep(3600)
            os._exit(1)
        if what == "end":
            os.kill(os.getppid(), 9)
            time.sleep(3600)
        if what == "slow":
            time.sleep(1)
        if what != "drop":
            os.unlink(f"{SPOOL}/milterin/{name}")
            guest.sendall(json.dumps({"verdict": "ham", "name": name, "copy": copy}).encode() + b"\n")


time.sleep(float(os.environ.get("FAKE_PAUSE", 0)))
if os.fork() == 0:
    child()
os.wait()
time.sleep(3600)
