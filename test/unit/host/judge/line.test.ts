import { inPython } from "../../../support/part";

/**
 * The line of mails before guests that do as the name of a mail says: "hang", "break", "gone" (and
 * the guest is down from then on), "busy" (for a while), or a verdict at once.
 */
const inLine = <T>(lines: string) =>
  inPython<T>(
    ["host"],
    `
import asyncio, time
from types import SimpleNamespace
from judge import guest as guests
from judge.line import Line, Overloaded, Poison

class Stub(guests.Guest):
    def __init__(self, places=1):
        super().__init__("stub", None, places, None, lambda text: None)
        self.asked, self.restarts = [], 0
        self._becomes("up")
    async def watch(self):
        await asyncio.Event().wait()
    async def judge(self, mail, name):
        self.asked.append(mail.queue_id)
        mood = mail.queue_id.rstrip("0123456789")
        if mood == "hang":
            await asyncio.Event().wait()
        if mood == "break":
            raise guests.Broken("it broke")
        if mood == "gone":
            self._becomes("down", "nobody listens")
            raise guests.Gone("nobody listens")
        if mood == "unready":
            await asyncio.sleep(0.05)
            raise guests.Gone("it is not ready")
        if mood == "busy":
            await asyncio.sleep(0.05)
        return "ham"
    def lost(self, reason, patience=0):
        pass
    async def restart(self, why):
        self.restarts += 1

def mail(name, network="192.0.2"):
    return SimpleNamespace(queue_id=name, network=network)

async def fate(line, name, network="192.0.2", patience=5.0):
    begin = time.monotonic()
    try:
        said = await line.judge(mail(name, network), name, patience)
    except (guests.Gone, Overloaded, Poison) as error:
        said = f"{type(error).__name__} {error}".strip()
    return [said, time.monotonic() - begin]

async def run(stubs, main):
    line = Line(stubs, SimpleNamespace(time_limit=0.4, first_limit=0.2), lambda text: None)
    line.start()
    try:
        return await main(line)
    finally:
        await line.stop()

${lines}
`,
  );

describe("mail that waits for a scanner", () => {
  test("goes back at once when the scanner goes away with it in hand", () => {
    const [[said, seconds]] = inLine<[string, number][]>(`
stub = Stub()
result = asyncio.run(run([stub], lambda line: asyncio.gather(fate(line, "gone", patience=60.0))))
`);
    expect(said).toBe("Gone nobody listens");
    // Not when its patience ends.
    expect(seconds).toBeLessThan(30);
  });

  test("goes back when nobody is there to take it, and when its turn does not come", () => {
    const [[gone, seconds], [late]] = inLine<[string, number][]>(`
stub = Stub()
async def main(line):
    stub._becomes("down", "nobody listens")
    gone = await asyncio.wait_for(fate(line, "ham", patience=60.0), 30)
    stub._becomes("up")
    flood = [asyncio.create_task(fate(line, f"busy{n}")) for n in range(60)]
    await asyncio.sleep(0)
    late = await asyncio.wait_for(fate(line, "ham", patience=0.5), 30)
    await asyncio.gather(*flood)
    return [gone, late]
result = asyncio.run(run([stub], main))
`);
    expect(gone).toBe("Gone nobody listens");
    expect(seconds).toBeLessThan(30);
    expect(late).toBe("Overloaded");
  });

  test("waits no longer than its patience for one that never takes it", () => {
    const [[said]] = inLine<[string, number][]>(`
stub = Stub()
async def main(line):
    return [await asyncio.wait_for(fate(line, "unready", patience=1.5), 60)]
result = asyncio.run(run([stub], main))
`);
    expect(said).toBe("Overloaded");
  });

  test("of networks that send little passes the one that sends much", () => {
    const asked = inLine<string[]>(`
stub = Stub()
async def main(line):
    flood = [fate(line, f"busy{n}", "198.51.100") for n in range(20)]
    others = [fate(line, f"ham{n}", f"192.0.{n}") for n in range(5)]
    await asyncio.gather(*flood, *others)
    return stub.asked
result = asyncio.run(run([stub], main))
`);
    expect(asked).toHaveLength(25);
    const last = Math.max(...asked.flatMap((name, at) => (name.startsWith("ham") ? [at] : [])));
    expect(last).toBeLessThan(7);
  });

  test("that breaks it has one more try, alone, and then none", () => {
    const [fates, asked, bad] = inLine<[[string, number][], string[], number]>(`
stubs = [Stub(), Stub()]
async def main(line):
    names = ["break1", "ham1", "hang1", "ham2", "break2", "ham3"]
    fates = await asyncio.gather(*(fate(line, name) for name in names))
    return fates, sorted(stubs[0].asked + stubs[1].asked), len(line.bad)
result = asyncio.run(run(stubs, main))
`);
    expect(fates.map(([said]) => said)).toEqual([
      "Poison it broke",
      "ham",
      expect.stringMatching(/^Poison the scanner took more than/),
      "ham",
      "Poison it broke",
      "ham",
    ]);
    expect(asked).toEqual(
      ["break1", "break1", "break2", "break2", "hang1", "hang1", "ham1", "ham2", "ham3"].sort(),
    );
    expect(bad).toBe(0);
  });

  test("before bad mail waits for one bad mail, not for all of them", () => {
    const asked = inLine<string[]>(`
stub = Stub()
async def main(line):
    bad = [asyncio.create_task(fate(line, f"hang{n}", patience=0.5)) for n in range(6)]
    while len(line.bad) < 2:
        await asyncio.sleep(0.01)
    good = [fate(line, f"ham{n}", f"192.0.{n}") for n in range(3)]
    await asyncio.gather(*good)
    asked = list(stub.asked)
    await asyncio.gather(*bad)
    return asked
result = asyncio.run(run([stub], main))
`);
    // Whoever had its turn when they came, and the second tries of two.
    expect(asked.filter((name) => name.startsWith("hang")).length).toBeLessThanOrEqual(7);
  });
});
