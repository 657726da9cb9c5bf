import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { eventually } from "../process/eventually";

/**
 * Names with their records as a zone file writes them, such as `MX 10 mx1.example.com`.
 * The lone word `SERVFAIL` breaks the name and all below it.
 */
export type DnsRecords = Readonly<Record<string, readonly string[]>>;

export interface DnsQuery {
  readonly client: string;
  readonly name: string;
  readonly type: string;
}

/**
 * The only name server of a lab: a real unbound that answers from a table and never asks anybody.
 * A name that is not in the table does not exist. Every address gets a reverse record with the
 * first name that has it. To make the whole server vanish, unplug its host.
 */
export class DnsServer {
  static async start(host: NetworkHost, records: DnsRecords): Promise<DnsServer> {
    const folder = mkdtempSync(join(tmpdir(), "dns-server-"));
    const file = join(folder, "unbound.conf");
    writeFileSync(file, configuration(host, records));
    const [command, ...args] = host.command("unbound", "-d", "-c", file);
    const unbound = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const server = new DnsServer(host, folder, file, unbound);
    await server.hasStarted(1);
    return server;
  }

  private log = "";

  private constructor(
    private readonly host: NetworkHost,
    private readonly folder: string,
    private readonly file: string,
    private readonly unbound: ChildProcess,
  ) {
    unbound.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
  }

  get address(): string {
    return this.host.address;
  }

  /** Publishes other records in place of those before. */
  async set(records: DnsRecords): Promise<void> {
    const starts = this.starts();
    writeFileSync(this.file, configuration(this.host, records));
    this.unbound.kill("SIGHUP");
    await this.hasStarted(starts + 1);
  }

  /** What it has been asked so far, oldest first. */
  queries(): DnsQuery[] {
    const queries = this.log.matchAll(/ info: (\S+) (\S+)\. (\S+) IN$/gm);
    return [...queries].map(([, client, name, type]) => ({ client, name, type }));
  }

  async stop(): Promise<void> {
    if (this.unbound.exitCode === null) {
      const ended = once(this.unbound, "exit");
      this.unbound.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  private starts(): number {
    return this.log.split("start of service").length - 1;
  }

  private async hasStarted(times: number): Promise<void> {
    await eventually(() => {
      if (this.unbound.exitCode !== null) {
        throw new Error(`unbound ended: ${this.log}`);
      }
      return this.starts() >= times;
    });
  }
}

function configuration(host: NetworkHost, records: DnsRecords): string {
  const data: string[] = [];
  const broken: string[] = [];
  const named = new Set<string>();
  for (const [name, values] of Object.entries(records)) {
    for (const value of values) {
      if (value === "SERVFAIL") {
        broken.push(name);
        continue;
      }
      data.push(`local-data: '${name} ${value}'`);
      const [type, address] = value.split(" ");
      if ((type === "A" || type === "AAAA") && !named.has(address)) {
        named.add(address);
        data.push(`local-data-ptr: '${address} ${name}'`);
      }
    }
  }
  return `
server:
  interface: ${host.address}
  access-control: 0.0.0.0/0 allow
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  log-queries: yes
  num-threads: 1
  # Without a validator there is no trust anchor to look for.
  module-config: "iterator"
  # The root itself is served from the table: what is not in it does not exist.
  local-zone: "." static
  ${broken.map((name) => `local-zone: "${name}" transparent`).join("\n  ")}
  ${data.join("\n  ")}
remote-control:
  control-enable: no
# A name that is forwarded to where unbound does not go is answered with SERVFAIL at once.
${broken.map((name) => `forward-zone:\n  name: "${name}"\n  forward-addr: 127.0.0.1`).join("\n")}
`;
}
