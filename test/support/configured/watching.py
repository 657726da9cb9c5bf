"""Lets the service look at a bucket of which a test says how it is, with a clock of the test's own,
and prints what it told."""

import importlib.machinery
import importlib.util
import json
import sys
import types

root, plan = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, f"{root}/usr/local/lib/backup-mx")
import host
import store
import taking

loader = importlib.machinery.SourceFileLoader("program", f"{root}/usr/local/sbin/backup-mx-configuration")
program = importlib.util.module_from_spec(importlib.util.spec_from_loader("program", loader))
loader.exec_module(program)
program.STATE, program.TOLD = f"{root}/state.json", f"{root}/told"
host.CONFIGURED, host.DRAINED = root, f"{root}/drained"
host.CONFIGURATION, taking.MARK = f"{root}/live.json", f"{root}/mark"

# Seconds since the start, and the time of day, which may jump.
now, jump = 0, 0
events = []
program.time = types.SimpleNamespace(monotonic=lambda: now, time=lambda: now + jump, sleep=None)


def tell(what):
    return lambda text, *_: events.append([now, what, text])


host.say, host.letter, host.succeeds = tell("log"), tell("letter"), lambda *_: True


def fetch(key, etag=None, timeout=0):
    if bucket is None:
        raise store.Unreachable("no route")
    return None if etag == bucket else (bucket.encode(), bucket)


def take(data):
    events.append([now, "take", data.decode()])
    events.append([now, "refused until now", host.read(program.STATE)["refused"]])
    if data.startswith(b"other"):
        raise taking.AnotherVersion("is for another version of this host")
    if data.startswith(b"bad"):
        raise host.Refused("is bad")
    host.write(host.CONFIGURATION, data)


store.fetch, taking.take = fetch, take
watch = program.Watch()
# For so many seconds, what lies in the bucket, and how far the clock jumps before.
for seconds, bucket, leap in plan:
    jump += leap
    end = now + seconds
    while now < end:
        watch.look()
        now += 15
print(json.dumps({"events": events, "state": host.read(program.STATE)}))
