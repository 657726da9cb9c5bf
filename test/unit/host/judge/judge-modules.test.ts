import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JUDGE_SECTION } from "../../../support/judge-section";
import { inPython } from "../../../support/part";

const judge = <T>(lines: string, given: unknown = null) => inPython<T>(["host"], lines, given);

/** Texts in latin-1, one letter a byte. */
const TRICKY = [
  "",
  ".",
  "..",
  "\r\n",
  "\r\n.",
  "\r\n..\r\n",
  "a\r\n.\n",
  "\n.\n",
  "\r.\r",
  "a\r\r\n",
  "a\n.\r\n..b",
  "\0\r\n.\0",
  "\r\n\r\n.x\r\n",
];

describe("a mail on the wire", () => {
  test("ends at its dot and keeps each byte, however it is cut into pieces", () => {
    const wrong = judge<unknown[]>(
      `
import asyncio, itertools
from judge.wire import Wire

async def take(pieces):
    feed = iter(pieces)
    async def read(_):
        return next(feed, b"")
    wire = Wire(type("R", (), {"read": staticmethod(read)})(), None)
    return b"".join([block async for block in wire.data()]), wire.rest + b"".join(feed)

async def main():
    wrong = []
    for text in given:
        mail = text.encode("latin-1")
        mail = mail if mail.endswith(b"\\r\\n") else mail + b"\\r\\n"
        lines = mail[:-2].split(b"\\r\\n")
        stuffed = b"\\r\\n".join(b"." + l if l[:1] == b"." else l for l in lines) + b"\\r\\n"
        whole = stuffed + b".\\r\\nQUIT\\r\\n"
        cuts = [(), *((i,) for i in range(1, len(whole))), *itertools.combinations(range(1, len(whole)), 2), tuple(range(1, len(whole)))]
        for cut in cuts:
            bounds = [0, *cut, len(whole)]
            pieces = [whole[a:b] for a, b in zip(bounds, bounds[1:])]
            found = await take(pieces)
            if found != (stuffed, b"QUIT\\r\\n"):
                wrong.append([text, list(cut), repr(found)])
    return wrong[:5]

result = asyncio.run(main())
`,
      TRICKY,
    );
    expect(wrong).toEqual([]);
  });

  test("the empty mail is one, and a mail without an end is none", () => {
    const found = judge<string[]>(`
import asyncio
from judge.wire import Wire
async def take(data):
    feed = iter([data])
    async def read(_):
        return next(feed, b"")
    wire = Wire(type("R", (), {"read": staticmethod(read)})(), None)
    try:
        return repr(b"".join([b async for b in wire.data()]))
    except ConnectionError as error:
        return str(error)
async def main():
    return [await take(d) for d in (b".\\r\\n", b"a\\r\\n.\\n", b"a\\r\\n", b"")]
result = asyncio.run(main())
`);
    const none = "the mail has no end";
    expect(found).toEqual(["b''", none, none, none]);
  });
});

describe("a mail in hand", () => {
  test("the copy for the scanner has lost the dots of SMTP and no other byte", () => {
    const wrong = judge<unknown[]>(
      `
import random
from judge import mail as mails
from judge.mail import Mail
wrong = []
random.seed(1)
texts = [t.encode("latin-1") for t in given]
texts += [bytes(random.choice(b".\\r\\na") for _ in range(40)) for _ in range(300)]
for block in (1, 2, 3, 7, 65536):
    mails.BLOCK = block
    for text in texts:
        text = text if text.endswith(b"\\r\\n") else text + b"\\r\\n"
        lines = text[:-2].split(b"\\r\\n")
        stuffed = b"\\r\\n".join(b"." + l if l[:1] == b"." else l for l in lines) + b"\\r\\n"
        mail = Mail("/tmp", b"", b"")
        mail.content.write(stuffed)
        blocks = list(mail.text())
        # An empty block would end the stream to clamd.
        if b"".join(blocks) != text or b"" in blocks or mail.copy_size != len(text) or b"".join(mail.wire()) != stuffed:
            wrong.append([block, repr(text), repr(b"".join(blocks))])
        mail.close()
result = wrong[:5]
`,
      // Postfix sends no bare LF before a dot: its lines end there.
      TRICKY.filter((text) => !/(^|[^\r])\n\./.test(text)),
    );
    expect(wrong).toEqual([]);
  });

  test("an address stands between < and > of a command, whatever it is made of", () => {
    const addresses: [string, string | null][] = [
      ["MAIL FROM:<>", ""],
      ["MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME", "a@b.example"],
      ['RCPT TO:<"c > d"@b.example> NOTIFY=NEVER', '"c > d"@b.example'],
      ['RCPT TO:<"c \\" > d"@b.example>', '"c \\" > d"@b.example'],
      ['RCPT TO:<"c \\\\"@b.example> ORCPT=rfc822;<x>', '"c \\\\"@b.example'],
      ["RCPT TO:<\xc3\xa4@b.example>", "\xc3\xa4@b.example"],
      ["RCPT TO:<a\\@b.example>", "a\\@b.example"],
      ["RCPT TO:a@b.example", null],
      ["RCPT TO:<a@b.example", null],
      ['RCPT TO:<"a>@b.example', null],
      ["", null],
    ];
    const found = judge(
      `
from judge.mail import address_of
result = []
for line, _ in given:
    try:
        result.append([line, address_of(line.encode("latin-1")).decode("latin-1")])
    except ValueError:
        result.append([line, None])
`,
      addresses,
    );
    expect(found).toEqual(addresses);
  });

  test("its queue id says when it came; one that does not says now", () => {
    const [real, ...others] = judge<number[]>(`
import time
from judge.mail import time_of
now = time.time()
def long_id(at):
    letters = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
    found = ""
    for _ in range(6):
        at, rest = divmod(at, 52)
        found = letters[rest] + found
    return found + "0000z16"
asked = [long_id(1795712648), long_id(int(now) + 10**6), "3A73D26", "", "aeiouaeiouae", "../../etc/x"]
# From a real Postfix: 4jb2vY0PNsz15 came at 2026-11-26T17:04:09Z.
result = [time_of("4jb2vY0PNsz15") if now > 1795712649 else 1795712649] + [abs(time_of(i) - now) for i in asked[1:]]
`);
    expect(real).toBe(1795712649);
    expect(Math.max(...others)).toBeLessThan(2);
  });
});

const GOOD = { verdict: "ham", score: 1.5, rules: ["A_1"], reason: "" };

describe("an answer of a scanner", () => {
  const read = (texts: readonly string[], reader = "of_guest") =>
    judge<(string | null)[]>(
      `
from judge import verdict
result = []
for text in given:
    try:
        result.append(verdict.${reader}(text.encode("utf-8", "surrogatepass")).word)
    except verdict.Lie:
        result.append(None)
`,
      texts,
    );
  const said = (differing: object) => JSON.stringify({ ...GOOD, ...differing });

  test("is a verdict in its form", () => {
    const words = ["ham", "spam", "high spam", "not analysed"];
    expect(read(words.map((verdict) => said({ verdict })))).toEqual(words);
    const action = { action: "add header", score: 7, symbols: { A_B: {} } };
    expect(read([JSON.stringify(action)], "of_rspamd")).toEqual(["spam"]);
  });

  const LIES = [
    "",
    "null",
    "[]",
    "[".repeat(100_000),
    '{"a":'.repeat(50_000),
    " ".repeat(300_000),
    said({ verdict: "virus" }),
    said({ verdict: "none" }),
    said({ verdict: ["ham"] }),
    said({ verdict: null }),
    said({ more: 1 }),
    said({ score: "1" }),
    said({ score: true }),
    said({ score: null }),
    said({ score: 1e300 }),
    said({}).replace("1.5", "NaN"),
    said({}).replace("1.5", "Infinity"),
    said({}).replace("1.5", "1e999"),
    said({}).replace("1.5", "9".repeat(400)),
    said({}).replace("1.5", `-${"9".repeat(4000)}`),
    said({}).replace("1.5", "9".repeat(9000)),
    said({ rules: "A" }),
    said({ rules: ["a"] }),
    said({ rules: ["A\n"] }),
    said({ rules: [1] }),
    said({ rules: ["A".repeat(65)] }),
    said({ rules: Array(401).fill("A") }),
    said({ reason: "a\r\nFrom: x" }),
    said({ reason: "\u00e4" }),
    said({ reason: "\ud800" }),
    said({ reason: "a".repeat(201) }),
    said({ reason: 1 }),
  ];

  test("is none where it has another form, and never harms the judge", () => {
    const words = read(LIES);
    expect(LIES.filter((_, n) => words[n] !== null).map((lie) => lie.slice(0, 80))).toEqual([]);
  });

  test("of rspamd is none where it has another form", () => {
    const lies = [
      { symbols: {} },
      { action: "delete", score: 1, symbols: {} },
      { action: [], score: 1, symbols: {} },
      { action: "reject", score: 1, symbols: [] },
      { action: "reject", symbols: {} },
    ];
    const texts = lies.map((lie) => JSON.stringify(lie));
    expect(read(texts, "of_rspamd")).toEqual(texts.map(() => null));
  });
});

describe("the header lines of the judge", () => {
  test("are folded, and none is blank, whatever the scanner says", () => {
    const found = judge<string[]>(`
from judge import headers
from judge.verdict import Verdict, NONE, not_analysed
rules = tuple("R" * 64 for _ in range(40))
reasons = ["", " " * 200, "a" * 200, "a b " * 50, "x" + " " * 198 + "y", ",,, ," * 40]
verdicts = [Verdict(w, s, r, t) for w in ("ham", "high spam", "virus") for s in (None, -1.25) for r in ((), ("A",), rules) for t in reasons]
verdicts += [not_analysed(t) for t in reasons]
result = [headers.of(v, n).decode("ascii") for v in verdicts for n in ("", "the quarantine is full")]
assert headers.of(NONE) == b""
`);
    for (const lines of found) {
      expect(lines).toMatch(/^X-[^\r\n]*(\r\n[^\r\n]+)*\r\n$/);
      for (const line of lines.split("\r\n").slice(0, -1)) {
        expect(line).toMatch(/^(X-[\w-]+:| )[^\r\n]*\S[^\r\n]*$/);
        expect(line.length).toBeLessThanOrEqual(/[^ ]{60,}/.test(line) ? 998 : 78);
      }
    }
  });

  test("say what was found", () => {
    const [spam, not] = judge<string[]>(`
from judge import headers
from judge.verdict import Verdict, not_analysed
spam = headers.of(Verdict("spam", 7.25, ("A", "B_C"), "x"), "a note")
result = [h.decode() for h in (spam, headers.of(not_analysed("")))]
`);
    expect(spam).toBe(
      "X-Spam-Status: Yes, score=7.2\r\nX-Backup-MX: spam; score=7.2; tests=A, B_C; x; a note\r\n",
    );
    expect(not).toBe("X-Spam-Status: Unknown\r\nX-Backup-MX: not scanned (no verdict)\r\n");
  });
});

describe("the content of a mail", () => {
  test.each([1000, 200_000])("of %d bytes is read by several at once, each as a whole", (size) => {
    const found = judge<boolean[]>(
      `
import itertools, os, tempfile
from judge.mail import Mail
mail = Mail(tempfile.gettempdir(), b"MAIL FROM:<>", b"")
text = b"".join(b"%d\\r\\n" % n for n in range(given))[:given]
for begin in range(0, len(text), 30_000):
    mail.content.write(text[begin:begin + 30_000])
readers = [mail.wire(), mail.text(), mail.wire()]
found = [b"", b"", b""]
for blocks in itertools.zip_longest(*readers, fillvalue=b""):
    for number, block in enumerate(blocks):
        found[number] += block
    # Whoever asks for its size moves nobody.
    assert mail.size == mail.copy_size == given
result = [one == text for one in found]
mail.close()
try:
    list(mail.wire())
except ValueError:
    result.append("closed")
`,
      size,
    );
    expect(found).toEqual([true, true, true, "closed"]);
  });
});

describe("the time that a mail may be in the judge's hands", () => {
  const MASTER = readFileSync(join(__dirname, "../../../../lib/host/postfix/master.cf"), "utf8");
  const longest = (timeLimit: string) =>
    judge<number>("from judge import settings\nresult = settings.of(given).longest", {
      ...JUDGE_SECTION,
      clamAv: true,
      timeLimit,
    });

  test.each(["60s", "10m"])("with a limit of %s ends before Postfix hangs up", (timeLimit) => {
    for (const name of ["lmtp_data_init_timeout", "lmtp_data_done_timeout"]) {
      const [, seconds] = new RegExp(`^ +-o ${name}=(\\d+)s$`, "m").exec(MASTER) ?? [];
      expect(longest(timeLimit)).toBeGreaterThan(300);
      expect(longest(timeLimit)).toBeLessThan(Number(seconds));
    }
  });
});

describe("a mail of which hop 2's answer never came", () => {
  test("waits for the log no longer than that takes, also when the clock was set back", () => {
    const seconds = judge<number>(
      `
import asyncio, time
from types import SimpleNamespace
from judge import doubt, judging

async def shows_nothing(*_):
    return False

doubt.SETTLED, doubt.was_taken = 0.2, shows_nothing
its = SimpleNamespace(doubtful=0, say=lambda text: None)
begin = time.monotonic()
days_ahead = time.time() + 2 * 86400
asyncio.run(asyncio.wait_for(judging.Judging._was_taken(its, SimpleNamespace(queue_id="A"), [days_ahead]), 60))
result = time.monotonic() - begin
`,
    );
    expect(seconds).toBeGreaterThanOrEqual(0.19);
    expect(seconds).toBeLessThan(50);
  });
});
