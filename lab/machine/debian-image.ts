import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { succeed } from "../process/execution";
import { AptSources } from "./apt-sources";
import { cacheFolder } from "./cache";
import { MountNamespace } from "./mount-namespace";

export type Suite = "trixie" | "bookworm";

/** The packages of every host, and of what its props can add, as the set-up has them. */
const HOST_PACKAGES = `
import sys
sys.path[:0] = sys.argv[1:]
import packages
print("\\n".join([*packages.OF_EVERY_HOST, *(n for names in packages.OF_PART.values() for n in names)]))
`;
/** What Debian starts at boot as soon as it is installed, before a host is set up. */
const EARLY = ["postfix", "rspamd", "clamav-daemon", "clamav-freshclam", "unbound"];

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
   *
   * @param isFurnished whether it has the packages of every host already, as an image has that
   * somebody made for his hosts: their set-up then installs nothing
   */
  static async build(suite: Suite, isFurnished = false): Promise<DebianImage> {
    const sources = AptSources.ofThisMachine().of(suite);
    const args = [
      "--mode=root",
      "--variant=apt",
      "--format=tar",
      `--include=${[...packages, ...(isFurnished ? hostPackages() : [])].join(",")}`,
      ...freshnessOptions().map((option) => `--aptopt=${option}`),
      ...(isFurnished ? FURNISHING : []),
      suite,
    ];
    const recipe = createHash("sha256")
      .update(JSON.stringify([args, sources]))
      .digest("hex");
    const name = `debian-${suite}${isFurnished ? "-furnished" : ""}-${recipe.slice(0, 12)}.tar`;
    const tarball = join(cacheFolder, name);
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
    // Its network is there before it boots, and nobody on it may take an address away.
    writeFileSync(
      file("etc/systemd/network/00-lab.network"),
      "[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n",
    );
    symlinkSync("/dev/null", file("etc/systemd/system/systemd-networkd-wait-online.service"));
    mkdirSync(file("etc/systemd/journald.conf.d"));
    writeFileSync(
      file("etc/systemd/journald.conf.d/90-lab.conf"),
      "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=info\n",
    );
    return namespace;
  }
}

const FURNISHING = [
  // Postfix keeps the main.cf that it finds.
  `--essential-hook=echo 'postfix postfix/main_mailer_type select No configuration' | chroot "$1" debconf-set-selections`,
  `--customize-hook=chroot "$1" systemctl --quiet disable ${EARLY.join(" ")}`,
];

function hostPackages(): string[] {
  const folders = ["setup", "machine"].map((name) => resolve(__dirname, "../../lib/host", name));
  const names = execFileSync("python3", ["-Bc", HOST_PACKAGES, ...folders], { encoding: "utf8" });
  return names.trim().split("\n");
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
