"""What the judge is told. It is on every host: mail may wait for it from a time when there was a
scanner."""

import json
import os
import pwd
import sys

import host

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from judge import settings

USER = "backup-mx-judge"
FOLDERS = ("/var/spool/backup-mx/judge", "/var/spool/backup-mx/quarantine")

SECTION = "judge"
ORDER = 42


def check(section, configuration):
    if section is None:
        raise host.Refused("has no section judge")
    problem = settings.problem(section)
    if problem:
        raise host.Refused(problem)
    for scanner in ("mailscanner", "rspamd"):
        if (section["scanner"] == scanner) != (scanner in configuration):
            raise host.Refused(f"is not clear about whether {scanner} judges")
    if section["clamAv"] != ("clamav" in configuration):
        raise host.Refused("is not clear about whether ClamAV looks for viruses")


def take(section, configuration):
    own_folders()
    text = json.dumps(section, indent=1) + "\n"
    is_new = host.write(settings.PATH, text)
    host.run("systemctl", "enable", "--quiet", "--now", "backup-mx-judge.socket")
    if is_new or not host.succeeds("systemctl", "is-active", "--quiet", "backup-mx-judge"):
        # What it has in hand stays in the queue, and is tried again at once.
        host.run("systemctl", "enable", "--quiet", "backup-mx-judge")
        host.run("systemctl", "restart", "--no-block", "backup-mx-judge")


def own_folders():
    """Makes them the judge's own: they may come from an instance where it had another number."""
    number = pwd.getpwnam(USER).pw_uid
    for folder in FOLDERS:
        os.makedirs(folder, 0o700, exist_ok=True)
        if os.lstat(folder).st_uid != number:
            host.run("chown", "--recursive", "--no-dereference", f"{USER}:{USER}", folder)
