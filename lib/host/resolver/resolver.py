"""The resolver of the host, unbound. Without this section the host asks that of the network; a
running host cannot go from one to the other, for their packages differ."""

import ipaddress
import os
import re
import socket

import host

SECTION = "resolver"
ORDER = 20

UNBOUND = "/etc/unbound/unbound.conf.d/backup-mx.conf"
RESOLV = "/etc/resolv.conf"
OWN_RESOLVER = "nameserver 127.0.0.1\noptions trust-ad\n"
DHCLIENT_HOOKS = "/etc/dhcp/dhclient-enter-hooks.d"
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(\.{LABEL})*", re.IGNORECASE | re.ASCII)
# Who serves the root? The question asks for authenticity.
ROOT = bytes.fromhex("0001 0120 0001 0000 0000 0000 00 0002 0001")
# Of the answer, the fourth byte must say: recursion, authentic, no error.
VALIDATED = 0xA0


def check(section, configuration):
    if section is None:
        return
    if not os.path.isdir(os.path.dirname(UNBOUND)):
        raise host.Refused("asks for a resolver of its own, which this host does not have")
    if set(section) != {"privateZones", "privateResolver"} or not isinstance(section["privateZones"], list):
        raise host.Refused("has a resolver without privateZones and privateResolver")
    for zone in section["privateZones"]:
        if not isinstance(zone, str) or len(zone) > 253 or not NAME.fullmatch(zone):
            raise host.Refused(f"has a private zone {zone!r:.60} that is not a domain name")
    try:
        ipaddress.IPv4Address(str(section["privateResolver"]))
    except ValueError:
        raise host.Refused(f"has a private resolver {section['privateResolver']!r:.60} that is not an IPv4 address")


def take(section, configuration):
    if section is None:
        return
    # It loads its settings at once, and answers meanwhile; but at boot it may not yet run.
    if host.write(UNBOUND, settings(section)) or not asks_own_resolver():
        host.run("systemctl", "enable", "--quiet", "unbound")
        host.run("systemctl", "reload-or-restart", "unbound")
    if not asks_own_resolver():
        must_validate()
        ask_own_resolver()


def settings(section):
    zones = section["privateZones"]
    return "".join(
        [
            # The firewall lets questions out over IPv4 alone.
            "server:\n do-ip6: no\n",
            *[f' domain-insecure: "{zone}"\n' for zone in zones],
            *[f'forward-zone:\n name: "{zone}"\n forward-addr: {section["privateResolver"]}\n' for zone in zones],
        ]
    )


def must_validate():
    """Fails unless the resolver resolves and validates: else nothing would be found any more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as question:
        question.settimeout(20)
        question.connect(("127.0.0.1", 53))
        try:
            question.send(ROOT)
            answer = question.recv(4096)
        except OSError as error:
            answer = str(error).encode()
    if answer[3:4] != bytes([VALIDATED]):
        raise RuntimeError("unbound does not validate the root; can it send to port 53?")


def asks_own_resolver():
    if os.path.islink(RESOLV):
        return False
    try:
        with open(RESOLV) as file:
            return file.read() == OWN_RESOLVER
    except FileNotFoundError:
        return False


def ask_own_resolver():
    """Lets the whole host ask its own resolver."""
    # Nobody may wake the resolver of systemd again, not even by its sockets.
    for unit in ("systemd-resolved", "systemd-resolved-varlink.socket", "systemd-resolved-monitor.socket"):
        host.succeeds("systemctl", "mask", "--quiet", "--now", unit)
    if os.path.isdir(DHCLIENT_HOOKS):
        host.write(f"{DHCLIENT_HOOKS}/backup-mx", "make_resolv_conf() { :; }\n")
    # A file of its own and not a link: a DHCP client writes to what the link points to.
    host.remove(RESOLV)
    host.write(RESOLV, OWN_RESOLVER)
