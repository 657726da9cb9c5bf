import {
  DnsServer,
  eventually,
  Network,
  PolicyWorld,
  Primary,
  SLOW_SECONDS,
  type SmtpReplies,
  smtp,
} from "../../lab";
import { describeWith } from "../support/requirements";

const RECORDS = {
  "example.com": ["MX 10 mx1.example.com"],
  "mx1.example.com": ["A 192.0.2.10"],
  "sender.example": ["A 192.0.2.100"],
};

/** A name server can be asked from within its network only. */
const RESOLVE = `
const [server, name, type] = process.argv.slice(1);
const resolver = new dns.promises.Resolver({ tries: 1 });
resolver.setServers([server]);
resolver.resolve(name, type).then(JSON.stringify, (error) => error.code).then(console.log);
`;

describeWith(PolicyWorld.NEEDS, "the lab", () => {
  const network = new Network();
  const sender = network.addHost("sender", "192.0.2.100/24");
  let dns: DnsServer;
  let primary: Primary;

  beforeAll(async () => {
    dns = await DnsServer.start(network.addHost("dns", "192.0.2.53/24"), RECORDS);
    primary = await Primary.start(network.addHost("mx1", "192.0.2.10/24"), {
      hostname: "mx1.example.com",
      users: ["known@example.com"],
      nameserver: dns.address,
      ports: [2525],
    });
  });

  afterAll(async () => {
    await primary?.remove();
    await dns?.stop();
    network.remove();
  });

  const ask = (to: string, port = 25): Promise<SmtpReplies> =>
    smtp(sender, "192.0.2.10", { from: "someone@sender.example", to, port });
  const lookUp = (name: string, type: string): string =>
    sender.run(process.execPath, "--eval", RESOLVE, dns.address, name, type).trim();
  const codeFor = async (to: string, port?: number) => (await ask(to, port)).rcpt[0].code;

  test("the primary knows its users, on each of its ports", async () => {
    expect(await codeFor("known@example.com")).toBe(250);
    expect(await codeFor("known@example.com", 2525)).toBe(250);
    expect((await ask("nobody@example.com")).rcpt[0]).toMatchObject({
      code: 550,
      text: expect.stringContaining("5.1.1"),
    });
    expect(await codeFor("known@elsewhere.example")).toBe(554);
  });

  test("the primary keeps the mail that it takes", async () => {
    const data = "Subject: hello\r\n\r\nFirst line\r\n.dotted line\r\n";
    const replies = await smtp(sender, "192.0.2.10", { to: "known@example.com", data });
    expect(replies.data?.code).toBe(250);
    const [message] = await eventually(() => {
      const messages = primary.messages("known@example.com");
      return messages.length > 0 && messages;
    });
    expect(message).toContain("Subject: hello\n\nFirst line\n.dotted line\n");
  });

  test("the primary tells probes from mail", async () => {
    const to = "known@example.com";
    expect(primary.probes()).toEqual([]);
    await smtp(sender, "192.0.2.10", { from: "double-bounce@sender.example", to });
    expect(primary.probes()).toEqual([to]);
  });

  test("a busy, a hostile and a greylisting primary", async () => {
    await primary.become("busy");
    expect((await ask("known@example.com")).greeting.code).toBe(421);
    await primary.become("hostile");
    expect((await ask("known@example.com")).greeting.code).toBe(554);
    await primary.become("greylisting");
    expect(await codeFor("known@example.com")).toBe(450);
    expect(await codeFor("nobody@example.com")).toBe(450);
  });

  test("a slow primary", async () => {
    await primary.become("slow");
    const [known, unknown] = await Promise.all([
      ask("known@example.com"),
      ask("nobody@example.com"),
    ]);
    expect(known.rcpt[0].code).toBe(250);
    expect(known.rcpt[0].seconds).toBeGreaterThan(SLOW_SECONDS - 0.1);
    expect(unknown.rcpt[0].code).toBe(550);
  });

  test("a primary that refuses, one that vanishes, and both come back", async () => {
    await primary.refuse();
    await expect(ask("known@example.com")).rejects.toThrow("Connection refused");
    await primary.become("up");
    primary.vanish();
    const silence = smtp(sender, "192.0.2.10", { patience: 5 });
    await expect(silence).rejects.toThrow("no reply within 5 s");
    primary.reappear();
    expect(await codeFor("known@example.com")).toBe(250);
  });

  test("the DNS server answers from its table, and only from it", async () => {
    expect(lookUp("mx1.example.com", "A")).toBe('["192.0.2.10"]');
    expect(lookUp("10.2.0.192.in-addr.arpa", "PTR")).toBe('["mx1.example.com"]');
    expect(lookUp("debian.org", "A")).toBe("ENOTFOUND");
    await dns.set({ "broken.example": ["SERVFAIL"] });
    expect(lookUp("mail.broken.example", "A")).toBe("ESERVFAIL");
    expect(lookUp("mx1.example.com", "A")).toBe("ENOTFOUND");
    expect(dns.queries()).toContainEqual({
      client: "192.0.2.100",
      name: "debian.org",
      type: "A",
    });
  });
});
