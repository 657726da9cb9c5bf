import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeed } from "../process/execution";
import { AptSources } from "./apt-sources";
import { cacheFolder } from "./cache";
import { MountNamespace } from "./mount-namespace";

export type Suite = "trixie" | "bookworm";

/** What a cloud image of Debian has and a minimal system has not. */
const packages = [
  "ca-certificates",
  "cloud-guest-utils",
  "cloud-init",
  "cron",
  "dbus",
  "e2fsprogs",
  "fdisk",
  "gdisk",
  "iproute2",
  "locales",
  "netplan.io",
  // Without ssh-keygen cloud-init reports every boot as degraded.
  "openssh-client",
  "sudo",
  "systemd",
  "systemd-resolved",
  "systemd-sysv",
  "udev",
];

/** A root file system of Debian the way a cloud image has it. */
export class DebianImage {
  /** Where the unpacked file system lies in its namespace. */
  readonly root = "/mnt/image";
  /** Where a machine may mount what is its own. */
  readonly machineFolder = "/mnt/machine";
  private unpacking?: Promise<MountNamespace>;

  private constructor(private readonly tarball: string) {}

  /**
   * Makes the image, which takes a minute, or takes the one that another test has made, or an
   * earlier run. Of two tests that want it at once, one makes it.
   */
  static async build(suite: Suite): Promise<DebianImage> {
    const sources = AptSources.ofThisMachine().of(suite);
    const args = [
      "--mode=root",
      "--variant=apt",
      "--format=tar",
      `--include=${packages.join(",")}`,
      ...freshnessOptions().map((option) => `--aptopt=${option}`),
      suite,
    ];
    const recipe = createHash("sha256")
      .update(JSON.stringify([args, sources]))
      .digest("hex");
    const tarball = join(cacheFolder, `debian-${suite}-${recipe.slice(0, 12)}.tar`);
    mkdirSync(cacheFolder, { recursive: true });
    const script = '[ -e "$0" ] || { mmdebstrap "$@" "$0.part" - && mv "$0.part" "$0"; }';
    await succeed(["flock", `${tarball}.lock`, "sh", "-c", script, tarball, ...args], {
      input: sources,
    });
    return new DebianImage(tarball);
  }

  /** A namespace with the file system in it: unpacked once, to be read by any number of machines. */
  unpack(): Promise<MountNamespace> {
    this.unpacking ??= this.unpackNow();
    return this.unpacking;
  }

  /** Forgets what was unpacked. The machines that use it must have been removed. */
  async remove(): Promise<void> {
    await (await this.unpacking)?.end();
    this.unpacking = undefined;
  }

  private async unpackNow(): Promise<MountNamespace> {
    const namespace = await MountNamespace.create();
    await succeed(namespace.command("mount", "-t", "tmpfs", "image", "/mnt"));
    mkdirSync(namespace.path(this.root));
    mkdirSync(namespace.path(this.machineFolder));
    await succeed([
      ...["tar", "--extract", "--numeric-owner", "--xattrs", "--xattrs-include=*"],
      ...["--file", this.tarball, "--directory", namespace.path(this.root)],
    ]);
    const file = (path: string) => join(namespace.path(this.root), path);
    writeFileSync(file("etc/machine-id"), "");
    rmSync(file("etc/hostname"), { force: true });
    // cloud-init's locale module fails on Debian 12 where no locale is set.
    writeFileSync(file("etc/default/locale"), "LANG=C.UTF-8\n");
    writeFileSync(
      file("etc/cloud/cloud.cfg.d/90_lab.cfg"),
      "datasource_list: [NoCloud, None]\napt: { preserve_sources_list: true }\n",
    );
    mkdirSync(file("etc/systemd/journald.conf.d"));
    writeFileSync(
      file("etc/systemd/journald.conf.d/90-lab.conf"),
      "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=info\n",
    );
    return namespace;
  }
}

/** A machine whose mirror is a frozen one has told its apt so, and the lab's apt has to know. */
function freshnessOptions(): string[] {
  const options = ["Acquire::Check-Valid-Until", "Acquire::Check-Date"];
  return execFileSync("apt-config", ["dump", "--format", '%F "%v";%n', ...options], {
    encoding: "utf8",
  })
    .split("\n")
    .filter((line) => line !== "");
}
