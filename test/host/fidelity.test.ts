import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, GOOD, HostWorld, type MailHost, SIGNATURES, Sink, sendRaw } from "../../lab";
import { Scanner } from "../../lib";
import { type Mail, MailFolder, openDkim } from "../support/mails/mails";
import { type Repair, repaired } from "../support/mails/repairs";
import { describeWith } from "../support/requirements";

const { HAS_SCANNER } = HostWorld;
const CORPUS = process.env.BACKUP_MX_MAIL_CORPUS;
const OPINION = join(__dirname, "..", "support", "mails", "opinion.py");
/** What is refused for now is sent again so often. */
const MOST_ROUNDS = 20;
const SINK = "198.51.100.11";
/** Prints what is in the quarantine of a host. */
const KEPT = `
import base64, glob, json
def kept(path):
    with open(path) as facts, open(path[:-4] + "eml", "rb") as mail:
        return {"facts": json.load(facts), "content": base64.b64encode(mail.read()).decode()}
print(json.dumps([kept(path) for path in glob.glob("/var/spool/backup-mx/quarantine/*.json")]))
`;
interface KeptFacts {
  readonly mail: string;
  readonly recipients: readonly string[];
  readonly quarantined: number;
  readonly verdict: string;
}

/** How many of our mails Postfix repairs, by what it does. */
const REPAIRED: Record<Repair, number> = {
  "lone CR": 4,
  "mailbox line": 2,
  "fold at the top": 1,
  "space before the colon": 2,
  "no field": 4,
};

/** What the backup may put on top of a mail. */
const OURS = /^(?:(?:Received|X-Backup-MX|X-Spam-Status): (?:.|\r\n[ \t])*\r\n)*$/;

/** A mail as the primary got it, or as it lies in the quarantine. */
interface Outcome {
  readonly envelope: readonly string[];
  readonly content: string;
  readonly size: number;
  /** The SHA-256 of its body, where the primary kept its beginning alone. */
  readonly digest?: string;
  readonly time: number;
  readonly verdict: string | undefined;
  /** Whether it is in the quarantine. */
  readonly isKept: boolean;
}

const envelopeId = (command: string) => / ENVID=(\S+)/.exec(command)?.[1] ?? "";
/** A command without what Postfix counts anew, whatever the order of its options. */
const options = (command: string) =>
  command.split(/ (?!@)/).filter((word) => !word.startsWith("SIZE=")).sort().join(" "); // biome-ignore format: one thought

const SCANNERS = [
  { name: "rspamd", isAtHand: true, scanner: () => Scanner.rspamd({ clamAv: true }) },
  {
    name: "MailScanner",
    isAtHand: HAS_SCANNER,
    scanner: () => Scanner.mailScanner({ timeLimit: "15s" }),
  },
];

for (const { name } of SCANNERS.filter(({ isAtHand }) => !isAtHand)) {
  process.stderr.write(`skipped: the body is sacred beside ${name}: its package is not at hand\n`);
}
if (CORPUS === undefined) {
  process.stderr.write("skipped: the mails of a folder: set BACKUP_MX_MAIL_CORPUS to its path\n");
}

describe.each(SCANNERS.filter(({ isAtHand }) => isAtHand))("beside $name", ({ name, scanner }) => {
  describeWith([...HostWorld.NEEDS, openDkim], "the body is sacred", () => {
    let world: HostWorld;
    let host: MailHost;
    let sink: Sink;
    let folder: MailFolder;

    beforeAll(async () => {
      folder = new MailFolder();
      world = await HostWorld.open({ "mx1.example.com": [`A ${SINK}`] });
      sink = await Sink.start(world.addHost("sink", SINK));
      world.atEnd(() => sink.remove());
      host = await world.boot({
        props: { scanner: scanner() },
        files: {
          ...SIGNATURES,
          "/srv/opinion.py": { content: readFileSync(OPINION) },
          ...(name === "MailScanner" ? await world.scannerHome() : {}),
        },
      });
      const ended = await host.cloudInit();
      if (ended.exitCode !== 0) {
        process.stdout.write(await host.setUpLog());
      }
      expect(ended).toEqual(GOOD);
      await world.takesMail(host);
    });

    afterAll(async () => {
      await world?.close();
      folder?.remove();
    });

    /** Sends mails, tries those again that are refused for now, and waits until all have gone on. */
    const passed = async (mails: readonly Mail[]): Promise<Map<string, Outcome[]>> => {
      let left = mails;
      for (let round = 0; left.length > 0 && round < MOST_ROUNDS; round++) {
        const replies = await sendRaw(world.sender, host.address, left, { connections: 4 });
        const said = replies.map(({ mail, rcpt, data }) => [mail, ...rcpt, data]);
        const refused = said.flatMap((each, n) =>
          each.some((reply) => /^5/.test(reply)) ? [[left[n].name, ...each]] : [],
        );
        expect(refused).toEqual([]);
        left = left.filter((_, n) => !/^250/.test(replies[n].data));
        await sleep(left.length > 0 ? 5000 : 0);
      }
      expect(left.map((mail) => mail.name)).toEqual([]);
      await eventually(async () => {
        await sleep(1000);
        return (await host.queue()).length === 0;
      }, 1200);
      const outcomes = new Map<string, Outcome[]>(mails.map((mail) => [mail.name, []]));
      const delivered = sink.arrived().map((mail) => {
        const { content } = mail;
        const verdict = /^X-Backup-MX: (ham|spam|high spam|virus|not scanned)/m.exec(content)?.[1];
        return { ...mail, content, verdict, isKept: false };
      });
      for (const mail of [...delivered, ...(await quarantined())]) {
        outcomes.get(envelopeId(mail.envelope[0]))?.push(mail);
      }
      return outcomes;
    };

    const quarantined = async (): Promise<Outcome[]> => {
      const printed = await host.succeed("python3", "-c", KEPT);
      const kept: { facts: KeptFacts; content: string }[] = JSON.parse(printed);
      return kept.map(({ facts: { mail, recipients, quarantined: time, verdict }, content }) => ({
        envelope: [mail, ...recipients],
        content: Buffer.from(content, "base64").toString("latin1"),
        time,
        verdict,
        isKept: true,
        size: 0,
      }));
    };

    /** Signs mails, but for those that Postfix repairs, and lets them pass; tells what came of it. */
    const pass = async (mails: readonly Mail[]) => {
      const isWhole = ({ data }: Mail) => repaired(data).repairs.length === 0;
      const { mails: signed, unsigned } = await folder.signed(mails.filter(isWhole));
      const sent = [...signed, ...mails.filter((mail) => !isWhole(mail))];
      const outcomes = await passed(sent);
      const wrong: Record<string, unknown> = {};
      const repairs: Record<string, number> = {};
      const verified: { name: string; data: string }[] = [];
      for (const mail of sent) {
        const arrived = outcomes.get(mail.name) ?? [];
        const recipients = arrived.flatMap(({ envelope }) => envelope.slice(1).map(options));
        if (recipients.sort().join("\n") !== mail.rcpt.map(options).sort().join("\n")) {
          wrong[mail.name] = { kind: mail.kind, recipients, wanted: mail.rcpt };
          continue;
        }
        const expected = repaired(mail.data);
        const found = arrived.map((outcome) => fault(mail, outcome, expected.data));
        if (found.some((each) => each !== undefined)) {
          wrong[mail.name] = { kind: mail.kind, found };
        }
        for (const repair of expected.repairs) {
          repairs[repair] = (repairs[repair] ?? 0) + 1;
        }
        const isThere = arrived[0].size <= arrived[0].content.length;
        if (isThere && isWhole(mail) && !unsigned.includes(mail.name)) {
          verified.push({ name: mail.name, data: arrived[0].content });
        }
      }
      const invalid = await folder.wrong(verified);
      const kept = [...outcomes.values()].flat().filter(({ isKept }) => isKept).length;
      return { outcomes, wrong, repairs, unsigned, invalid, valid: verified.length, kept };
    };

    const STOPPER = /^(poison-|table-6$)/;
    const isApart = (mail: Mail) => STOPPER.test(mail.name) || /^plain-[1-6]$/.test(mail.name);

    test("mails of 66 kinds arrive once, with their envelope, as they were sent", async () => {
      const begin = Date.now();
      const mails = (await folder.made("many kinds")).filter((mail) => !isApart(mail));
      const { wrong, repairs, unsigned, invalid, valid, kept } = await pass(mails);
      const seconds = Math.round((Date.now() - begin) / 1000);
      process.stdout.write(
        `${name}: ${mails.length} mails in ${seconds} s, ${valid} signed, ${kept} in quarantine\n`,
      );
      expect(wrong).toEqual({});
      expect(repairs).toEqual(REPAIRED);
      expect(invalid).toEqual({});
      // Nobody signs a mail without an author.
      expect(unsigned).toEqual(["no-author-1", "no-author-2", "no-header-1", "empty-1"]);
      const mended = Object.values(REPAIRED).reduce((sum, count) => sum + count);
      expect(valid + unsigned.length + mended).toBe(mails.length);
    });

    test("what stops a scanner arrives as it was sent, and stops no other mail", async () => {
      const mails = (await folder.made("many kinds")).filter(isApart);
      const [ordinary, stoppers] = [/^plain/, STOPPER].map((names) =>
        mails.filter((mail) => names.test(mail.name)),
      );
      const begin = Date.now() / 1000;
      const { outcomes, wrong, invalid } = await pass([...stoppers, ...ordinary]);
      expect(wrong).toEqual({});
      expect(invalid).toEqual({});
      const came = (mail: Mail) => outcomes.get(mail.name)?.[0] as Outcome;
      const told = stoppers.map((mail) => [mail.name, came(mail).verdict, came(mail).time - begin]);
      process.stdout.write(`${name}: ${JSON.stringify(told)}\n`);
      for (const mail of stoppers) {
        expect(came(mail).verdict).toMatch(/^(ham|spam|not scanned)$/);
      }
      for (const mail of ordinary) {
        expect(came(mail).time - begin).toBeLessThan(60);
      }
    });

    test("the verdict is that of the scanner itself", async () => {
      const mails = await folder.made("ham and spam");
      const outcomes = await passed(mails);
      const judged = mails.map((mail) => outcomes.get(mail.name)?.[0] as Outcome);
      // As the judge saw it: without what is on top since.
      const seen = judged.map(({ content, isKept }) =>
        isKept
          ? content
          : content
              .replace(/^Received: (?:.|\r\n[ \t])*\r\n/, "")
              .replace(/^(?:X-Spam-Status|X-Backup-MX): (?:.|\r\n[ \t])*\r\n/gm, ""),
      );
      const asked = seen.map((text) => Buffer.from(text, "latin1").toString("base64"));
      const said = await host.succeed("python3", "/srv/opinion.py", name, ...asked);
      const opinions: { virus: string; score: number; word: string }[] = JSON.parse(said);
      // SpamAssassin alone does not see the envelope that MailScanner tells it of.
      const apart = name === "MailScanner" ? 1.5 : 0;
      const near = (n: number) => {
        const { virus, score, word } = opinions[n];
        const words = [score - apart, score + apart].map((each) =>
          each >= 10 ? "high spam" : each >= 6 ? "spam" : "ham",
        );
        return virus ? ["virus"] : apart === 0 ? [word] : words;
      };
      const scores = judged.map(({ content, isKept }, n) => [
        mails[n].name,
        opinions[n].score,
        isKept ? "in quarantine" : /^X-Spam-Status: .*score=(\S+)/m.exec(content)?.[1],
      ]);
      process.stdout.write(`${name}: ${JSON.stringify(scores)}\n`);
      for (const [n, mail] of mails.entries()) {
        expect([mail.name, near(n)]).toEqual([
          mail.name,
          expect.arrayContaining([judged[n].verdict]),
        ]);
      }
      expect(new Set(judged.map(({ verdict }) => verdict)).size).toBeGreaterThanOrEqual(3);
    });

    (CORPUS === undefined ? test.skip : test)(
      "the mails of a folder arrive as they were sent",
      async () => {
        const begin = Date.now();
        const mails = folder.foreign(CORPUS ?? "");
        const { wrong, repairs, invalid, valid, kept, unsigned } = await pass(mails);
        const told = {
          mails: mails.length,
          seconds: Math.round((Date.now() - begin) / 1000),
          signed: valid,
          notSigned: unsigned.length,
          kept,
          repairs,
        };
        process.stdout.write(`${name}: ${JSON.stringify(told)}\n`);
        expect(wrong).toEqual({});
        expect(invalid).toEqual({});
      },
    );
  });
});

/** What is wrong with how a mail came, if anything. */
function fault(mail: Mail, outcome: Outcome, expected: string): unknown {
  const { envelope, content, size, digest } = outcome;
  if (options(envelope[0]) !== options(mail.mail)) {
    return { envelope: envelope[0], wanted: mail.mail };
  }
  if (size > content.length) {
    // Of a large mail the primary keeps its beginning.
    const end = expected.indexOf("\r\n\r\n");
    const [header, body] = [expected.slice(0, end), expected.slice(end + 4)];
    const sum = createHash("sha256").update(body, "latin1").digest("hex");
    const isSame = sum === digest && content.split("\r\n\r\n")[0].endsWith(header);
    return isSame ? undefined : { size, wanted: expected.length };
  }
  if (!content.endsWith(expected)) {
    return difference(content, expected);
  }
  const added = content.slice(0, content.length - expected.length);
  return OURS.test(added) ? undefined : { added };
}

/** Where two contents begin to differ. */
function difference(content: string, expected: string): unknown {
  const begin = Math.max(0, content.indexOf(expected.slice(0, 40)));
  const have = content.slice(begin);
  let at = 0;
  while (at < expected.length && have[at] === expected[at]) {
    at++;
  }
  const near = (text: string) => text.slice(Math.max(0, at - 40), at + 60);
  return { sizes: [content.length, expected.length], at, wanted: near(expected), have: near(have) };
}
