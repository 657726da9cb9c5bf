import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk that outlives the machines that it is attached to: a loop device on a sparse file. */
export class Disk {
  private readonly folder = mkdtempSync(join(tmpdir(), "disk-"));
  private readonly file = join(this.folder, "disk.img");
  private readonly devices: string[] = [];

  /** A blank one. */
  constructor(bytes: number) {
    writeFileSync(this.file, "");
    truncateSync(this.file, bytes);
  }

  /** The block device. Each time another one: two machines see one disk by two paths. */
  attach(): string {
    const device = this.run("losetup", "--find", "--show", this.file).trim();
    this.devices.push(device);
    return device;
  }

  /** Takes a device away from a machine that is off. */
  detach(device: string): void {
    this.run("losetup", "--detach", device);
    this.devices.splice(this.devices.indexOf(device), 1);
  }

  /** Runs a program of the machine to its end and returns what it printed. */
  run(command: string, ...args: string[]): string {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** The file with the content of the disk. */
  get path(): string {
    return this.file;
  }

  remove(): void {
    for (const device of [...this.devices]) {
      this.detach(device);
    }
    rmSync(this.folder, { recursive: true });
  }
}
