import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const HOST = resolve(__dirname, "../../../../lib/host");

/** What the part says to a section: nothing, or why it refuses it. */
const CHECK = `
import json, sys
sys.path[:0] = sys.argv[1:]
import host, watch
for section in json.load(sys.stdin):
    try:
        watch.check(section, {})
        print()
    except host.Refused as refusal:
        print(refusal)
`;

/** Takes a section; what is asked of systemd is printed. The watch listens, or does not. */
const TAKE = `
import json, os, sys
sys.path[:0] = sys.argv[1:3]
import host, watch
folder, active, listens = sys.argv[3], sys.argv[4] == "true", sys.argv[5] == "true"
watch.FILE = f"{folder}/watch.json"
os.environ["RUNTIME_DIRECTORY"] = folder
def systemctl(*command):
    print(*command[1:])
    if command[1] == "restart" or (command[1] == "reload" and listens):
        with open(watch.FILE) as new, open(f"{folder}/taken", "w") as taken:
            taken.write(watch.sum_of(new.read()))
    return active
host.succeeds = host.run = systemctl
host.say = lambda text: None
watch.PATIENCE = 1
watch.take(json.load(sys.stdin), {})
`;

const python = (program: string, args: readonly string[], input: unknown) =>
  execFileSync(
    "python3",
    ["-B", "-c", program, join(HOST, "machine"), join(HOST, "watch"), ...args],
    { input: JSON.stringify(input), encoding: "utf8" },
  )
    .replace(/\n$/, "")
    .split("\n");

const check = (...sections: unknown[]) => python(CHECK, [], sections);
const section = (...domains: unknown[]) => ({ interval: "30s", domains });
const primary = (text: string) => section(`example.com accept ${text}`);

describe("the part that gives the watch its section", () => {
  test("takes what the props can say", () => {
    const sections = [
      section(),
      section("example.com accept [mx1.example.com]:25 [mx3.example.com]:2525"),
      section("a.example accept [10.0.0.5]:25", "b.example defer [2001:db8::5]:65535"),
      section("xn--bcher-kva.example accept [mx-1.xn--p1ai]:25"),
      { interval: "5s", domains: [] },
      { interval: "10m", domains: [] },
    ];
    expect(check(...sections)).toEqual(sections.map(() => ""));
  });

  test.each([
    null,
    [],
    {},
    { interval: "30s" },
    { ...section(), more: true },
    { interval: 30, domains: [] },
    { interval: "4s", domains: [] },
    { interval: "11m", domains: [] },
    { interval: "30", domains: [] },
    { interval: "30s", domains: {} },
    section(7),
    section(""),
    section("example.com accept"),
    section("example.com accept "),
    section("example.com accept  [mx1.example.com]:25"),
    section("example.com maybe [mx1.example.com]:25"),
    section("com accept [mx1.example.com]:25"),
    section("example.com\nother.example accept [mx1.example.com]:25"),
    section("example.com accept [mx1.example.com]:25\n"),
    section("exa_mple.com accept [mx1.example.com]:25"),
    section("example.com accept [mx1.example.com]:25", "EXAMPLE.com defer [mx1.example.com]:25"),
    primary("mx1.example.com:25"),
    primary("[mx1.example.com]"),
    primary("[mx1.example.com]:0"),
    primary("[mx1.example.com]:65536"),
    primary("[mx1]:25"),
    primary("[localhost]:25"),
    primary("[a.localhost]:25"),
    primary("[127.0.0.1]:25"),
    primary("[127.1]:25"),
    primary("[2130706433]:25"),
    primary("[0x7f.0x1]:25"),
    primary("[0.0.0.0]:25"),
    primary("[169.254.169.254]:80"),
    primary("[224.0.0.1]:25"),
    primary("[::]:25"),
    primary("[::1]:25"),
    primary("[::ffff:127.0.0.1]:25"),
    primary("[fe80::1]:25"),
    primary("[2001:db8::1%eth0]:25"),
  ])("refuses %j", (section) => {
    expect(check(section)[0]).not.toBe("");
  });

  test("says in one sentence what is wrong", () => {
    expect(check(primary("[127.0.0.1]:25"))).toEqual([
      '"[127.0.0.1]:25" is not a [name or address]:port of another host',
    ]);
  });

  describe("tells the watch", () => {
    let folder: string;
    const take = (section: unknown, { active = true, listens = true } = {}) =>
      python(TAKE, [folder, String(active), String(listens)], section);
    const ACTIVE = "is-active --quiet backup-mx-watch.service";

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "watch-"));
    });

    afterEach(() => rmSync(folder, { recursive: true }));

    test("by a start at first, by a reload later, and nothing if nothing is new", () => {
      expect(take(section(), { active: false })).toEqual([
        ACTIVE,
        "restart backup-mx-watch.service",
      ]);
      const next = primary("[mx1.example.com]:25");
      expect(take(next)).toEqual([ACTIVE, "reload backup-mx-watch.service"]);
      expect(JSON.parse(readFileSync(join(folder, "watch.json"), "utf8"))).toEqual(next);
      expect(take(next)).toEqual([ACTIVE]);
    });

    test("again, if it was interrupted before it did", () => {
      take(section());
      writeFileSync(join(folder, "taken"), "another sum");
      expect(take(section())).toEqual([ACTIVE, "reload backup-mx-watch.service"]);
    });

    test("by a new start, if it does not listen", () => {
      expect(take(section(), { listens: false })).toEqual([
        ACTIVE,
        "reload backup-mx-watch.service",
        "restart backup-mx-watch.service",
      ]);
    });
  });
});
