import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { eventually } from "../process/eventually";
import type { SignedDns } from "./signed-dns";

/** A real unbound on the loopback of a host, which knows the root of a lab. */
export class ValidatingResolver {
  readonly address = "127.0.0.1";

  /** @param configuration what the host has in a file of its own */
  static async start(
    host: NetworkHost,
    dns: SignedDns,
    configuration: string,
  ): Promise<ValidatingResolver> {
    const folder = mkdtempSync(join(tmpdir(), "resolver-"));
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const hints = file("hints", dns.hints);
    const anchor = file("anchor", dns.anchor);
    const lab =
      'server:\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n logfile: ""\n verbosity: 1\n' +
      ` root-hints: "${hints}"\n trust-anchor-file: "${anchor}"\n` +
      "remote-control:\n control-enable: no\n";
    const main = file("unbound.conf", lab + configuration);
    const [command, ...args] = host.command("unbound", "-d", "-c", main);
    const unbound = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    unbound.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    await eventually(() => {
      if (unbound.exitCode !== null) {
        throw new Error(`unbound ended: ${log}`);
      }
      return log.includes("start of service");
    });
    return new ValidatingResolver(folder, unbound);
  }

  private constructor(
    private readonly folder: string,
    private readonly unbound: ChildProcess,
  ) {}

  async stop(): Promise<void> {
    if (this.unbound.exitCode === null && this.unbound.signalCode === null) {
      const ended = once(this.unbound, "exit");
      this.unbound.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
