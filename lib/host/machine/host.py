"""What the programs of this host share: what the instance is, what it is told, and how it speaks."""

import json
import os
import re
import socket
import subprocess
import sys
import syslog
import time

HOST = "/etc/backup-mx/host.json"
CONFIGURATION = "/etc/backup-mx/configuration.json"
# Postfix starts only where this file is.
CONFIGURED = "/var/lib/backup-mx/configured"
# Mail is refused for now, because the postmaster wants it so.
DRAINED = "/var/lib/backup-mx/drained"
# Where Postfix takes mail that need not be judged.
HOP2 = "/var/spool/postfix/public/judged"
LETTER_SECONDS = 30


class Refused(Exception):
    """Something is not as it must be, and time does not heal it. The message is one sentence."""


def read(path):
    with open(path) as file:
        return json.load(file)


def host():
    """What this instance is. It never changes."""
    return read(HOST)


def configuration():
    """What is live, as the props said it."""
    return read(CONFIGURATION)


def write(path, text, mode=0o644):
    """Replaces a file as a whole, if it differs. Returns whether it did."""
    data = text if isinstance(text, bytes) else text.encode()
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return False
    except FileNotFoundError:
        pass
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = f"{path}.new"
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(new, path)
        sync(os.path.dirname(path))
    except OSError:
        if os.path.exists(new):
            os.unlink(new)
        raise
    return True


def sync(folder):
    """Puts the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path):
    """Removes a file, if it is there. Returns whether it was."""
    try:
        os.unlink(path)
        return True
    except FileNotFoundError:
        return False


def run(*command, **options):
    """Runs a program to its end, which has to be a good one, and returns what it printed."""
    silent = {} if "input" in options else {"stdin": subprocess.DEVNULL}
    options = {"stderr": subprocess.STDOUT, **silent, **options}
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout.strip() or done.returncode}")
    return done.stdout


def succeeds(*command):
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def say(text, level=syslog.LOG_INFO):
    """Tells the log of mail, and whoever reads the console."""
    if "JOURNAL_STREAM" in os.environ:
        # The unit says as whom it speaks, and of what.
        print(f"<{level}>{text}", file=sys.stderr, flush=True)
    else:
        print(f"backup-mx: {text}", file=sys.stderr, flush=True)
        syslog.openlog("backup-mx", 0, syslog.LOG_MAIL)
        syslog.syslog(level, text)


def age(seconds):
    """A time in words."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} seconds"


def letter(subject, text):
    """Writes to the postmaster, if Postfix can take it: past the judge, of which it may tell, or by
    sendmail."""
    mail = f"To: root\nSubject: backup MX: {subject}\n\n{text}\n"
    name = host()["hostname"]
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    head = (
        f"From: root@{name}\nDate: {date}\nMessage-ID: <{time.time_ns()}.{os.getpid()}@{name}>\n"
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
    )
    try:
        return hand_over(f"root@{name}", f"root@{name}", head + mail)
    except (OSError, ValueError) as error:
        say(f"a letter goes by sendmail: {error}")
    try:
        subprocess.run(["/usr/sbin/sendmail", "-i", "root"], input=mail, text=True, timeout=LETTER_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"no letter could be written: {error}", syslog.LOG_ERR)


def hand_over(sender, recipient, mail):
    """Gives a mail of this host to the service behind the judge, which adds no header of its own.
    Raises OSError where Postfix does not take it."""
    lines = [re.sub(r"^\.", "..", line) for line in mail.rstrip("\n").split("\n")]
    commands = (
        None,
        f"EHLO {host()['hostname']}",
        f"MAIL FROM:<{sender}> BODY=8BITMIME",
        f"RCPT TO:<{recipient}>",
        "DATA",
        "\r\n".join((*lines, ".")),
    )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LETTER_SECONDS)
        connection.connect(HOP2)
        with connection.makefile("rwb") as stream:
            for command in commands:
                if command:
                    stream.write(command.encode(errors="replace") + b"\r\n")
                    stream.flush()
                while (reply := stream.readline(1000))[3:4] == b"-":
                    pass
                if reply[:1] not in (b"2", b"3"):
                    raise OSError(f"Postfix said {reply!r}")
