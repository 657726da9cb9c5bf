import { execFileSync } from "node:child_process";
import { eventually, message, PolicyWorld } from "../../lab";
import { RecipientVerification } from "../../lib";
import { describeWith } from "../support/requirements";

const LISTED = "listed.example";
const ASKED = "asked.example";

describeWith(PolicyWorld.NEEDS, "a recipient", () => {
  let world: PolicyWorld;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [
        {
          name: LISTED,
          primaries: [{ hostname: "mx1.listed.example" }],
          recipients: RecipientVerification.list([`anna@${LISTED}`, `bob@${LISTED}`]),
        },
        { name: ASKED, primaries: [{ hostname: "mx1.asked.example" }] },
      ],
      users: ["anna", "bob", "postmaster"],
      props: { postfixSettings: { recipient_delimiter: "+" } },
    });
    world.backup.write({
      "/usr/local/sbin/systemctl": '#!/bin/sh\n[ "$1" != restart ] || exec postfix start\n',
    });
  });

  afterAll(() => world?.close());

  const ask = async (to: string) => (await world.ask(to)).rcpt[0].code;

  test.each([
    [`anna@${LISTED}`, 250],
    [`Anna@${LISTED}`, 250],
    [`anna@Listed.Example`, 250],
    [`bob+news@${LISTED}`, 250],
    [`nobody@${LISTED}`, 550],
    [`nobody+anna@${LISTED}`, 550],
    // Each domain has to have them.
    [`postmaster@${LISTED}`, 250],
    [`POSTMASTER@${LISTED}`, 250],
    [`abuse@${LISTED}`, 250],
    // The primary decides.
    [`postmaster@${ASKED}`, 250],
    [`abuse@${ASKED}`, 550],
    [`postmaster@foreign.example`, 554],
  ])("%s hears %d", async (to, code) => {
    expect(await ask(to)).toBe(code);
  });

  test("that exists gets a mail with many others that do not", async () => {
    const good = ["anna", "bob"].flatMap((user) => [`${user}@${LISTED}`, `${user}@${ASKED}`]);
    const bad = Array.from({ length: 15 }, (_, n) => `nobody${n}@${LISTED}`);
    const data = message("to many");
    const { rcpt, data: end } = await world.say({ to: [...bad, ...good], data });
    expect(rcpt.map(({ code }) => code)).toEqual([...bad.map(() => 550), ...good.map(() => 250)]);
    expect(end?.code).toBe(250);
    for (const to of good) {
      const primary = world.primary(`mx1.${to.slice(to.indexOf("@") + 1)}`);
      await eventually(() => primary.messages(to).some((mail) => mail.includes("to many")));
    }
  });

  test("is forgotten in every spelling, and asked for again", async () => {
    const forget = (address: string) => {
      const [file, ...args] = world.backup.command("/usr/local/sbin/backup-mx", "forget", address);
      try {
        return execFileSync(file, args, { encoding: "utf8", stdio: "pipe" });
      } catch (error) {
        return (error as { stderr: string }).stderr;
      }
    };
    const spellings = [`Bob@${ASKED}`, `bob@${ASKED}`, `BOB@Asked.Example`];
    for (const to of spellings) {
      expect(await ask(to)).toBe(250);
    }
    const probes = () => world.primary("mx1.asked.example").probes().length;
    const before = probes();
    expect(await ask(spellings[0])).toBe(250);
    expect(probes()).toBe(before);
    expect(forget(`bOB@${ASKED}`)).toBe("");
    for (const [n, to] of spellings.entries()) {
      await eventually(async () => (await ask(to).catch(() => 0)) === 250);
      expect(probes()).toBe(before + n + 1);
    }
    expect(forget("bob@nosuch.example")).toBe("bob@nosuch.example is in no domain of this host\n");
    expect(forget(`never@${ASKED}`)).toBe(`never@${ASKED} was not remembered\n`);
  });
});
