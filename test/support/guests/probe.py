"""Tries what somebody would who has taken a guest over. Prints what worked, as JSON: a list."""

import json
import os
import socket
import subprocess
import sys

SERVERS = [tuple(server.split(" ")) for server in sys.argv[1].split(",")]
FOLDERS = [
    *["/var/spool/postfix", "/var/spool/postfix/incoming", "/var/spool/postfix/public"],
    *["/var/spool/backup-mx", "/var/lib/postfix", "/etc/postfix", "/etc/backup-mx", "/run/backup-mx"],
    *["/var/log/journal", "/home", "/root"],
]
SOCKETS = [
    *["/run/backup-mx-restart.sock", "/var/spool/postfix/public/pickup", "/run/rspamd/worker.sock"],
    *["/run/clamav/clamd.ctl", "/run/dbus/system_bus_socket", "/run/systemd/private"],
    "/run/systemd/journal/dev-log",
]
# What it may read, it may not write.
FILES = [
    *["/usr/local/sbin/x", "/etc/x", "/var/x", "/var/lib/clamav/x", "/var/cache/backup-mx-rspamd/x"],
    *["/run/x", "/srv/x", "/dev/x", "/sys/fs/cgroup/x"],
]


def connect(host, port):
    with socket.create_connection((host, int(port)), timeout=5):
        pass


def ask(host):
    """Any answer of a name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        question.settimeout(5)
        question.connect((host, 53))
        question.send(bytes.fromhex("0001 0100 0001 0000 0000 0000 00 0002 0001"))
        question.recv(512)


def speak(path):
    kind = socket.SOCK_DGRAM if path.endswith("log") else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as door:
        door.settimeout(5)
        door.connect(path)


def write(path):
    with open(path, "w"):
        pass
    os.unlink(path)


def send():
    mail = "Subject: x\n\nx\n"
    done = subprocess.run(["/usr/sbin/sendmail", "stranger@elsewhere.example"], input=mail, text=True, timeout=20)
    if done.returncode != 0:
        raise OSError


def see_others():
    for name in os.listdir("/proc"):
        if name.isdigit() and os.stat(f"/proc/{name}").st_uid != os.getuid():
            return
    raise OSError


def become_root():
    os.setuid(0)


ATTEMPTS = {
    **{f"{host} {port}": (connect, host, port) for host, port in SERVERS},
    **{f"name server {host}": (ask, host) for host in sys.argv[2].split(",")},
    **{f"folder {path}": (os.listdir, path) for path in FOLDERS},
    **{f"socket {path}": (speak, path) for path in SOCKETS},
    **{f"file {path}": (write, path) for path in FILES},
    "sendmail": (send,),
    "processes of others": (see_others,),
    "root": (become_root,),
}
worked = []
for name, (action, *arguments) in ATTEMPTS.items():
    try:
        action(*arguments)
        worked.append(name)
    except (OSError, subprocess.TimeoutExpired):
        pass
print(json.dumps(worked))
