"""The sections of a configuration, and the parts of this host that take them into use."""

import glob
import importlib.util
import os
import re

import host

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parts")
TARGETS = "/etc/systemd/system/backup-mx@*.target.wants"
# The parts with packages of their own, which an instance has for all its life, or never.
INSTALLED = ("certificate", "clamav", "mailscanner", "resolver", "rspamd")
# What a configuration says of itself.
HEAD = ("hostname", "version")


def parts():
    """The parts of this host, in the order in which they are taken."""
    paths = glob.glob(os.path.join(FOLDER, "*.py"))
    return sorted((_load(path) for path in paths), key=lambda part: part.ORDER)


def _load(path):
    name = os.path.basename(path)[: -len(".py")]
    spec = importlib.util.spec_from_file_location(f"backup_mx_parts.{name}", path)
    part = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(part)
    return part


def targets():
    """The sections that have units of systemd, which run while the section is there."""
    return [re.search(r"backup-mx@(.*)\.target\.wants$", path)[1] for path in glob.glob(TARGETS)]


def check(configuration):
    """Refuses what is not for this host, or what its parts cannot take. Changes nothing."""
    found = parts()
    known = {part.SECTION for part in found} | set(targets())
    for name, section in configuration.items():
        if name in HEAD:
            continue
        if name not in known:
            raise host.Refused(f"has a section {name!r:.60} that this host does not know")
        if not isinstance(section, dict):
            raise host.Refused(f"has a section {name} that is not an object")
    # What was installed is used: nothing that guards the mail is switched off from outside.
    installed = host.host().get("parts", [])
    for name in INSTALLED:
        if name in installed and name not in configuration:
            raise host.Refused(f"has no section {name}, whose packages this host has")
    for part in found:
        part.check(configuration.get(part.SECTION), configuration)


def _differing(configuration, before):
    return [
        part
        for part in parts()
        if before is None or configuration.get(part.SECTION) != before.get(part.SECTION)
    ]


def take(configuration, before):
    """Puts in place what differs from the configuration before; without one, everything."""
    for part in _differing(configuration, before):
        part.take(configuration.get(part.SECTION), configuration)
    run_units(configuration)


def run_units(configuration):
    """Starts the units of the sections that are there, and stops all others. Without waiting for
    them: at boot some may wait for who calls this."""
    for name in sorted(targets()):
        verb = "start" if name in configuration else "stop"
        host.run("systemctl", verb, "--no-block", f"backup-mx@{name}.target")


def keep(configuration, before):
    """Makes final what was taken."""
    for part in _differing(configuration, before):
        if hasattr(part, "keep"):
            part.keep(configuration.get(part.SECTION), configuration)
