"""What the watch of the primaries is told: its section of the configuration, and how it takes it."""

import hashlib
import ipaddress
import json
import os
import re
import time

import host

SECTION = "watch"
ORDER = 50

FILE = "/etc/backup-mx/watch.json"
UNIT = "backup-mx-watch.service"
# Seconds until a watch that was told of a new section has taken it, or hangs.
PATIENCE = 20

LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: what is all numbers would be read as an address.
NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
PRIMARY = re.compile(r"\[([^\[\]]+)\]:([1-9][0-9]{0,4})")
INTERVAL = re.compile(r"([0-9]{1,6})([sm])")
SHORTEST, LONGEST = 5, 600
NOWHERE = [
    ipaddress.ip_network(network)
    for network in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32")
    + ("::/128", "::1/128", "fe80::/10", "ff00::/8")
]


def check(section, configuration):
    if section is None:
        raise host.Refused("the section watch is missing")
    if not isinstance(section, dict) or section.keys() != {"interval", "domains"}:
        raise host.Refused("the section watch has other settings than interval and domains")
    interval(section)
    domains(section)


def take(section, configuration):
    text = json.dumps(section, indent=1) + "\n"
    host.write(FILE, text)
    # A watch that runs keeps what it knows: it is started anew only if it does not listen.
    if runs():
        if has_taken(text):
            return
        if host.succeeds("systemctl", "reload", UNIT) and comes_true(lambda: has_taken(text)):
            return
        host.say("the watch did not take its new section, and is started anew")
    host.run("systemctl", "restart", UNIT)
    if not has_taken(text):
        raise RuntimeError("the watch did not take its section: see journalctl -u backup-mx-watch")


def interval(section):
    """Seconds from one question to the next."""
    match = INTERVAL.fullmatch(required_text(section["interval"], "interval"))
    seconds = int(match[1]) * {"s": 1, "m": 60}[match[2]] if match else 0
    if not SHORTEST <= seconds <= LONGEST:
        raise host.Refused(f"the interval {quoted(section['interval'])} is not one from 5s to 10m")
    return seconds


def domains(section):
    """By name: whether its recipients are accepted while all primaries are down, and these."""
    if not isinstance(section["domains"], list):
        raise host.Refused("the domains of the watch are not a list")
    found = {}
    for line in section["domains"]:
        words = required_text(line, "domain").lower().split(" ")
        name, action, primaries = words[0], "".join(words[1:2]), words[2:]
        if not NAME.fullmatch(name) or action not in ("accept", "defer") or not primaries:
            raise host.Refused(f"the line {quoted(line)} is not a domain, accept or defer, and primaries")
        if name in found:
            raise host.Refused(f"the watch has the domain {quoted(name)} twice")
        for primary in primaries:
            address(primary)
        found[name] = (action == "accept", list(dict.fromkeys(primaries)))
    return found


def address(primary):
    """The host and the port of a primary."""
    match = PRIMARY.fullmatch(primary)
    if match is None or int(match[2]) > 65535 or not leads_out(match[1]):
        raise host.Refused(f"{quoted(primary)} is not a [name or address]:port of another host")
    return match[1], int(match[2])


def leads_out(name):
    """Whether it is the name of a host, or an address that is not this host's own or its cloud's."""
    if NAME.fullmatch(name):
        return name != "localhost" and not name.endswith(".localhost")
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return getattr(found, "scope_id", None) is None and not any(found in network for network in NOWHERE)


def required_text(value, what):
    if not isinstance(value, str):
        raise host.Refused(f"the {what} {quoted(value)} of the watch is not a text")
    return value


def quoted(value):
    return json.dumps(value)[:200]


def sum_of(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def runs():
    return host.succeeds("systemctl", "is-active", "--quiet", UNIT)


def has_taken(data):
    """Whether the watch says that this is its section."""
    try:
        with open(os.environ.get("RUNTIME_DIRECTORY", "/run/backup-mx-watch") + "/taken") as file:
            return file.read() == sum_of(data)
    except FileNotFoundError:
        return False


def comes_true(question):
    for _ in range(PATIENCE * 10):
        if question():
            return True
        time.sleep(0.1)
    return False
