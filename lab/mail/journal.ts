import type { Postfix } from "./postfix";

/** As much of journalctl as programs of the host use: `--output=cat` or `short-unix`, `--since=@` and identifiers. */
const JOURNALCTL = (log: string) => `#!/usr/bin/python3
import re, sys, time
since = [int(word[9:]) for word in sys.argv if word.startswith("--since=@")] or [0]
names = [word.partition("=")[2] for word in sys.argv if word.startswith("SYSLOG_IDENTIFIER=")]
with open(${JSON.stringify(log)}, encoding="utf-8", errors="replace") as file:
    lines = re.split(r"<\\d+>(?=[A-Z][a-z]{2} [ \\d]\\d \\d\\d:)", file.read())
for line in lines:
    found = re.match(r"(\\w+ +\\d+ [\\d:]+) ([^ [:]+)(?:\\[\\d+\\])?: (.*)", line, re.S)
    if found and (not names or found[2] in names):
        when = time.strptime(f"{time.localtime().tm_year} {found[1]}", "%Y %b %d %H:%M:%S")
        if time.mktime(when) >= since[0]:
            is_cat = "--output=cat" in sys.argv
            print(found[3] if is_cat else f"{time.mktime(when):.6f} host {found[2]}[1]: {found[3]}")
`;

/** Gives programs beside a Postfix of the lab its log as the journal. */
export function layOutJournal(postfix: Postfix): void {
  postfix.write({ "/usr/local/sbin/journalctl": JOURNALCTL(postfix.logFile) });
}
