"""The package of MailScanner, which Debian does not have, and what has to be set in its own files.
What the props say is in a file of its own: see the part of the scanner."""

import os
import re

import host
import packages

ETC = "/etc/MailScanner"
SPOOL = "/var/spool/MailScanner"


def install(package):
    # Made by the package it would be a group for people, with the number of the first of them.
    if not host.succeeds("getent", "group", "mtagroup"):
        host.run("groupadd", "--system", "mtagroup")
    packages.install(package)


def prepare():
    hostname = host.host()["hostname"]
    # It is part of header names, which hold no dot.
    organization = hostname.replace(".", "-")
    host.run("usermod", "--append", "--groups", "mtagroup", "postfix")
    # What a scanner before this one had unpacked; its mails are still in the queue.
    host.run("rm", "--recursive", "--force", f"{SPOOL}/incoming")
    folder("incoming", "postfix:mtagroup", 0o770)
    folder("quarantine", "postfix:postfix", 0o700)
    folder("spamassassin", "postfix:postfix", 0o700)
    # These three have no effect in conf.d.
    set_lines(
        f"{ETC}/MailScanner.conf",
        f"%org-name% = {organization}",
        f"%org-long-name% = {hostname}",
        f"%web-site% = {hostname}",
    )
    set_lines(f"{ETC}/spamassassin.conf", f"envelope_sender_header X-{organization}-MailScanner-From")
    # systemd starts and restarts it; the package's cron jobs would do so behind its back.
    set_lines(f"{ETC}/defaults", "run_mailscanner=1", "ms_cron_check=0", "ms_cron_sa=0", "ms_cron_ps=0")
    host.run("ln", "--symbolic", "--force", f"{ETC}/spamassassin.conf", "/etc/spamassassin/MailScanner.cf")
    host.run("systemctl", "enable", "--quiet", "spamassassin-maintenance.timer")


def folder(name, owner, mode):
    path = f"{SPOOL}/{name}"
    os.makedirs(path, exist_ok=True)
    host.run("chown", "--recursive", owner, path)
    os.chmod(path, mode)


def set_lines(path, *lines):
    """Puts each line in the place of the one that begins with the same name."""
    with open(path) as file:
        text = file.read()
    for line in lines:
        name = re.match(r"[\w%-]+", line)[0]
        text = re.sub(rf"^{name}[ =].*", line, text, flags=re.MULTILINE)
    host.write(path, text)
