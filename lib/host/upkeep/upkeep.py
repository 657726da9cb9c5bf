"""When the host restarts, should a security update need it."""

import re

import host

SECTION = "upkeep"
ORDER = 10

APT = "/etc/apt/apt.conf.d/60backup-mx"
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def check(section, configuration):
    time = (section or {}).get("restartTime")
    if not isinstance(time, str) or not TIME.fullmatch(time):
        raise host.Refused(f"has no time of day as the restart time of its upkeep, but {time!r:.60}")


def take(section, configuration):
    host.write(
        APT,
        f"""\
// Security updates every day, a restart only when one needs it.
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "{section['restartTime']}";
""",
    )
