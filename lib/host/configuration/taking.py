"""Takes a configuration into use as a whole, or leaves the last good one in use."""

import contextlib
import fcntl
import hashlib
import os
import syslog
import time

import answers
import document
import host
import sections

# On the disk of the queue: it outlives the instance.
FOLDER = "/var/spool/backup-mx/configuration"
GOOD = f"{FOLDER}/good.json"
# Here while a configuration is being taken: its sum.
MARK = f"{FOLDER}/taking"
LOCK = "/run/backup-mx/configuration.lock"
START_SECONDS = 30


class Closed(Exception):
    """The last good configuration could not be put back: this host takes no mail."""


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def alone(waits=True):
    """One program at a time takes a configuration. Tells whether it is this one."""
    os.makedirs(os.path.dirname(LOCK), exist_ok=True)
    with open(LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def bytes_of(path):
    """What is in a file, or None."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def live():
    """The bytes that are live, if a whole configuration is."""
    return None if os.path.exists(MARK) else bytes_of(host.CONFIGURATION)


def check(data, is_kept=False):
    """The configuration that the bytes are, if this host can take it."""
    configuration = document.read(data)
    own = host.host()
    if configuration.get("hostname") != own["hostname"]:
        raise host.Refused("is for another host")
    # The one that was kept may come from the programs before these; it is better than none.
    if not is_kept and configuration.get("version") != own["version"]:
        raise AnotherVersion("is for another version of this host")
    sections.check(configuration)
    return configuration


class AnotherVersion(host.Refused):
    """Terraform is about to replace this instance, or was stopped before it did."""


def take(data, is_kept=False):
    """Takes a configuration into use. What `check` refuses changes nothing; after any other failure
    there is a mark, and what is in use is neither this configuration nor the one before."""
    configuration = check(data, is_kept)
    before = _object(live())
    mark(sum_of(data))
    sections.take(configuration, before)
    open_host()
    answers.check(configuration, before)
    sections.keep(configuration, before)
    host.write(GOOD, data, 0o600)
    host.write(host.CONFIGURATION, data)
    unmark()


def put_back():
    """Puts the last good configuration in place, after whatever happened. It needs no network, and
    where all is as it was no room on a disk."""
    try:
        data = bytes_of(GOOD)
        if data is None:
            raise host.Refused("no configuration was kept")
        configuration = check(data, is_kept=True)
        if not os.path.exists(MARK):
            mark(sum_of(data))
        sections.take(configuration, None)
        sections.keep(configuration, None)
        host.write(host.CONFIGURATION, data)
        unmark()
    except Exception as error:
        close_host()
        raise Closed(f"the last good configuration cannot be used: {error}") from error


def _object(data):
    try:
        return None if data is None else document.read(data)
    except host.Refused:
        return None


def mark(text):
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    host.write(MARK, text)


def unmark():
    host.remove(MARK)
    host.sync(FOLDER)


def open_host():
    """Lets Postfix run, and starts it if it does not."""
    host.write(host.CONFIGURED, "")
    if host.succeeds("postfix", "status"):
        return
    host.run("postfix", "check")
    host.run("systemctl", "enable", "--quiet", "postfix")
    host.run("systemctl", "restart", "postfix")
    for _ in range(START_SECONDS):
        if host.succeeds("postfix", "status"):
            return
        time.sleep(1)
    raise RuntimeError("Postfix did not start")


def close_host():
    """Nothing listens at port 25 from now on, also after a reboot."""
    host.remove(host.CONFIGURED)
    host.sync(os.path.dirname(host.CONFIGURED))
    if not host.succeeds("systemctl", "stop", "postfix"):
        host.succeeds("postfix", "stop")
    host.say("this host takes no mail", syslog.LOG_CRIT)
