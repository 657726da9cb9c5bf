import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { run } from "../net/network";

const SERVER = join(__dirname, "unsafe-disk-server.ts");
const TSX = resolve(__dirname, "../../node_modules/tsx/dist/loader.mjs");

/**
 * A disk whose power can be cut. Its cache holds what no flush has made safe, and at a cut any part
 * of that may be gone. It is a loop device on a file that a process of its own serves.
 */
export class UnsafeDisk {
  /** A blank one. */
  static create(bytes: number): UnsafeDisk {
    const folder = mkdtempSync(join(tmpdir(), "unsafe-disk-"));
    for (const name of ["safe", "seen", "disk"]) {
      writeFileSync(join(folder, name), "");
      truncateSync(join(folder, name), bytes);
    }
    const fuse = openSync("/dev/fuse", "r+");
    const server = spawn(
      process.execPath,
      ["--import", TSX, SERVER, String(bytes), join(folder, "safe"), join(folder, "seen")],
      { stdio: ["pipe", "pipe", "inherit", fuse] },
    );
    // To the programs that inherit it, the descriptor is their third.
    const options = "fd=3,rootmode=100600,user_id=0,group_id=0,allow_other";
    execFileSync(
      "mount",
      ["-i", "-t", "fuse", "-o", options, "unsafe-disk", join(folder, "disk")],
      {
        stdio: ["ignore", "inherit", "inherit", fuse],
      },
    );
    closeSync(fuse);
    return new UnsafeDisk(folder, server);
  }

  /** The block device. */
  readonly device: string;
  private readonly replies: Interface;

  private constructor(
    private readonly folder: string,
    private readonly server: ChildProcess,
  ) {
    this.device = run("losetup", "--find", "--show", join(folder, "disk")).trim();
    // biome-ignore lint/style/noNonNullAssertion: it is a pipe
    this.replies = createInterface({ input: server.stdout! });
  }

  /**
   * What the disk would hold if its power were cut in the middle of what is written to it next, as
   * a file. The disk itself goes on.
   *
   * @returns how much of what was not safe is there, in blocks: `7 of 20`
   */
  cutPower(file: string): Promise<string> {
    const reply = new Promise<string>((done) => this.replies.once("line", done));
    this.server.stdin?.write(`${file}\n`);
    return reply;
  }

  /** The machine must have been switched off. */
  remove(): void {
    run("losetup", "--detach", this.device);
    run("umount", join(this.folder, "disk"));
    this.server.stdin?.end();
    rmSync(this.folder, { recursive: true });
  }
}
