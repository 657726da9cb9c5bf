"""Scanners that do what a mail asks of them: to hang, to end, to lie. And what restarts them, as on a
host systemd does.   guests.py SLOTS"""

import json
import os
import re
import signal
import socket
import sys
import time

FOLDER = "/run/backup-mx-mailscanner"
RESTART = "/run/backup-mx-restart.sock"
HAM = {"verdict": "ham", "score": 0.1, "rules": ["ALL_TRUSTED"], "reason": ""}
SAID = {
    "ham": HAM,
    "spam": {**HAM, "verdict": "spam", "score": 6.5, "rules": ["BAYES_99", "URIBL_BLACK"]},
    "high": {**HAM, "verdict": "high spam", "score": 22, "rules": ["GTUBE"]},
    "unsure": {**HAM, "verdict": "not analysed", "reason": "SpamAssassin timed out"},
    "forged": {**HAM, "score": "1\r\nFrom: ceo@example.com\r\n\r\nbody"},
    "rule": {**HAM, "rules": ["A\r\nFrom: ceo@example.com"]},
    "reason": {**HAM, "reason": "a\r\nFrom: ceo@example.com"},
    "foreign": {**HAM, "verdict": "delete everything"},
    "huge": {**HAM, "score": 1e300},
    "digits": {**HAM, "score": 10**400},
    "list": {**HAM, "verdict": ["ham"]},
    "blank": {**HAM, "reason": " " * 200},
    "virus": {**HAM, "verdict": "virus"},
    "other": {**HAM, "queue_id": "another"},
}


def listening(path):
    if os.path.exists(path):
        os.unlink(path)
    found = socket.socket(socket.AF_UNIX)
    found.bind(path)
    os.chmod(path, 0o666)
    found.listen(64)
    return found


def request(wire):
    file = wire.makefile("rb")
    first = file.readline()
    length, head = 0, []
    while (line := file.readline().strip()):
        head.append(line.decode("latin-1"))
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return first, head, file.read(length)


def reply(wire, status, body):
    wire.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


def serve(server, number):
    log = open(f"{FOLDER}/{number}.log", "a")
    while True:
        wire, _ = server.accept()
        first, head, mail = request(wire)
        if first.startswith(b"GET"):
            reply(wire, 503 if os.path.exists(f"{FOLDER}/closed") else 200, b"")
            wire.close()
            continue
        found = re.search(rb"^X-Mood: (\S+)", mail, re.M)
        mood = found[1].decode() if found else "ham"
        print(json.dumps({"head": head, "size": len(mail), "mood": mood, "time": time.time()}), file=log, flush=True)
        name, _, value = mood.partition("=")
        if name == "hang":
            while True:
                time.sleep(3600)
        elif name == "loop":
            while True:
                pass
        elif name == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif name == "slow":
            time.sleep(float(value))
            reply(wire, 200, json.dumps(HAM).encode())
        elif name == "close":
            pass
        elif name == "empty":
            reply(wire, 200, b"")
        elif name == "error":
            reply(wire, 500, b"")
        elif name == "deep":
            reply(wire, 200, b"[" * 200_000)
        elif name == "long":
            reply(wire, 200, b" " * 5_000_000)
        elif name == "endless":
            wire.sendall(b"HTTP/1.1 200 X\r\n")
            try:
                while True:
                    wire.sendall(b"X-A: b\r\n")
            except OSError:
                pass
        elif name == "drip":
            wire.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
            try:
                while True:
                    wire.sendall(b" ")
                    time.sleep(0.5)
            except OSError:
                pass
        elif name == "half":
            wire.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n{")
        elif name == "busy":
            reply(wire, 503, b"")
        elif name == "smtp":
            wire.sendall(b"250 ok\r\n")
        else:
            reply(wire, 200, json.dumps(SAID[name]).encode())
        wire.close()


def start(server, number):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            serve(server, number)
        finally:
            os._exit(1)
    return child


def main(slots):
    os.makedirs(FOLDER, exist_ok=True)
    os.chmod(FOLDER, 0o755)
    servers = {n: listening(f"{FOLDER}/{n}.sock") for n in range(1, slots + 1)}
    children = {n: start(server, n) for n, server in servers.items()}
    restarts = listening(RESTART)
    restarts.settimeout(0.2)

    def end(*_):
        for child in children.values():
            os.kill(child, signal.SIGKILL)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print("ready", flush=True)
    log = open(f"{FOLDER}/restarts.log", "a")
    while True:
        # One that has ended is started again.
        while True:
            try:
                dead, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if dead == 0:
                break
            for n, child in children.items():
                if child == dead:
                    children[n] = start(servers[n], n)
        try:
            wire, _ = restarts.accept()
        except TimeoutError:
            continue
        wire.settimeout(10)
        words = wire.makefile("r").readline().split()
        print(" ".join(words), file=log, flush=True)
        number = int(words[1])
        os.kill(children[number], signal.SIGKILL)
        os.waitpid(children[number], 0)
        children[number] = start(servers[number], number)
        wire.sendall(b"done\n")
        wire.close()


main(int(sys.argv[1]))
