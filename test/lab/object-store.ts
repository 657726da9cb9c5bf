import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eventually } from "./eventually";
import type { NetworkHost } from "./network";

const TSX = resolve(__dirname, "../../node_modules/tsx/dist/loader.mjs");

/** A server of the lab in a process of its own. */
class Service {
  printed = "";
  private readonly process: ChildProcess;

  constructor(host: NetworkHost, script: string, ...args: string[]) {
    const file = join(__dirname, script);
    const [command, ...rest] = host.command(process.execPath, "--import", TSX, file, ...args);
    this.process = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.printed += text;
    });
  }

  async hasStarted(): Promise<this> {
    await eventually(() => this.printed.includes("ready"), 30);
    return this;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill();
      await ended;
    }
  }
}

/** What EC2 tells an instance of itself, at the address where every instance finds it. */
export async function metadataService(instance: NetworkHost): Promise<Service> {
  const address = "169.254.169.254";
  instance.run("ip", "address", "add", `${address}/32`, "dev", "lo");
  return new Service(instance, "metadata-server.ts", address).hasStarted();
}

/** A bucket of S3 under its own name, by HTTPS, that checks who asks. */
export class ObjectStore {
  static async start(host: NetworkHost, bucket: string): Promise<ObjectStore> {
    const folder = mkdtempSync(join(tmpdir(), "object-store-"));
    const [certificate, key] = ["certificate.pem", "key.pem"].map((name) => join(folder, name));
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    openssl(
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key],
      ...["-out", certificate, "-subj", "/CN=s3", "-addext", `subjectAltName=DNS:${bucket}`],
    );
    const hash = openssl("x509", "-hash", "-noout", "-in", certificate).trim();
    const args = [host.address, bucket, certificate, key, folder];
    const service = await new Service(host, "object-store-server.ts", ...args).hasStarted();
    return new ObjectStore(folder, service, hash, readFileSync(certificate, "utf8"));
  }

  private constructor(
    private readonly folder: string,
    private readonly service: Service,
    private readonly hash: string,
    /** What its clients have to trust. */
    readonly certificate: string,
  ) {}

  /** Where a Debian keeps a certificate that it trusts. */
  get trustPath(): string {
    return `/etc/ssl/certs/${this.hash}.0`;
  }

  /** How often it was asked, by who may. */
  get reads(): number {
    return this.service.printed.split("allowed GET").length - 1;
  }

  put(name: string, content: string): void {
    rmSync(join(this.folder, `${name}.cut`), { force: true });
    writeFileSync(join(this.folder, name), content);
  }

  /** From now on the connection breaks when half of the object is through. */
  cut(name: string): void {
    const content = readFileSync(join(this.folder, name), "utf8");
    writeFileSync(join(this.folder, `${name}.cut`), content.slice(0, content.length / 2));
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
