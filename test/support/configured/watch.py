"""In place of the watch of the primaries: the tables that Postfix looks into, and nothing else."""

import host

SECTION = "watch"
ORDER = 50


def check(section, configuration):
    pass


def take(section, configuration):
    for name in ("outages", "withheld"):
        host.run("postmap", "-i", f"lmdb:/var/lib/postfix/{name}")
