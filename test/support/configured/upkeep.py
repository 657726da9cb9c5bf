"""A part that fails as often as a file says."""

import time

import host

SECTION = "upkeep"
ORDER = 10


def check(section, configuration):
    pass


def take(section, configuration):
    _obey("take")


def keep(section, configuration):
    _obey("keep")


def _obey(stage):
    try:
        with open(f"/run/upkeep/{stage}") as file:
            wish = file.read()
    except FileNotFoundError:
        return
    if wish == "hang":
        host.write("/run/upkeep/hangs", stage)
        time.sleep(600)
    left = int(wish)
    if left > 0:
        host.write(f"/run/upkeep/{stage}", str(left - 1))
        raise RuntimeError(f"upkeep cannot {stage}")
