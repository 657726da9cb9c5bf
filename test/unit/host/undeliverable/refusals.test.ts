import { inPython } from "../../../support/part";
import { describeWith, program } from "../../../support/requirements";

const DAY = 86400;
/** A look: when, the mails that are listed and whether they are refused, and who was taken. */
interface Look {
  readonly at: number;
  readonly mails: Readonly<Record<string, boolean>>;
  readonly taken?: Readonly<Record<string, number>>;
}

/** For how many seconds each mail counts as refused in the end. */
const counted = (looks: readonly Look[], domains = ["odd.example"]) =>
  inPython<Record<string, number>>(
    ["host/undeliverable"],
    `
import refusals
from types import SimpleNamespace
known = refusals.Refusals()
for look in given["looks"]:
    mails = [
        SimpleNamespace(queue_id=name, is_refused=refused, domains=given["domains"])
        for name, refused in look["mails"].items()
    ]
    # As from one run of the program to the next.
    known = refusals.Refusals(json.loads(known.text()))
    known.look(mails, look["at"], look.get("taken", {}))
result = known.seconds
`,
    { looks, domains },
  );
const T = 1_700_000_000;
const every = (seconds: number, count: number, look: Omit<Look, "at"> & { from?: number }) =>
  Array.from({ length: count }, (_, n) => ({ ...look, at: T + (look.from ?? 0) + n * seconds }));

describeWith([program("python3", "python3")], "the clock of refused mail", () => {
  test("runs while the primary takes others", () => {
    const looks = every(60, 11, { mails: { A: true }, taken: { "odd.example": T + 1 } });
    expect(counted(looks)).toEqual({ A: 540 + 60 });
  });

  test.each([
    ["nobody was taken", {}],
    ["somebody was taken before the mail was refused", { "odd.example": T - 1 }],
    ["somebody of another domain was taken", { "other.example": T + 1 }],
  ])("stands still where %s", (_, taken) => {
    expect(counted(every(60, 11, { mails: { A: true }, taken }))).toEqual({ A: 0 });
  });

  test("stops a day after somebody was taken", () => {
    const looks = every(900, 200, { mails: { A: true }, taken: {} });
    looks[0].taken = { "odd.example": T };
    expect(counted(looks)).toEqual({ A: DAY });
  });

  test("stands still while a mail may still be taken, and goes on after that", () => {
    const taken = { "odd.example": T };
    const looks = [
      ...every(60, 3, { mails: { A: true }, taken }),
      ...every(60, 10, { mails: { A: false }, taken, from: 180 }),
      ...every(60, 2, { mails: { A: true }, taken, from: 780 }),
    ];
    expect(counted(looks)).toEqual({ A: 240 });
  });

  test("needs every domain of a mail", () => {
    const domains = ["odd.example", "Other.Example"];
    const look = (taken: Record<string, number>) => every(60, 2, { mails: { A: true }, taken });
    expect(counted(look({ "odd.example": T }), domains)).toEqual({ A: 0 });
    expect(counted(look({ "odd.example": T, "other.example": T }), domains)).toEqual({ A: 60 });
  });

  test("does not count the time in which the host did not run, and forgets what is gone", () => {
    const taken = { "odd.example": T + 3 * DAY };
    expect(
      counted([
        { at: T, mails: { A: true, B: true } },
        { at: T + 3 * DAY, mails: { A: true }, taken },
      ]),
    ).toEqual({ A: 900 });
  });

  test("begins anew with a file that is damaged", () => {
    const lines = `
import refusals
result = [refusals.Refusals(one).text() == refusals.Refusals().text() for one in given]
`;
    const damaged = [
      null,
      [],
      5,
      { since: [], seconds: "x", taken: 7, looked: "now", moving: { A: 5 } },
    ];
    expect(inPython(["host/undeliverable"], lines, damaged)).toEqual(damaged.map(() => true));
  });

  test("reads off the log who was taken, and believes nothing that a sender has made up", () => {
    const line = (to: string, rest = "dsn=2.0.0, status=sent (250 ok)", program = "relay/smtp") =>
      `1700000000.123456 mx2 postfix/${program}[7]: 4jbDXV5hS4zw: to=<${to}>, ` +
      `relay=mx1.a.example[192.0.2.1]:25, delay=0.1, delays=0.02/0.07/0/0.01, ${rest}`;
    const log = [
      line("anna@A.example"),
      line("bert@b.example", "dsn=2.1.5, status=deliverable (250 ok)", "relay-probe/smtp"),
      line("Postmaster@c.example"),
      line("abuse@c.example"),
      line(
        "anna@d.example",
        "dsn=4.0.0, status=deferred (host said: 250, dsn=2.0.0, status=sent ()",
      ),
      line('"x>, relay=y, dsn=2.0.0, status=sent ("@e.example', "dsn=4.0.0, status=deferred (no)"),
      line(
        '"x@f.example>, relay=y, dsn=2.0.0, status=sent ("@e.example',
        "dsn=4.0.0, status=deferred (no)",
      ),
      line('"]: A: to=<x@g.example>, relay=y, dsn=2.0.0, status=sent ("@e.example', "dsn=4.0.0"),
      "nonsense",
    ].join("\n");
    expect(
      inPython(["host/undeliverable"], "import refusals\nresult = refusals.took(given)\n", log),
    ).toEqual({ "a.example": T, "b.example": T });
  });
});
