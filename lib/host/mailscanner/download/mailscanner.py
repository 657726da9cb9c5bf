"""The package of MailScanner, which Debian does not have, and what has to be set in its own files.
What the props say is in a file of its own: see the part of the scanner."""

import re

import host
import packages

ETC = "/etc/MailScanner"


def install(package):
    # Made by the package it would be a group for people, with the number of the first of them.
    if not host.succeeds("getent", "group", "mtagroup"):
        host.run("groupadd", "--system", "mtagroup")
    packages.install(package)


def prepare():
    hostname = host.host()["hostname"]
    # It is part of header names, which hold no dot.
    organization = hostname.replace(".", "-")
    # Nothing runs but the slots: not the units of the package, and not what its cron jobs start.
    for name in ("mailscanner", "msmilter"):
        host.run("systemctl", "mask", "--quiet", "--now", f"{name}.service")
    set_lines(f"{ETC}/defaults", "run_mailscanner=0", "ms_cron_check=0", "ms_cron_sa=0", "ms_cron_ps=0")
    # These three have no effect in conf.d.
    set_lines(
        f"{ETC}/MailScanner.conf",
        f"%org-name% = {organization}",
        f"%org-long-name% = {hostname}",
        f"%web-site% = {hostname}",
    )
    set_lines(f"{ETC}/spamassassin.conf", f"envelope_sender_header X-{organization}-MailScanner-From")
    host.run("ln", "--symbolic", "--force", f"{ETC}/spamassassin.conf", "/etc/spamassassin/MailScanner.cf")
    # It learns nothing: strangers would teach it, and each slot another lesson. Of a text it reads four
    # times as much as it would; beyond that, Verdict.pm says that the mail was not analysed.
    host.write(
        "/etc/spamassassin/backup-mx.cf",
        "use_bayes 0\nbody_part_scan_size 200000\nrawbody_part_scan_size 500000\n",
    )
    # New rules, as Debian's own user.
    host.run("systemctl", "enable", "--quiet", "--now", "spamassassin-maintenance.timer")


def set_lines(path, *lines):
    """Puts each line in the place of the one that begins with the same name."""
    with open(path) as file:
        text = file.read()
    for line in lines:
        name = re.match(r"[\w%-]+", line)[0]
        text = re.sub(rf"^{name}[ =].*", line, text, flags=re.MULTILINE)
    host.write(path, text)
