import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";

const LIB = resolve(__dirname, "../../../lib");

/** Where the modules of the host's programs lie. */
export const MODULES = "/usr/local/lib/backup-mx";
const PARTS = `${MODULES}/parts`;
const COMMANDS = "/usr/local/sbin";

/** The files of the library and of the tests, and their folders on the host. */
const FILES: readonly (readonly [from: string, to: string])[] = [
  ["host/machine/host.py", MODULES],
  ["host/configuration/answers.py", MODULES],
  ["host/configuration/document.py", MODULES],
  ["host/configuration/sections.py", MODULES],
  ["host/configuration/taking.py", MODULES],
  ["host/postfix/postfix.py", PARTS],
  ["host/postfix/master.cf", PARTS],
  ["host/postfix/postscreen.cf", PARTS],
  ["host/postfix/judge_networks", PARTS],
  ["host/postfix/probe_replies", PARTS],
  ["host/postfix/reports", PARTS],
  ["mail/postfix/forbidden-settings.json", PARTS],
  ["host/configuration/backup-mx-configuration", COMMANDS],
  ["host/command/backup-mx", COMMANDS],
  ["host/command/queued.py", MODULES],
  ["host/judge/content.py", `${MODULES}/judge`],
  ["host/judge/mail.py", `${MODULES}/judge`],
  ["host/command/untrusted.py", MODULES],
  ["host/command/verdicts.py", MODULES],
  ["host/undeliverable/backup-mx-undeliverable", COMMANDS],
  ["host/undeliverable/envelope.py", MODULES],
  ["host/undeliverable/report.py", MODULES],
  ["host/undeliverable/refusals.py", MODULES],
  ["host/undeliverable/undeliverable.py", PARTS],
  ["host/setup/backup-mx-setting", COMMANDS],
  ["aws/monitoring/backup-mx-figures", COMMANDS],
  ["../test/support/configured/store.py", MODULES],
  ["../test/support/configured/judge.py", PARTS],
  ["../test/support/configured/watch.py", PARTS],
  ["../test/support/configured/upkeep.py", PARTS],
  ["../test/support/configured/systemctl", COMMANDS],
];

/**
 * Lays out the programs of a host.
 *
 * @param place where a path of the host is found from here
 */
export function layOutPrograms(place: (path: string) => string): void {
  for (const [from, to] of FILES) {
    mkdirSync(place(to), { recursive: true });
    const path = place(join(to, basename(from)));
    copyFileSync(join(LIB, from), path);
    chmodSync(path, 0o755);
  }
}
