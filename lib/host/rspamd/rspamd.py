"""rspamd as a guest: its thresholds, and what of it is off. Of mail it says what it thinks, on a
socket; it does nothing with it."""

import os
import re
import socket
import time

import host

SECTION = "rspamd"
ORDER = 40

PROGRAM = "/usr/bin/rspamd"
UNIT = "rspamd.service"
# Postfix starts it, as soon as it was seen to work.
WANTED = f"/etc/systemd/system/postfix.service.wants/{UNIT}"
OVERRIDES = "/etc/rspamd/override.d"
SOCKET = "/run/rspamd/worker.sock"
START_SECONDS = 180
SCORE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?", re.ASCII)

# What needs Redis, or asks others than name servers; the judge itself asks ClamAV.
OFF = [
    *["antivirus", "bimi", "dcc", "external_services", "fuzzy_check", "greylist", "history_redis"],
    *["known_senders", "milter_headers", "multimap", "neural", "ratelimit", "replies", "reputation"],
    *["rspamd_update", "url_redirector"],
]
# Of the rest, the maps that Debian ships in place of those on the internet.
MAPS = {
    "mid": 'source { url = ["${CONFDIR}/maps.d/mid.inc"]; }\n',
    "mime_types": 'file = ["${CONFDIR}/maps.d/mime_types.inc"];\n',
    "phishing": 'exceptions { REDIRECTOR_FALSE = ["${CONFDIR}/maps.d/redirectors.inc"]; }\n',
    "rbl": """\
url_whitelist = ["${CONFDIR}/maps.d/surbl-whitelist.inc"];
disabled_rbl_suffixes_map = [];
attached_maps = [];
""",
    "whitelist": """\
rules {
  WHITELIST_SPF_DKIM {
    valid_spf = true;
    valid_dkim = true;
    domains = ["${CONFDIR}/maps.d/spf_dkim_whitelist.inc"];
    score = -3.0;
    inverse_symbol = "BLACKLIST_SPF_DKIM";
  }
  WHITELIST_DMARC {
    valid_dmarc = true;
    domains = ["${CONFDIR}/maps.d/dmarc_whitelist.inc"];
    score = -7.0;
    inverse_symbol = "BLACKLIST_DMARC";
  }
}
""",
}


def check(section, configuration):
    if section is None:
        return
    if not os.path.exists(PROGRAM):
        raise host.Refused("asks for rspamd, which this host does not have")
    if set(section) != {"spamScore", "highSpamScore"}:
        raise host.Refused("has an rspamd without spamScore and highSpamScore")
    for name, score in section.items():
        if not isinstance(score, str) or not SCORE.fullmatch(score):
            raise host.Refused(f"has a {name} that is no score: {score!r:.60}")
    if float(section["spamScore"]) >= float(section["highSpamScore"]):
        raise host.Refused("has a spamScore that is not less than highSpamScore")


def take(section, configuration):
    if section is None:
        return
    is_new = put(section)
    if not os.path.exists(WANTED):
        restart()
        host.run("systemctl", "add-wants", "--quiet", "postfix.service", UNIT)
    elif is_new and host.succeeds("systemctl", "is-active", "--quiet", UNIT):
        restart()


def put(section):
    """Writes what Debian's settings are overridden by. Returns whether anything differs."""
    texts = {
        **{name: "enabled = false;\n" for name in OFF},
        **MAPS,
        # The two that the judge knows.
        "actions": f"reject = {section['highSpamScore']};\nadd_header = {section['spamScore']};\n"
        "greylist = null;\nrewrite_subject = null;\n",
    }
    written = [host.write(f"{OVERRIDES}/{name}.conf", text) for name, text in texts.items()]
    return any(written)


def restart():
    """What waits at its socket meanwhile is answered by the new one."""
    host.run("systemctl", "restart", UNIT)
    deadline = time.monotonic() + START_SECONDS
    while not answers(deadline - time.monotonic()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"rspamd did not start: see journalctl -u {UNIT}")
        time.sleep(1)


def answers(seconds):
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(max(1, seconds))
        try:
            door.connect(SOCKET)
            door.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
            return door.recv(64).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False
