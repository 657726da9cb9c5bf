import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";

const HOST = resolve(__dirname, "../../../../lib/host");
const FILTER = "judge:unix:/run/backup-mx-judge/lmtp";

/** Whether a mail with this beginning of its file waits for a verdict, and its id in hop 1. */
const ENVELOPE = `
import sys
sys.path[:0] = sys.argv[1:]
import queued
filtered, ident = queued.envelope(sys.stdin.buffer.read())
print(filtered == queued.FILTER, ident.decode("latin-1"))
`;

/** A record of a queue file: a letter, the length by seven bits a byte, and the text. */
function record(letter: string, text: string): Buffer {
  const length: number[] = [];
  let left = text.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(letter), Buffer.from(length), Buffer.from(text, "latin1")]);
}

const BEGIN = [record("C", " ".repeat(95)), record("T", "1795713377 250997")];
const IDENT = record("A", "log_ident=4jb39Y1sTszw");
const SENDER = record("S", "someone@sender.example");

function envelope(...records: Buffer[]): string {
  const folders = [join(HOST, "command"), HOST];
  const input = Buffer.concat(records);
  return execFileSync("python3", ["-B", "-c", ENVELOPE, ...folders], { input, encoding: "utf8" });
}

test.each<[string, Buffer[], string]>([
  ["hop 1 has stamped", [...BEGIN, record("L", FILTER), IDENT, SENDER], "True 4jb39Y1sTszw\n"],
  ["hop 2 has taken", [...BEGIN, IDENT, SENDER], "False 4jb39Y1sTszw\n"],
  ["has another filter", [...BEGIN, record("L", "scan:[127.0.0.1]:10024"), SENDER], "False \n"],
  [
    "has a filter behind much else",
    [...BEGIN, record("A", "a".repeat(3000)), record("L", FILTER), SENDER],
    "True \n",
  ],
  [
    "was sent by who names the filter",
    [...BEGIN, record("A", `helo=L$${FILTER}`), record("S", `L$${FILTER}`), record("L", FILTER)],
    "False \n",
  ],
  ["names an id as its sender", [...BEGIN, record("S", "log_ident=x"), IDENT], "False \n"],
  ["is cut off in a record", [...BEGIN, record("L", FILTER).subarray(0, 20)], "False \n"],
  ["is cut off in a length", [...BEGIN, Buffer.from([0x41, 0x80])], "False \n"],
  ["has a length without end", [...BEGIN, Buffer.from("L"), Buffer.alloc(4000, 0xff)], "False \n"],
  ["is empty", [], "False \n"],
  ["is no queue file", [Buffer.alloc(4096)], "False \n"],
])("a mail whose file %s", (_, records, told) => {
  expect(envelope(...records)).toBe(told);
});
