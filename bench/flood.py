"""Sends mails of 2 KB at a rate, from each of some addresses in turn, and prints how many were taken.

usage: flood.py SERVER RECIPIENT MAILS PER_SECOND NAME ADDRESS…"""

import random
import socket
import sys
import threading
import time

WORDS = (
    "meeting report order invoice garden river winter summer house letter travel number please answer "
    "thanks regards morning evening project budget station bridge library music kitchen doctor school"
).split()
SENDERS = 20
server, recipient, mails, per_second, name, *addresses = sys.argv[1:]
mails, per_second = int(mails), float(per_second)
lock = threading.Lock()
number, taken, began = 0, 0, time.monotonic()


def body(index):
    chance = random.Random(index)
    lines = [" ".join(chance.choice(WORDS) for _ in range(10)) for _ in range(26)]
    subject = " ".join(chance.choice(WORDS) for _ in range(4))
    head = [
        f"From: Alice <alice{index}@sender.example>",
        f"To: {recipient}",
        f"Subject: {name}-{index} {subject}",
        f"Message-ID: <{name}.{index}@sender.example>",
        time.strftime("Date: %a, %d %b %Y %H:%M:%S +0000", time.gmtime()),
    ]
    return "\r\n".join([*head, "", *lines, ".", ""]).encode()


def say(file, wire, line):
    wire.sendall(line)
    while (reply := file.readline())[3:4] == b"-":
        pass
    return reply[:1]


def send(index):
    with socket.create_connection((server, 25), 60, (addresses[index % len(addresses)], 0)) as wire:
        file = wire.makefile("rb")
        # Whoever speaks before the last line of the greeting is refused.
        while file.readline()[3:4] == b"-":
            pass
        for line in (b"EHLO sender.example\r\n", b"MAIL FROM:<alice@sender.example>\r\n", f"RCPT TO:<{recipient}>\r\n".encode()):
            if say(file, wire, line) != b"2":
                return False
        return say(file, wire, b"DATA\r\n") == b"3" and say(file, wire, body(index)) == b"2"


def work():
    global number, taken
    while True:
        with lock:
            index, number = number, number + 1
        if index >= mails:
            return
        time.sleep(max(0.0, began + index / per_second - time.monotonic()))
        try:
            done = send(index)
        except OSError:
            done = False
        with lock:
            taken += done


threads = [threading.Thread(target=work) for _ in range(SENDERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(taken)
