import { resolve } from "node:path";
import { inPython } from "../../../support/part";

const PROGRAM = resolve(__dirname, "../../../../lib/host/guests/backup-mx-guests");

/** The rules for what is in resolv.conf, on a host with these users. */
const rules = (resolvConf: string, users: Readonly<Record<string, number>>) =>
  inPython<string>(
    [],
    `
import pwd, tempfile, types
wall = types.ModuleType("wall")
with open(given["program"]) as file:
    exec(compile(file.read(), given["program"], "exec"), vars(wall))
wall.pwd = types.SimpleNamespace(
    getpwall=lambda: [types.SimpleNamespace(pw_name=name, pw_uid=uid) for name, uid in given["users"].items()]
)
with tempfile.NamedTemporaryFile("w") as file:
    file.write(given["resolvConf"])
    file.flush()
    wall.RESOLV = file.name
    result = wall.rules()
`,
    { program: PROGRAM, resolvConf, users },
  );
const chain = (text: string, name: string) =>
  (new RegExp(`chain ${name} \\{\n([^}]*(?:\\{[^}]*\\}[^}]*)*)\n \\}`).exec(text)?.[1] ?? "")
    .split("\n")
    .map((line) => line.trim());

test("guests ask the name servers of the host, and nobody else", () => {
  const text = rules(
    "# nameserver 192.0.2.1\nsearch example.com\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nnameserver fe80::1%eth0\noptions edns0\n",
    { _rspamd: 103 },
  );
  expect(chain(text, "guest")).toEqual([
    "ip daddr { 10.0.0.2, 127.0.0.53 } udp dport 53 accept",
    "ip daddr { 10.0.0.2, 127.0.0.53 } tcp dport 53 accept",
    "ip6 daddr { fe80::1 } udp dport 53 accept",
    "ip6 daddr { fe80::1 } tcp dport 53 accept",
    "reject",
  ]);
});

test("what is no address is none, and without any they ask this host", () => {
  const text = rules("nameserver 1.1.1.1; accept\nnameserver localhost\n nameserver\n", {});
  expect(chain(text, "guest")).toEqual([
    "ip daddr { 127.0.0.1 } udp dport 53 accept",
    "ip daddr { 127.0.0.1 } tcp dport 53 accept",
    "ip6 daddr { ::1 } udp dport 53 accept",
    "ip6 daddr { ::1 } tcp dport 53 accept",
    "reject",
  ]);
});

test("users are told by their numbers; those that are not there are left out", () => {
  const head = "type filter hook output priority filter; policy accept;";
  expect(chain(rules("", {}), "output")).toEqual([head]);
  const users = { root: 0, "backup-mx-judge": 989, "backup-mx-scanner": 988, _rspamd: 103 };
  expect(chain(rules("", users), "output")).toEqual([
    head,
    "meta skuid { 988, 103 } jump guest",
    "meta skuid { 989 } jump mute",
  ]);
});

test("the table before goes in the same step", () => {
  expect(rules("", {})).toMatch(
    /^table inet backup_mx_guests\ndelete table inet backup_mx_guests\ntable inet backup_mx_guests \{\n/,
  );
});
