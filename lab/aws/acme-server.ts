import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { eventually } from "../process/eventually";

/** A certificate authority of the lab: Pebble, the test server of Let's Encrypt's makers. */
export class AcmeServer {
  private readonly folder = mkdtempSync(join(tmpdir(), "acme-server-"));
  /** What its clients have to trust, to speak to it. */
  readonly certificate: string;
  private pebble?: ChildProcess;
  private said = "";

  /**
   * @param name the name that it is asked under
   * @param nameserver the address of the DNS server by which it checks a proof
   */
  constructor(
    private readonly host: NetworkHost,
    private readonly name: string,
    private readonly nameserver: string,
  ) {
    const [certificate, privateKey] = ["certificate.pem", "key.pem"].map((file) =>
      join(this.folder, file),
    );
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", privateKey],
        ...["-out", certificate, "-subj", `/CN=${name}`, "-addext"],
        `subjectAltName=DNS:${name},IP:${host.address}`,
      ],
      { stdio: "pipe" },
    );
    this.certificate = readFileSync(certificate, "utf8");
    const pebble = {
      listenAddress: "0.0.0.0:443",
      managementListenAddress: "0.0.0.0:15000",
      certificate,
      privateKey,
      httpPort: 5002,
      tlsPort: 5001,
      ocspResponderURL: "",
      certificateValidityPeriod: 90 * 24 * 3600,
    };
    writeFileSync(join(this.folder, "pebble.json"), JSON.stringify({ pebble }));
  }

  get directoryUrl(): string {
    return `https://${this.name}/dir`;
  }

  /** Begins to sign; nobody answers before. It has new keys each time. */
  async start(): Promise<void> {
    const [command, ...args] = this.host.command(
      ...["setpriv", "--pdeathsig", "KILL", "pebble", "-strict"],
      ...["-config", join(this.folder, "pebble.json"), "-dnsserver", `${this.nameserver}:53`],
    );
    const env = { ...process.env, PEBBLE_VA_NOSLEEP: "1" };
    const pebble = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [pebble.stdout, pebble.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.said += text;
      });
    }
    this.pebble = pebble;
    await eventually(() => {
      if (pebble.exitCode !== null) {
        throw new Error(`pebble ended: ${this.said}`);
      }
      return / 0\.0\.0\.0:443 |\*:443 /.test(this.host.run("ss", "-Hltn"));
    });
  }

  /** The root of the certificates that it signs. */
  root(): string {
    return this.host.run(
      ...["curl", "--silent", "--fail", "--cacert", join(this.folder, "certificate.pem")],
      `https://${this.host.address}:15000/roots/0`,
    );
  }

  get address(): string {
    return this.host.address;
  }

  async stop(): Promise<void> {
    if (this.pebble?.exitCode === null) {
      const ended = once(this.pebble, "exit");
      this.pebble.kill();
      await ended;
    }
    this.pebble = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
