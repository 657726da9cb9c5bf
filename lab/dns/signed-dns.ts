import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { eventually } from "../process/eventually";
import type { DnsRecords } from "./dns-server";

/**
 * A DNS of its own, from the root down, in one signed zone. Who validates has to know its root:
 * where it is, and its key.
 */
export class SignedDns {
  /**
   * @param records as for `DnsServer`, but for SERVFAIL; `NS` leads to another server, unsigned
   * @param forged records that take the place of signed ones after the signatures were made
   */
  static async start(
    host: NetworkHost,
    records: DnsRecords,
    forged: DnsRecords = {},
  ): Promise<SignedDns> {
    const folder = mkdtempSync(join(tmpdir(), "signed-dns-"));
    const zone = [
      ". 60 IN SOA root. nobody. 1 60 60 60 60",
      ". 60 IN NS root.",
      `root. 60 IN A ${host.address}`,
      ...lines(records),
      "",
    ];
    writeFileSync(join(folder, "zone"), zone.join("\n"));
    const ldns = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: folder, encoding: "utf8" }).trim();
    const key = ldns("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", ".");
    ldns("ldns-signzone", "-f", "signed", "zone", key);
    const signed = readFileSync(join(folder, "signed"), "utf8").split("\n");
    const isForged = (line: string) =>
      Object.entries(forged).some(([name, values]) =>
        values.some((value) =>
          new RegExp(`^${name}\\.\\s+60\\s+IN\\s+${value.split(" ")[0]}\\s`).test(line),
        ),
      );
    const served = [...signed.filter((line) => !isForged(line)), ...lines(forged), ""];
    writeFileSync(join(folder, "signed"), served.join("\n"));
    writeFileSync(join(folder, "unbound.conf"), configuration(host, folder));
    const [command, ...args] = host.command("unbound", "-d", "-c", join(folder, "unbound.conf"));
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
    return new SignedDns(host, folder, unbound, readFileSync(join(folder, `${key}.ds`), "utf8"));
  }

  private constructor(
    readonly host: NetworkHost,
    private readonly folder: string,
    private readonly unbound: ChildProcess,
    /** The key of the root, as a DS record. */
    readonly anchor: string,
  ) {}

  /** Where the root is, as a zone file. */
  get hints(): string {
    return `. 3600 IN NS root.\nroot. 3600 IN A ${this.host.address}\n`;
  }

  async stop(): Promise<void> {
    if (this.unbound.exitCode === null && this.unbound.signalCode === null) {
      const ended = once(this.unbound, "exit");
      this.unbound.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function lines(records: DnsRecords): string[] {
  // In a zone file a name without a dot at its end would go on.
  const absolute = (value: string) => value.replace(/^((MX \d+|NS|CNAME) \S*[^.])$/, "$1.");
  return Object.entries(records).flatMap(([name, values]) =>
    values.map((value) => `${name}. 60 IN ${absolute(value)}`),
  );
}

function configuration(host: NetworkHost, folder: string): string {
  return `
server:
  interface: ${host.address}
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  module-config: "iterator"
auth-zone:
  name: "."
  zonefile: "${join(folder, "signed")}"
  for-downstream: yes
  for-upstream: no
remote-control:
  control-enable: no
`;
}
