import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { NetworkHost } from "../net/network";

/**
 * Greets at port 25 of every address that is routed to its host, and is the name server of the
 * crowd: `mx7.crowd.example` is 10.1.0.7, `hole7.crowd.example` is 10.2.0.7; of `mute7.crowd.example`
 * it says nothing. Every other name is one more of the crowd.
 */
const SERVER = `
const dns = require("node:dgram").createSocket("udp4");
dns.on("message", (query, { port, address }) => {
  const labels = [];
  let end = 12;
  for (; query[end] > 0; end += query[end] + 1) {
    labels.push(query.toString("latin1", end + 1, end + 1 + query[end]).toLowerCase());
  }
  const question = query.subarray(0, end + 5);
  const name = /^(mx|hole|mute)(\\d+)\\.crowd\\.example$/.exec(labels.join("."));
  const [, kind, digits] = name ?? ["", "mx", "65535"];
  if (kind === "mute") return;
  const answer = Buffer.from(question);
  answer.writeUInt16BE(0x8580, 2);
  const isAddress = query.readUInt16BE(end + 1) === 1;
  answer.writeUInt16BE(isAddress ? 1 : 0, 6);
  answer.fill(0, 8, 12);
  const number = Number(digits);
  const record = Buffer.from([192, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4,
    10, kind === "mx" ? 1 : 2, number >> 8, number & 255]);
  dns.send(isAddress ? Buffer.concat([answer, record]) : answer, port, address);
});
const smtp = require("node:net").createServer((client) => {
  client.on("error", () => {});
  client.once("data", () => client.end("221 2.0.0 Bye\\r\\n"));
  client.write("220 mx.crowd.example ESMTP\\r\\n");
});
const PORT = { host: "0.0.0.0", port: 25, backlog: 4096 };
process.stdin.on("data", (word) => {
  if (String(word) === "refuse\\n") smtp.close(() => console.log("done"));
  else smtp.listen(PORT, () => console.log("done"));
});
dns.bind(53, () => smtp.listen(PORT, () => console.log("done")));
`;

/**
 * Thousands of primaries on one host, and black holes beside them, of which packets never come
 * back. They greet and do no more.
 */
export class Crowd {
  /**
   * @param host where they are
   * @param neighbour who reaches them
   */
  static async start(host: NetworkHost, neighbour: NetworkHost): Promise<Crowd> {
    host.run("ip", "route", "add", "local", "10.1.0.0/16", "dev", "lo");
    host.run("ip", "route", "add", "blackhole", "10.2.0.0/16");
    neighbour.run("ip", "route", "add", "10.0.0.0/8", "via", host.address);
    // The answers to forwarded packets and to those for itself come from the same place.
    host.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    const [file, ...args] = host.command(process.execPath, "-e", SERVER);
    const server = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    const crowd = new Crowd(server);
    await crowd.done();
    return crowd;
  }

  private constructor(private readonly server: ChildProcess) {}

  /** All of them refuse connections. */
  async refuse(): Promise<void> {
    this.server.stdin?.write("refuse\n");
    await this.done();
  }

  /** All of them are back. */
  async greet(): Promise<void> {
    this.server.stdin?.write("greet\n");
    await this.done();
  }

  async stop(): Promise<void> {
    if (this.server.exitCode === null) {
      const ended = once(this.server, "exit");
      this.server.kill();
      await ended;
    }
  }

  private async done(): Promise<void> {
    await Promise.race([
      once(this.server.stdout as NodeJS.ReadableStream, "data"),
      once(this.server, "exit").then(() => {
        throw new Error("the crowd ended");
      }),
    ]);
  }
}
