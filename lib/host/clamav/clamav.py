"""ClamAV as a guest, which the judge asks about viruses, and freshclam, which fetches its
signatures."""

import glob
import os
import socket
import time

import host

SECTION = "clamav"
ORDER = 38

PROGRAM = "/usr/sbin/clamd"
UNIT = "clamav-daemon.service"
# Postfix starts it, as soon as it was seen to work.
WANTED = f"/etc/systemd/system/postfix.service.wants/{UNIT}"
SOCKET = "/run/clamav/clamd.ctl"
SIGNATURES = "/var/lib/clamav"
# They are some hundred megabytes.
FETCH_SECONDS, START_SECONDS = 600, 180


def check(section, configuration):
    if section is None:
        return
    if not os.path.exists(PROGRAM):
        raise host.Refused("asks for ClamAV, which this host does not have")
    if section:
        raise host.Refused("has settings for ClamAV, which takes none")


def take(section, configuration):
    # There is nothing to change; and at boot it starts by itself.
    if section is None or os.path.exists(WANTED):
        return
    # clamd does not start without signatures, and freshclam fetches them in the background.
    host.run("systemctl", "enable", "--quiet", "--now", "clamav-freshclam")
    for name in ("main", "daily"):
        if not wait_for(FETCH_SECONDS, glob.glob, f"{SIGNATURES}/{name}.c[lv]d"):
            raise RuntimeError("the virus signatures did not arrive")
    host.run("systemctl", "restart", "clamav-daemon.socket", UNIT)
    if not wait_for(START_SECONDS, answers):
        raise RuntimeError(f"clamd does not answer: see journalctl -u {UNIT}")
    host.run("systemctl", "add-wants", "--quiet", "postfix.service", UNIT)


def answers():
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(START_SECONDS)
        try:
            door.connect(SOCKET)
            door.sendall(b"zPING\0")
            return door.recv(16) == b"PONG\0"
        except OSError:
            return False


def wait_for(seconds, condition, *arguments):
    deadline = time.monotonic() + seconds
    while not condition(*arguments):
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True
