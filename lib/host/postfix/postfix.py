"""Postfix: its main.cf and its tables come from the configuration, its services from here.

Whoever may write the configuration must not become root for that, nor open the relay, nor make this
host deliver to files or programs. So what he writes is checked line by line before Postfix sees it.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import host

SECTION = "postfix"
ORDER = 45

ETC = "/etc/postfix"
# Everything is made here, and put in place once it is complete.
STAGE = f"{ETC}/staged"
HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = ("transport", "probe_transport", "tls_policy", "recipients", "aliases")
# A configuration on trial ends with this. A sender that is refused tries again later; and where no
# process can start with it, those of the one before start a second after it is gone, not a minute.
PROBATION = "soft_bounce = yes\nservice_throttle_time = 1s\n"
# Postfix binds its sockets by these when it starts.
BOUND = ("inet_protocols",)

# How these settings stand in every configuration.
FIXED = {
    "address_verify_map": "lmdb:$data_directory/verify_cache",
    "address_verify_negative_cache": "yes",
    "address_verify_transport_maps": f"lmdb:{ETC}/probe_transport",
    "alias_database": "",
    "alias_maps": f"lmdb:{ETC}/aliases",
    "authorized_flush_users": "root, postfix, backup-mx-judge",
    "authorized_mailq_users": "root, postfix, backup-mx-judge",
    "authorized_submit_users": "root, postfix",
    "compatibility_level": "3.6",
    # The judge remembers mail by them: short ones are used again.
    "enable_long_queue_ids": "yes",
    "inet_interfaces": "all",
    "judge_destination_concurrency_failed_cohort_limit": "1000000",
    "judge_destination_concurrency_limit": "25",
    "judge_destination_concurrency_negative_feedback": "0",
    "judge_destination_concurrency_positive_feedback": "1",
    "judge_destination_rate_delay": "0s",
    "judge_destination_recipient_limit": "1000",
    "judge_initial_destination_concurrency": "25",
    "judge_transport_rate_delay": "0s",
    "local_recipient_maps": "$alias_maps",
    "mydestination": "$myhostname, localhost",
    "mynetworks": "",
    "parent_domain_matches_subdomains": "",
    "relay_domains": "$transport_maps",
    "smtp_tls_policy_maps": f"lmdb:{ETC}/tls_policy",
    "smtpd_forbid_bare_newline": "yes",
    "smtpd_forbid_unauth_pipelining": "yes",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
    "transport_maps": f"lmdb:{ETC}/transport",
}
CONTENT_FILTER = "judge:unix:/run/backup-mx-judge/lmtp"
BY_NETWORK = f"check_client_access regexp:{ETC}/judge_networks"
# These lists must have this entry.
GUARDS = {"smtpd_recipient_restrictions": "reject_unauth_destination"}
with open(os.path.join(HERE, "forbidden-settings.json")) as _file:
    FORBIDDEN = json.load(_file)

# Lookup tables that are no more than a list. All others ask a program, a server or the environment.
FILE_TABLES = ("btree", "cidr", "hash", "lmdb", "pcre", "regexp", "texthash")
TEXT_TABLES = ("fail", "inline", "pipemap", "randmap", "static", "unionmap")
OTHER_TABLES = (
    "cdb dbm debug environ internal ldap memcache mongodb mysql netinfo nis nisplus pgsql proxy sdbm "
    "socketmap sqlite tcp unix"
).split()
TABLE_PLACES = (f"{ETC}/", "/var/lib/postfix/", "$config_directory/", "$data_directory/")
FILE_PLACES = (*TABLE_PLACES, "/etc/ssl/")

REFERENCE = re.compile(r"\$(\w+|\{\w+\}|\(\w+\))")
# The one form of a condition: one number under stress, another without.
STRESS = re.compile(r"\$\{stress\?\{\d+\}:\{\d+\}\}[smhdw]?|\$\{stress\?\d+\}\$\{stress:\d+\}[smhdw]?")

# Of what kinds values are, as far as it can be told by the default.
KINDS = (r"yes|no", r"-?[0-9]+", r"[0-9]+[smhdw]?")
SMTPD = "/usr/lib/postfix/sbin/smtpd"
TRY_SECONDS = 60
# A full disk must not keep a configuration from being put back.
MEMORY = "/run"

DOMAIN = r"(?=.{1,253}(?:[ @,\]]|$))(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z-][A-Za-z0-9-]*"
ROUTE = rf"\[(?:{DOMAIN}|[0-9.]+|[0-9A-Fa-f:.]+)\](?::[0-9]{{1,5}})?"
LOCAL_PART = r"[a-z0-9_=+~-][a-z0-9#$&'*+/=?^_`{|}~.-]{0,63}"
LINES = {
    "transport": re.compile(rf"(?P<domain>{DOMAIN}) relay:{ROUTE}(?:, {ROUTE})*"),
    "tls_policy": re.compile(
        rf"{ROUTE} (?:none|may|encrypt|dane|dane-only|fingerprint|verify|secure)(?: match=[A-Za-z0-9.:-]+)*"
    ),
    "recipients": re.compile(rf"(?:{LOCAL_PART}@)?(?P<domain>{DOMAIN}) (?:OK|[45][0-9][0-9](?: .*)?)"),
    "aliases": re.compile(rf"(?:abuse|postmaster|root) [A-Za-z0-9_+~][A-Za-z0-9._%+=~-]{{0,63}}@(?P<domain>{DOMAIN})"),
}


def check(section, configuration):
    if section is None:
        raise host.Refused("has no section postfix")
    kinds = {"main.cf": list, "postscreen": bool, **dict.fromkeys(LINES, list)}
    if section.keys() != kinds.keys():
        raise host.Refused(f"has other files of Postfix than {', '.join(kinds)}")
    for name, kind in kinds.items():
        lines = section[name] if kind is list else []
        if type(section[name]) is not kind or any(type(line) is not str for line in lines):
            raise host.Refused(f"has a {name} that is not what it must be")
    _check_tables(section, configuration["hostname"])
    settings = _settings(section["main.cf"])
    _check_settings(settings, configuration)
    _try(section, settings)


def _check_tables(section, hostname):
    domains = {line.split(" ")[0].lower() for line in section["transport"]}
    if not domains:
        raise host.Refused("has no domain")
    for name, pattern in LINES.items():
        keys = set()
        for line in section[name]:
            found = pattern.fullmatch(line)
            if not found:
                raise _bad(name, line)
            key = line.split(" ")[0].lower()
            if key in keys:
                raise host.Refused(f"has {key!r:.80} twice in {name}")
            keys.add(key)
            domain = (found.groupdict().get("domain") or "").lower()
            if domain in (hostname, "localhost") or (name == "recipients" and domain not in domains):
                raise _bad(name, line)
    if {line.split(" ")[0] for line in section["aliases"]} != {"abuse", "postmaster", "root"}:
        raise host.Refused("does not say who reads mail to abuse, postmaster and root")


def _bad(name, line):
    return host.Refused(f"has a line in {name} that may not be there: {line!r:.200}")


def _settings(lines):
    """The settings of a main.cf, each of which stands there once."""
    settings = {}
    for line in lines:
        if line == "" or line.startswith("#"):
            continue
        found = re.fullmatch(r"([A-Za-z0-9_-]+) =(?: (\S|\S.*\S))?", line)
        if not found:
            raise _bad("main.cf", line)
        if found[1] in settings:
            raise host.Refused(f"sets {found[1]:.80} twice in main.cf")
        settings[found[1]] = found[2] or ""
    return settings


def _check_settings(settings, configuration):
    is_scanned = _is_scanned(configuration)
    fixed = {
        **FIXED,
        "content_filter": CONTENT_FILTER if is_scanned else "",
        "myhostname": configuration["hostname"],
        "smtpd_data_restrictions": f"reject_unauth_pipelining, {BY_NETWORK}" if is_scanned else "reject_unauth_pipelining",
    }
    for name, value in fixed.items():
        if settings.get(name) != value:
            raise host.Refused(f"must have `{name} = {value}` in main.cf")
    for name, entry in GUARDS.items():
        if entry not in re.split(r"[\s,]+", settings.get(name, "")):
            raise host.Refused(f"must have {entry} in {name}")
    for name, value in settings.items():
        if name in fixed:
            continue
        for pattern, reason in FORBIDDEN.items():
            if fnmatch.fnmatchcase(name, pattern):
                raise host.Refused(f"sets {name:.80} in main.cf: {reason}")
        _check_value(name, value)


def _is_scanned(configuration):
    """Whether mail has to pass a scanner, and so the judge."""
    return configuration["judge"].get("scanner") != "none"


def _check_value(name, value):
    def refuse(reason):
        raise host.Refused(f"has `{name:.80} = {value:.200}` in main.cf: {reason}")

    # A literal dollar is two.
    rest = STRESS.sub("0", value.replace("$$", ""))
    if "$" in REFERENCE.sub("", rest):
        refuse("what it stands for cannot be read off")
    for kind, place in re.findall(r"([A-Za-z0-9_]+):([^\s,{}()]*)", REFERENCE.sub(_name, value)):
        if kind in OTHER_TABLES:
            refuse(f"a table of the type {kind} asks who is not of this host")
        if kind in FILE_TABLES and place and not _is_below(place, TABLE_PLACES):
            refuse(f"a table lies below {ETC}")
    if re.search(r"\{.*\b(filter|redirect|bcc)\b", value, re.IGNORECASE):
        refuse("mail would go elsewhere than to its primaries")
    if "check_policy_service" in value:
        refuse("a program that is not of this host would decide")
    for word in re.split(r"[\s,]+", _without_braces(REFERENCE.sub(_name, rest))):
        word = word.lstrip("!<")
        if word.startswith("/") and not _is_below(word, FILE_PLACES):
            refuse(f"a file lies below {ETC}")
    # A reference that is part of a path or of the name of a table could make another of it.
    for word in re.split(r"[\s,]+", rest):
        named = re.fullmatch(r"(?:[a-z]+:)?\$\{?(?:data|config)_directory\}?(/[\w.-]+)+", word)
        if REFERENCE.search(word) and re.search(r"/|:.", word) and not (named and ".." not in word):
            refuse("a path or a table must be written out")


def _name(found):
    return "$" + found[1].strip("{}()")


def _is_below(path, places):
    return path.startswith(places) and ".." not in path.split("/")


def _without_braces(text):
    """What is in braces is a text or a pattern, and no name of a file."""
    while (shorter := re.sub(r"\{[^{}]*\}", "", text)) != text:
        text = shorter
    return text


def _try(section, settings):
    """Lets Postfix read a main.cf, where it is of no effect."""
    with tempfile.TemporaryDirectory(prefix="backup-mx-", dir=MEMORY) as folder:
        os.chmod(folder, 0o755)
        for name, text in (("main.cf", _texts(section)["main.cf"]), ("master.cf", "")):
            _write(name, text, folder)
        try:
            host.run("postconf", "-c", folder, "-n")
        except RuntimeError as error:
            raise host.Refused(f"has a main.cf that Postfix cannot read: {error}") from None
        defaults = host.run("postconf", "-c", folder, "-dx", *settings, stderr=subprocess.DEVNULL)
        for line in defaults.splitlines():
            name, default = re.fullmatch(r"(\S+) = ?(.*)", line).groups()
            _check_kind(name, default, settings[name])
        # Alone it answers who speaks to it by standard input. What is not a number kills it.
        done = subprocess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", SMTPD, "-S"],
            env={"MAIL_CONFIG": folder, "PATH": "/usr/sbin:/usr/bin"},
            cwd="/", input=b"QUIT\r\n", capture_output=True, timeout=TRY_SECONDS,
        )
        if done.returncode != 0:
            raise host.Refused("has a main.cf with which smtpd does not start; its log says why")


def _check_kind(name, default, value):
    """Refuses a value of another kind than the default: no process that reads it would start."""
    if name in FIXED or re.search(r"_(feedback|loglevel|tcp_port)$", name):
        return
    for kind in KINDS:
        if re.fullmatch(kind, default) and not (re.fullmatch(kind, value, re.I) or "$" in value):
            raise host.Refused(f"has `{name:.80} = {value:.200}` in main.cf, which is of another kind than {default}")


def take(section, configuration):
    texts = _texts(section)
    if all(_is_there(name, text) for name, text in texts.items()):
        return
    texts["main.cf"] += PROBATION
    must_restart = any(_bound(f"{ETC}/main.cf", name) != _bound_in(texts["main.cf"], name) for name in BOUND)
    _stage(texts)
    for name in texts:
        for file in (name, f"{name}.lmdb") if name in TABLES else (name,):
            os.replace(f"{STAGE}/{file}", f"{ETC}/{file}")
    os.rmdir(STAGE)
    host.sync(ETC)
    if host.succeeds("postfix", "status"):
        if must_restart:
            host.run("systemctl", "restart", "postfix")
        else:
            host.run("postfix", "reload")


def keep(section, configuration):
    text = _texts(section)["main.cf"]
    if _write("main.cf", text, ETC) and host.succeeds("postfix", "status"):
        host.run("postfix", "reload")


def _texts(section):
    """The files of Postfix, by name."""
    tables = {name: section[name] for name in LINES}
    tables["probe_transport"] = [line.replace(" relay:", " relay-probe:", 1) for line in section["transport"]]
    return {
        **{name: "".join(f"{line}\n" for line in tables[name]) for name in TABLES},
        "judge_networks": _beside("judge_networks"),
        "probe_replies": _beside("probe_replies"),
        "reports": _beside("reports"),
        "master.cf": _services(section["postscreen"]),
        "main.cf": "".join(f"{line}\n" for line in section["main.cf"]),
    }


def _beside(name):
    with open(f"{HERE}/{name}") as file:
        return file.read()


def _services(has_postscreen):
    services = _beside("master.cf")
    if has_postscreen:
        services = re.sub(r"^smtp +inet .*\n", _beside("postscreen.cf"), services, flags=re.M)
    if os.path.exists(host.DRAINED):
        # Port 25 alone: what the judge hands on, and letters, go out.
        services = re.sub(r"^(smtpd? .* smtpd)$", r"\1\n    -o smtpd_client_restrictions=defer", services, flags=re.M)
    return services


def _is_there(name, text):
    try:
        with open(f"{ETC}/{name}") as file:
            return file.read() == text and (name not in TABLES or os.path.getsize(f"{ETC}/{name}.lmdb") > 0)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _bound(path, name):
    try:
        with open(path) as file:
            return _bound_in(file.read(), name)
    except FileNotFoundError:
        return None


def _bound_in(text, name):
    found = re.findall(rf"^{name} *= *(.*)$", text, re.M)
    return found[-1] if found else None


def _stage(texts):
    shutil.rmtree(STAGE, ignore_errors=True)
    try:
        os.mkdir(STAGE, 0o755)
        for name, text in texts.items():
            _write(name, text, STAGE)
        for name in TABLES:
            host.run("postmap", "-c", STAGE, f"lmdb:{STAGE}/{name}")
            _age(f"{STAGE}/{name}.lmdb")
    except BaseException:
        shutil.rmtree(STAGE, ignore_errors=True)
        raise


def _write(name, text, folder):
    if not host.write(f"{folder}/{name}", text):
        return False
    _age(f"{folder}/{name}")
    return True


def _age(path):
    """Postfix waits with a file that was written within the last second: it may not be complete."""
    then = time.time() - 60
    os.utime(path, (then, then))
    with open(path, "rb") as file:
        os.fsync(file.fileno())
