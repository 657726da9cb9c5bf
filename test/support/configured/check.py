"""Reads configurations, one a line as a JSON text, and prints why each is refused, or null."""

import json
import sys

root = sys.argv[1]
sys.path.insert(0, f"{root}/usr/local/lib/backup-mx")
import host
import sections
import taking

host.HOST = f"{root}/host.json"
sections.TARGETS = f"{root}/units/backup-mx@*.target.wants"
for line in sys.stdin:
    # So that a test can have bytes that are no text.
    data = json.loads(line).encode("latin-1")
    try:
        taking.check(data)
        reason = None
    except host.Refused as error:
        reason = str(error)
    print(json.dumps(reason), flush=True)
