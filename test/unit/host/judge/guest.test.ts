import { inPython } from "../../../support/part";

/** A scanner that does not answer, as the judge sees it, and an hour that passes in a second. */
const scanner = <T>(lines: string) =>
  inPython<T>(
    ["host"],
    `
import asyncio, os, tempfile
from judge import clamd, guest

guest.START_SECONDS = clamd.START_SECONDS = 0.5
guest.CLOSED_SECONDS = 0.2
guest.HANG_SECONDS = clamd.HANG_SECONDS = 0.3
guest.PING_SECONDS = clamd.PING_SECONDS = 0.1
restarts = []
async def restart(name, say):
    restarts.append(name)
guest.restart.restart = restart
PATH = os.path.join(tempfile.mkdtemp(), "socket")

async def hang(reader, writer):
    try:
        await reader.read()
    finally:
        writer.close()

async def watched(one, seconds, listens):
    server = await asyncio.start_unix_server(hang, PATH) if listens else None
    watching = asyncio.create_task(one.watch())
    await asyncio.sleep(seconds)
    watching.cancel()
    if server:
        server.close()

${lines}
`,
  );

describe("a scanner that does not answer", () => {
  test("is restarted, also while it has no mail in hand, and is down until it answers", () => {
    const [restarts, state] = scanner<[string[], string]>(`
async def main():
    one = guest.Guest("rspamd", PATH, 8, None, lambda text: None)
    await watched(one, 4, listens=True)
    return restarts[:1], one.state
result = asyncio.run(main())
`);
    expect(restarts).toEqual(["rspamd"]);
    expect(state).toBe("down");
  });

  test("is restarted soon where it was up before, and hangs without mail", () => {
    const [restarts, state] = scanner<[string[], string]>(`
guest.START_SECONDS = 60
async def main():
    one = guest.Guest("rspamd", PATH, 8, None, lambda text: None)
    one._becomes("up")
    await watched(one, 4, listens=True)
    return restarts, one.state
result = asyncio.run(main())
`);
    // Once: from then on it has the time of one that starts.
    expect(restarts).toEqual(["rspamd"]);
    expect(state).toBe("starting");
  });

  test("is left to systemd where nobody listens, and is down soon", () => {
    const [restarts, state] = scanner<[string[], string]>(`
guest.START_SECONDS = 60
async def main():
    one = guest.Guest("rspamd", PATH, 8, None, lambda text: None)
    await watched(one, 2.5, listens=False)
    return restarts, one.state
result = asyncio.run(main())
`);
    expect(restarts).toEqual([]);
    expect(state).toBe("down");
  });

  test("is restarted soon as ClamAV, too, where it was up before", () => {
    const restarts = scanner<string[]>(`
clamd.START_SECONDS = 60
async def main():
    one = clamd.Clamd(10, lambda text: None, PATH)
    asked = 0
    async def ask(command, blocks):
        nonlocal asked
        asked += 1
        if asked == 1:
            return b"PONG"
        await asyncio.Event().wait()
    one._ask = ask
    watching = asyncio.create_task(one.watch(rest=0.1))
    await asyncio.sleep(3)
    watching.cancel()
    return restarts
result = asyncio.run(main())
`);
    // Once: from then on it has the time of one that starts.
    expect(restarts).toEqual(["clamav"]);
  });

  test("is restarted as ClamAV, and mail waits for it meanwhile", () => {
    const [restarts, said] = scanner<[string[], string]>(`
async def main():
    one = clamd.Clamd(10, lambda text: None, PATH)
    await watched(one, 3, listens=True)
    try:
        await one.judge(None, 1)
    except guest.Gone as error:
        return restarts[:1], str(error)
result = asyncio.run(main())
`);
    expect(restarts).toEqual(["clamav"]);
    expect(said).toBe("the virus scanner does not answer");
  });
});
