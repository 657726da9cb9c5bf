import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { eventually } from "../process/eventually";
import { type Execution, execute, succeed } from "../process/execution";
import { BOOT_SECONDS } from "../process/patience";
import { cacheFolder } from "./cache";
import type { DebianImage } from "./debian-image";
import { MountNamespace } from "./mount-namespace";

/** A file that lies in the root file system before the machine boots. */
export interface MachineFile {
  readonly content: string | Buffer;
  /** As chmod takes it; `0644` unless told. */
  readonly mode?: string;
}

export interface MachineOptions {
  readonly image: DebianImage;
  /** Its place in the network, with its addresses. */
  readonly host: NetworkHost;
  /** What the metadata of the cloud call it. */
  readonly hostname: string;
  readonly userData: string | Buffer;
  /** The address of the DNS server that `/etc/resolv.conf` names. */
  readonly nameserver: string;
  /** The URL of the proxy through which apt reaches its mirror. */
  readonly proxy: string;
  /** Certificates that it trusts beside those that Debian does. */
  readonly trusted?: readonly (string | Buffer)[];
  /** More files, by their path. */
  readonly files?: Readonly<Record<string, MachineFile>>;
  /** Block devices from outside, such as `/dev/loop0`, by the path at which they appear. */
  readonly disks?: Readonly<Record<string, string>>;
}

/** What cloud-init says of a boot. */
export interface CloudInitVerdict {
  /** 0 is good, 1 a failure, 2 one that cloud-init has got over. */
  readonly exitCode: number | null;
  /** `done`, `error`, or on Debian 13 a longer word such as `degraded done`. */
  readonly status: string;
  readonly errors: string[];
  /** What cloud-init has got over. */
  readonly warnings: string[];
}

/** A virtual machine as far as its software can tell: Debian's systemd and cloud-init boot it. */
export class Machine {
  /** The file with what its console has shown; it stays for those who look into a failure. */
  readonly log: string;
  private readonly root: string;
  private readonly controlGroup: string;
  private supervisor?: ChildProcess;
  /** The id, outside, of the machine's process 1. */
  private init = 0;

  private constructor(
    private readonly options: MachineOptions,
    private readonly namespace: MountNamespace,
  ) {
    const folder = join(cacheFolder, "console");
    mkdirSync(folder, { recursive: true });
    // Two tests at a time may call their machines the same; their networks differ.
    this.log = join(folder, `${options.hostname}-${options.host.namespace}.log`);
    writeFileSync(this.log, "");
    this.root = join(options.image.machineFolder, "root");
    const [, ownGroup] = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? ["", "/"];
    this.controlGroup = join("/sys/fs/cgroup", ownGroup, options.host.namespace);
  }

  /** Makes the machine and switches it on for the first time. */
  static async boot(options: MachineOptions): Promise<Machine> {
    const namespace = await MountNamespace.create(await options.image.unpack());
    const machine = new Machine(options, namespace);
    try {
      await machine.mount();
      await machine.furnish();
      await machine.start();
    } catch (error) {
      await machine.remove();
      throw error;
    }
    return machine;
  }

  /** Switches the machine on. */
  async start(): Promise<void> {
    const log = openSync(this.log, "a");
    const { host, disks = {} } = this.options;
    const network = host.namespace;
    const [file, ...args] = this.namespace.command(
      // Two machines in one control group would take each other's services for their own.
      ...["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.controlGroup],
      // Even if the tests are killed it ends the machine, which a killed supervisor would not.
      ...["setpriv", "--pdeathsig", "TERM"],
      ...["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"],
      ...[`--directory=${this.root}`, `--machine=${network}`],
      ...[`--network-namespace-path=/run/netns/${network}`, "--resolv-conf=off", "--timezone=off"],
      // Its network is its own, and so is its firewall.
      "--capability=CAP_NET_ADMIN",
      ...["--link-journal=no", "--console=read-only"],
      ...Object.entries(disks).map(([inside, outside]) => `--bind=${outside}:${inside}`),
    );
    this.supervisor = spawn(file, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    await this.until("starting", () => this.findInit());
  }

  /** Waits until cloud-init has ended, and asks it how. */
  async cloudInit(): Promise<CloudInitVerdict> {
    await this.until("running cloud-init", () => {
      this.mustBeOn();
      return existsSync(`/proc/${this.init}/root/run/cloud-init/result.json`);
    });
    const status = ["cloud-init", "status", "--wait", "--long", "--format", "json"];
    const { exitCode, stdout } = await this.run(...status);
    const verdict = JSON.parse(stdout);
    return {
      exitCode,
      status: verdict.extended_status ?? verdict.status,
      errors: verdict.errors,
      warnings: Object.values<string[]>(verdict.recoverable_errors ?? {}).flat(),
    };
  }

  /** Runs a program on the machine to its end. */
  async run(...command: string[]): Promise<Execution> {
    this.mustBeOn();
    return execute([
      ...["nsenter", "--target", String(this.init), "--all", "--root", "--wd", "env", "-i"],
      ...["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      ...["HOME=/root", "LANG=C.UTF-8", ...command],
    ]);
  }

  /** Asks the machine to boot again; it has begun to when this returns. */
  async reboot(): Promise<void> {
    await this.run("systemctl", "reboot");
    // A supervisor that is told to keep its unit leaves the second half to its caller.
    await this.untilOff();
    await this.start();
  }

  /** Asks the machine to switch itself off. */
  async powerOff(): Promise<void> {
    await this.run("systemctl", "poweroff");
    await this.untilOff();
  }

  /** Ends all that runs on the machine at once. What it has written stays. */
  async pullThePlug(): Promise<void> {
    this.mustBeOn();
    process.kill(this.init, "SIGKILL");
    await this.untilOff();
  }

  /** Makes the root file system so large that this many bytes more fit on it. */
  async leaveRoom(bytes: number): Promise<void> {
    const folder = this.options.image.machineFolder;
    const inside = (...command: string[]) => succeed(this.namespace.command(...command));
    const used = (await inside("df", "--output=used", "--block-size=1", folder)).split("\n")[1];
    await inside("mount", "-o", `remount,size=${Number(used) + bytes}`, folder);
  }

  /** Makes an end of the machine and of all that it has written. */
  async remove(): Promise<void> {
    if (this.isOn) {
      await this.pullThePlug();
    }
    removeFolders(this.namespace.path(this.controlGroup));
    await this.namespace.end();
  }

  private get isOn(): boolean {
    return this.supervisor?.exitCode === null && this.supervisor.signalCode === null;
  }

  private async mount(): Promise<void> {
    const { image } = this.options;
    const { machineFolder } = image;
    const mount = (...args: string[]) => succeed(this.namespace.command("mount", "-t", ...args));
    // The machine's systemd needs the second version of control groups, whatever runs outside.
    await mount("cgroup2", "cgroup2", "/sys/fs/cgroup");
    mkdirSync(this.namespace.path(this.controlGroup));
    await mount("tmpfs", "machine", machineFolder);
    for (const folder of ["written", "work", "root"]) {
      mkdirSync(this.namespace.path(join(machineFolder, folder)));
    }
    const layers = [
      `lowerdir=${image.root}`,
      `upperdir=${join(machineFolder, "written")}`,
      `workdir=${join(machineFolder, "work")}`,
    ];
    await mount("overlay", "machine", "-o", layers.join(","), this.root);
  }

  private async furnish(): Promise<void> {
    const { hostname, host, userData, nameserver, proxy, files, trusted = [] } = this.options;
    const seed = "/var/lib/cloud/seed/nocloud-net";
    await this.write(`${seed}/user-data`, { content: userData });
    await this.write(`${seed}/meta-data`, {
      content: JSON.stringify({ "instance-id": `i-${host.namespace}`, "local-hostname": hostname }),
    });
    await this.write(`${seed}/network-config`, {
      content: JSON.stringify({
        version: 2,
        ethernets: { eth0: { addresses: addressesOf(host) } },
      }),
    });
    await this.write("/etc/resolv.conf", { content: `nameserver ${nameserver}\n` });
    await this.write("/etc/apt/apt.conf.d/90lab", {
      content: `Acquire::http::Proxy "${proxy}";\n`,
    });
    for (const [path, file] of Object.entries(files ?? {})) {
      await this.write(path, file);
    }
    if (trusted.length > 0) {
      for (const [number, content] of trusted.entries()) {
        await this.write(`/usr/local/share/ca-certificates/lab-${number}.crt`, { content });
      }
      await succeed(this.namespace.command("chroot", this.root, "update-ca-certificates"));
    }
  }

  /** By programs whose root is the machine's, so that no link leads them out of it. */
  private async write(path: string, { content, mode = "0644" }: MachineFile): Promise<void> {
    const inside = (...command: string[]) =>
      this.namespace.command("chroot", this.root, ...command);
    await succeed(inside("install", "-D", `--mode=${mode}`, "/dev/null", path));
    await succeed(inside("tee", path), { input: content });
  }

  private findInit(): boolean {
    this.mustBeOn();
    const { pid } = this.supervisor as ChildProcess;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    this.init = Number(children.split(" ")[0]);
    const root = `/proc/${this.init}/root/`;
    // Until it is in the root of the machine, what we run beside it would run outside.
    return (
      existsSync(`${root}run/systemd/private`) &&
      statSync(root, { throwIfNoEntry: false })?.dev ===
        statSync(this.namespace.path(this.root)).dev
    );
  }

  private untilOff(): Promise<unknown> {
    return this.until("stopping", () => !this.isOn);
  }

  private until(what: string, condition: () => boolean): Promise<unknown> {
    const deadline = Date.now() + BOOT_SECONDS * 1000;
    return eventually(() => {
      if (Date.now() > deadline) {
        throw this.failure(`still ${what} after ${BOOT_SECONDS} s`);
      }
      return condition();
    }, Number.POSITIVE_INFINITY);
  }

  private mustBeOn(): void {
    if (!this.isOn) {
      throw this.failure("it is off");
    }
  }

  private failure(what: string): Error {
    const tail = readFileSync(this.log, "utf8").split("\n").slice(-30).join("\n");
    return new Error(`${this.options.hostname}: ${what}; at the end of ${this.log}:\n${tail}`);
  }
}

function addressesOf(host: NetworkHost): string[] {
  const [{ addr_info: addresses }] = JSON.parse(host.run("ip", "-json", "addr", "show", "eth0"));
  return addresses
    .filter(({ scope }: { scope: string }) => scope === "global")
    .map(({ local, prefixlen }: { local: string; prefixlen: number }) => `${local}/${prefixlen}`);
}

/** Control groups are folders whose files cannot be removed, and go with them. */
function removeFolders(folder: string): void {
  if (!existsSync(folder)) {
    return;
  }
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      removeFolders(join(folder, entry.name));
    }
  }
  rmdirSync(folder);
}
