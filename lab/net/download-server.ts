import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventually } from "../process/eventually";
import type { NetworkHost } from "./network";

/** A web server of the lab that stands in for a public one, under its name and by HTTPS. */
export class DownloadServer {
  /**
   * @param name the public name
   * @param files what it has, by path
   */
  static async start(
    host: NetworkHost,
    name: string,
    files: Readonly<Record<string, Buffer>>,
  ): Promise<DownloadServer> {
    const folder = mkdtempSync(join(tmpdir(), "download-server-"));
    const certificate = join(folder, "certificate.pem");
    const key = join(folder, "key.pem");
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    openssl(
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key],
      ...["-out", certificate, "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    );
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, "files", path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    const hash = openssl("x509", "-hash", "-noout", "-in", certificate).trim();
    const [command, ...args] = host.command(
      ...["openssl", "s_server", "-quiet", "-WWW", "-accept", "443"],
      ...["-cert", certificate, "-key", key],
    );
    const process = spawn(command, args, { cwd: join(folder, "files"), stdio: "ignore" });
    await eventually(() => / 0\.0\.0\.0:443 |\*:443 /.test(host.run("ss", "-Hltn")));
    return new DownloadServer(folder, process, hash, readFileSync(certificate, "utf8"));
  }

  private constructor(
    private readonly folder: string,
    private readonly process: ChildProcess,
    private readonly hash: string,
    /** What its clients have to trust. */
    readonly certificate: string,
  ) {}

  /** Where a Debian keeps a certificate that it trusts. */
  get trustPath(): string {
    return `/etc/ssl/certs/${this.hash}.0`;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill();
      await ended;
    }
    rmSync(this.folder, { recursive: true });
  }
}
