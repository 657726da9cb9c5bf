import { Network, type NetworkHost } from "../net/network";

/** A network, hosts in it, and the end of all that was begun there. */
export class World {
  protected readonly network = new Network();
  private readonly ends: (() => unknown)[] = [() => this.network.remove()];

  /**
   * Connects a new host.
   *
   * @param name short and unique in this world
   * @param addresses its addresses, with a prefix length where it is not /24
   */
  addHost(name: string, ...addresses: string[]): NetworkHost {
    const withLength = addresses.map((address) =>
      address.includes("/") ? address : `${address}/24`,
    );
    return this.network.addHost(name, ...withLength);
  }

  /** Does this when the world is closed. What began last ends first. */
  atEnd(end: () => unknown): void {
    this.ends.push(end);
  }

  /** Ends all that was begun, also where one end fails. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.ends.splice(0).reverse()) {
      try {
        await end();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  /** Builds what belongs to the world, or leaves nothing of it behind. */
  protected async furnished(furnish: () => Promise<void>): Promise<this> {
    try {
      await furnish();
      return this;
    } catch (error) {
      await this.close().catch(() => {});
      throw error;
    }
  }
}
