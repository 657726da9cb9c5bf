import { execFileSync } from "node:child_process";

/** Runs a program of the machine to its end and returns what it printed. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function ip(...args: string[]): void {
  run("ip", ...args);
}

/**
 * A network of its own: one switch, and hosts in network namespaces around it. It has no way out,
 * so that hosts can wear public addresses and nothing they send leaves the machine.
 */
export class Network {
  private static count = 0;

  readonly hosts: NetworkHost[] = [];
  /** Short, because a network interface's name has at most 15 characters. */
  private readonly prefix: string;
  private readonly switchNamespace: string;

  constructor() {
    this.prefix = `mx${process.pid.toString(36)}${Network.count++}`;
    this.switchNamespace = `${this.prefix}-switch`;
    ip("netns", "add", this.switchNamespace);
    ip("-n", this.switchNamespace, "link", "add", "br0", "type", "bridge");
    ip("-n", this.switchNamespace, "link", "set", "br0", "up");
  }

  /**
   * Connects a new host.
   *
   * @param name short and unique in this network
   * @param addresses the host's addresses with prefix length, as `198.51.100.7/24`
   */
  addHost(name: string, ...addresses: string[]): NetworkHost {
    const namespace = `${this.prefix}-${name}`;
    const port = `p${this.hosts.length}`;
    ip("netns", "add", namespace);
    const host = new NetworkHost(name, namespace, addresses[0].split("/")[0]);
    this.hosts.push(host);
    ip("link", "add", port, "netns", this.switchNamespace, "type", "veth",
      "peer", "name", "eth0", "netns", namespace); // biome-ignore format: reads as the command line
    ip("-n", this.switchNamespace, "link", "set", port, "master", "br0", "up");
    ip("-n", namespace, "link", "set", "lo", "up");
    for (const address of addresses) {
      // Duplicate address detection would keep an IPv6 address unusable for a second.
      ip(
        "-n",
        namespace,
        "addr",
        "add",
        address,
        "dev",
        "eth0",
        ...(address.includes(":") ? ["nodad"] : []),
      );
    }
    ip("-n", namespace, "link", "set", "eth0", "up");
    return host;
  }

  /** Removes every namespace. What runs inside must have been ended by who started it. */
  remove(): void {
    for (const host of this.hosts) {
      ip("netns", "delete", host.namespace);
    }
    ip("netns", "delete", this.switchNamespace);
  }
}

/** One host of a network. */
export class NetworkHost {
  constructor(
    readonly name: string,
    /** The network namespace, for `ip netns exec`. */
    readonly namespace: string,
    /** The first of its addresses. */
    readonly address: string,
  ) {}

  /** The command line that runs a program on this host. */
  command(...command: string[]): [string, ...string[]] {
    return ["ip", "netns", "exec", this.namespace, ...command];
  }

  /** Runs a program on this host to its end and returns what it printed. */
  run(...command: string[]): string {
    const [file, ...args] = this.command(...command);
    return run(file, ...args);
  }

  /** Pulls the cable: packets to this host vanish, as with a dead machine. */
  unplug(): void {
    ip("-n", this.namespace, "link", "set", "eth0", "down");
  }

  /** Puts the cable back. */
  plugIn(): void {
    ip("-n", this.namespace, "link", "set", "eth0", "up");
  }
}
