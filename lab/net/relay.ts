import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "./network";

/**
 * A port of a host in the lab, answered by a server in the test's process. The lab has no way out:
 * each connection is handed over through a socket file.
 */
export class Relay {
  static async open(host: NetworkHost, port: number, server: Server): Promise<Relay> {
    const folder = mkdtempSync(join(tmpdir(), "relay-"));
    const socket = join(folder, "socket");
    server.listen(socket);
    await once(server, "listening");
    const [file, ...args] = host.command(
      // Ends with the tests even if they are killed.
      ...["setpriv", "--pdeathsig", "KILL"],
      ...["socat", "-d", "-d", `TCP-LISTEN:${port},fork,reuseaddr`, `UNIX-CONNECT:${socket}`],
    );
    const socat = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    const stderr = socat.stderr as NodeJS.ReadableStream;
    const [said] = await once(stderr, "data");
    if (!String(said).includes("listening on")) {
      throw new Error(`socat does not listen: ${said}`);
    }
    stderr.resume();
    return new Relay(folder, server, socat);
  }

  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    private readonly socat: ChildProcess,
  ) {}

  async close(): Promise<void> {
    if (this.socat.exitCode === null && this.socat.kill()) {
      await once(this.socat, "exit");
    }
    this.server.close();
    await rm(this.folder, { recursive: true });
  }
}
