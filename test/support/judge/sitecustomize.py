"""Changes a program for a test, when a module of it is loaded.

`KILL_AT`, such as `judge.ledger:Ledger.end:before`: kill -9 in the middle of this step, the first time
that it is reached and no file `KILLED` is there. `SET`, such as `judge.settings:HOP=5 judge.doubt:SETTLED=1`:
other numbers, so that a test need not wait for as long as a host."""

import importlib.abc
import importlib.machinery
import inspect
import os
import signal
import sys

WHERE, MARK = os.environ.get("KILL_AT", ""), os.environ.get("KILLED", "")
SET = [word.replace("=", ":").split(":") for word in os.environ.get("SET", "").split()]


def die():
    with open(MARK, "w"):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def patch(module, path, when):
    *owners, name = path.split(".")
    owner = module
    for one in owners:
        owner = getattr(owner, one)
    function = getattr(owner, name)

    def check(now):
        if when == now and not os.path.exists(MARK):
            die()

    async def dying(*arguments, **options):
        check("before")
        found = await function(*arguments, **options)
        check("after")
        return found

    def dying_at_once(*arguments, **options):
        check("before")
        found = function(*arguments, **options)
        check("after")
        return found

    setattr(owner, name, dying if inspect.iscoroutinefunction(function) else dying_at_once)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        numbers = [(constant, value) for module, constant, value in SET if module == name]
        dies = name == WHERE.split(":")[0]
        if not dies and not numbers:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            for constant, value in numbers:
                # It has to be there: a name that has changed would make a test wait in vain.
                setattr(module, constant, type(getattr(module, constant))(value))
            if dies:
                patch(module, *WHERE.split(":")[1:])

        spec.loader.exec_module = exec_module
        return spec


if WHERE or SET:
    sys.meta_path.insert(0, Finder())
