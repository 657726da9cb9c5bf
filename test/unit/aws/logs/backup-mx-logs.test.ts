import { resolve } from "node:path";
import { execute } from "../../../../lab/process/execution";
import { describeWith, program } from "../../../support/requirements";

const PROGRAM = resolve(__dirname, "../../../../lib/aws/logs/backup-mx-logs");

/** What the program would send of a journal: the messages of each batch, and the cursor behind. */
async function batches(entries: object[]): Promise<{ messages: string[]; cursor: string }[]> {
  const { stdout, stderr } = await execute(
    [
      ...["python3", "-c"],
      "import json, runpy, sys\n" +
        "program = runpy.run_path(sys.argv[1])\n" +
        "for events, cursor in program['batches'](map(json.loads, sys.stdin)):\n" +
        "  messages = [event['message'] for event in events]\n" +
        "  print(json.dumps({'messages': messages, 'cursor': cursor}))",
      PROGRAM,
    ],
    { input: entries.map((entry) => `${JSON.stringify(entry)}\n`).join("") },
  );
  expect(stderr).toBe("");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const HOUR = 3600 * 1_000_000;
const entry = (cursor: number, message: unknown, microseconds = 0) => ({
  __CURSOR: `c${cursor}`,
  __REALTIME_TIMESTAMP: String(1_790_000_000_000_000 + microseconds),
  SYSLOG_IDENTIFIER: "postfix/smtpd",
  _PID: "7",
  MESSAGE: message,
});

// Limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
describeWith([program("python3", "python3")], "what is sent of the journal at once", () => {
  test("is nothing where nothing is new", async () => {
    expect(await batches([])).toEqual([]);
  });

  test("says who wrote it", async () => {
    expect(await batches([entry(1, "connect from unknown")])).toEqual([
      { messages: ["postfix/smtpd[7]: connect from unknown"], cursor: "c1" },
    ]);
  });

  test("are 10,000 lines at most", async () => {
    const sent = await batches(Array.from({ length: 20_001 }, (_, n) => entry(n, `line ${n}`)));
    expect(sent.map(({ messages, cursor }) => [messages.length, cursor])).toEqual([
      [10_000, "c9999"],
      [10_000, "c19999"],
      [1, "c20000"],
    ]);
  });

  test("is one MiB at most, counted in bytes and with what AWS adds to each line", async () => {
    const sent = await batches(Array.from({ length: 30 }, (_, n) => entry(n, "ü".repeat(50_000))));
    // 100,018 bytes of a line and 26: ten of them fit.
    expect(sent.map(({ messages }) => messages.length)).toEqual([10, 10, 10]);
  });

  test("has no line over 256 KiB, nor a character cut in two", async () => {
    const [{ messages }] = await batches([entry(1, "ü".repeat(200_000))]);
    expect(Buffer.byteLength(messages[0])).toBeLessThanOrEqual(256 * 1024 - 26);
    expect(messages[0]).toMatch(/^postfix\/smtpd\[7\]: ü{130000,}$/);
  });

  test("spans less than a day, also where the clock was set back", async () => {
    const sent = await batches([
      entry(1, "a"),
      entry(2, "b", 23 * HOUR),
      entry(3, "c", 24 * HOUR),
      entry(4, "d", -1 * HOUR),
      entry(5, "e", 0),
    ]);
    expect(sent.map(({ cursor }) => cursor)).toEqual(["c2", "c3", "c5"]);
  });

  test("survives what is no text", async () => {
    const sent = await batches([
      entry(1, null),
      entry(2, [104, 105, 255]),
      entry(3, ["twice", [104, 105]]),
      { ...entry(4, "no name"), SYSLOG_IDENTIFIER: undefined, _PID: undefined },
    ]);
    expect(sent[0].messages).toEqual([
      "postfix/smtpd[7]: ",
      "postfix/smtpd[7]: hi�",
      "postfix/smtpd[7]: twice\nhi",
      ": no name",
    ]);
  });
});
