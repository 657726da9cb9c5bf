import { createHash, X509Certificate } from "node:crypto";
import { DnsServer } from "../../lab/dns/dns-server";
import { SignedDns } from "../../lab/dns/signed-dns";
import { ValidatingResolver } from "../../lab/dns/validating-resolver";
import { Postfix } from "../../lab/mail/postfix";
import { type Mood, Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Network } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { succeed } from "../../lab/process/execution";
import { unboundPart } from "../../lib/host/resolver/unbound";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import { PrimaryTls } from "../../lib/mail/postfix/primary-tls";
import { RecipientVerification } from "../../lib/mail/recipients/recipient-verification";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { describeWith, program, root } from "../support/requirements";

const BACKUP = "192.0.2.25";
const HOSTNAME = "mx2.example.net";

/** What a primary says of its certificate in DNS, and what becomes of mail to it. */
interface Row {
  readonly situation: string;
  readonly domain: string;
  readonly mood: Mood;
  readonly tlsa?: "right" | "wrong" | "forged";
  /** Whether its zone is delegated without a key. @default - signed */
  readonly isUnsigned?: boolean;
  /** Why mail waits; what is delivered has none. */
  readonly waits?: RegExp;
  readonly isEncrypted?: boolean;
}

const ROWS: Row[] = [
  {
    situation: "the right record",
    domain: "a.example",
    mood: "sealed",
    tlsa: "right",
    isEncrypted: true,
  },
  {
    situation: "a record of another key",
    domain: "b.example",
    mood: "sealed",
    tlsa: "wrong",
    waits: /Server certificate not (trusted|verified)/,
  },
  {
    situation: "a record, and no encryption",
    domain: "c.example",
    mood: "up",
    tlsa: "right",
    waits: /TLS is required, but was not offered/,
  },
  {
    situation: "a record that was forged on its way",
    domain: "d.example",
    mood: "sealed",
    tlsa: "forged",
    waits: /TLSA lookup error/,
  },
  {
    situation: "no record, and encryption",
    domain: "e.example",
    mood: "sealed",
    isEncrypted: true,
  },
  { situation: "no record, and no encryption", domain: "f.example", mood: "up" },
  {
    situation: "a record of another key in a zone that is not signed",
    domain: "g.example",
    mood: "sealed",
    tlsa: "wrong",
    isUnsigned: true,
    isEncrypted: true,
  },
];

const name = ({ domain }: Row) => `mx1.${domain}`;
const address = (row: Row) => `192.0.2.${110 + ROWS.indexOf(row)}`;

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("ldns-signzone", "ldnsutils"),
    program("openssl", "openssl"),
    program("postfix", "postfix postfix-lmdb"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "mail to a primary with DANE",
  () => {
    const network = new Network();
    const addHost = (host: string, n: number) => network.addHost(host, `192.0.2.${n}/24`);
    const sender = addHost("sender", 100);
    const ends: (() => unknown)[] = [() => network.remove()];
    const primaries = new Map<Row, Primary>();
    let backup: Postfix;

    beforeAll(async () => {
      const pair = ["-keyout", "-", "-out", "-", "-subj", "/CN=whoever"];
      const certificate = await succeed([
        ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ...["-nodes", ...pair],
      ]);
      const spki = new X509Certificate(certificate).publicKey.export({
        type: "spki",
        format: "der",
      });
      const right = `TLSA 3 1 1 ${createHash("sha256").update(spki).digest("hex")}`;
      const wrong = `TLSA 3 1 1 ${"00".repeat(32)}`;
      const records = (row: Row) => [
        [row.domain, [`MX 10 ${name(row)}`, `MX 20 ${HOSTNAME}`]],
        [name(row), [`A ${address(row)}`]],
        ...(row.tlsa === undefined
          ? []
          : [[`_25._tcp.${name(row)}`, [row.tlsa === "wrong" ? wrong : right]]]),
      ];
      const all = (isUnsigned: boolean) =>
        ROWS.filter((row) => (row.isUnsigned ?? false) === isUnsigned).flatMap(records);
      const own = { [HOSTNAME]: [`A ${BACKUP}`], "sender.example": [`A ${sender.address}`] };
      const unsigned = await DnsServer.start(addHost("dns", 53), {
        ...Object.fromEntries([...all(false), ...all(true)].filter(([key]) => !key.includes("_"))),
        ...Object.fromEntries(all(true)),
        ...own,
      });
      ends.push(() => unsigned.stop());
      const delegated = ROWS.filter(({ isUnsigned }) => isUnsigned).flatMap(({ domain }) => [
        [domain, [`NS ns.${domain}`]],
        [`ns.${domain}`, [`A ${unsigned.address}`]],
      ]);
      const dns = await SignedDns.start(
        addHost("root", 1),
        { ...Object.fromEntries([...all(false), ...delegated]), ...own },
        Object.fromEntries(
          ROWS.filter(({ tlsa }) => tlsa === "forged").map((row) => [
            `_25._tcp.${name(row)}`,
            [wrong],
          ]),
        ),
      );
      ends.push(() => dns.stop());
      await Promise.all(
        ROWS.map(async (row, index) => {
          const primary = await Primary.start(addHost(`primary${index}`, 110 + index), {
            hostname: name(row),
            users: [`anna@${row.domain}`],
            nameserver: unsigned.address,
          });
          primaries.set(row, primary);
          ends.push(() => primary.remove());
          primary.postfix.write({ "/etc/postfix/chain.pem": certificate });
          await primary.become(row.mood);
        }),
      );
      const domains = ROWS.map((row, index) =>
        mailDomain(
          `domains[${index}]`,
          {
            name: row.domain,
            primaries: [{ hostname: name(row), tls: PrimaryTls.dane() }],
            recipients: RecipientVerification.list([`anna@${row.domain}`]),
          },
          HOSTNAME,
        ),
      );
      const policy = mailPolicy(HOSTNAME, { greetTest: false, mailScanner: MailScanner.none() });
      const host = addHost("backup", 25);
      const [{ content }] = unboundPart([], "").files ?? [];
      const resolver = await ValidatingResolver.start(host, dns, content);
      backup = await Postfix.start(
        host,
        Object.fromEntries(postfixFiles(policy, domains, "203.0.113.25")),
        { nameserver: resolver.address },
      );
      ends.push(() => backup.remove());
      // First, or Postfix would wait for all ports of the host to be closed.
      ends.push(() => resolver.stop());
    }, 90_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 60_000);

    test.each(ROWS)(
      "with $situation",
      async (row) => {
        const user = `anna@${row.domain}`;
        const { data } = await smtp(sender, BACKUP, {
          helo: "sender.example",
          from: "someone@sender.example",
          to: user,
          data: "Subject: hello\r\n\r\nHello\r\n",
        });
        expect(data?.code).toBe(250);
        if (row.waits === undefined) {
          const mail = await eventually(() => primaries.get(row)?.messages(user)[0], 20);
          expect(/\(using TLSv1\.[23] with cipher/.test(mail)).toBe(row.isEncrypted ?? false);
        } else {
          const reason = await eventually(() => {
            const mail = backup.queue().find(({ recipients }) => recipients[0].address === user);
            return mail?.recipients[0].delay_reason;
          }, 20);
          expect(reason).toMatch(row.waits);
          expect(primaries.get(row)?.messages(user)).toEqual([]);
        }
      },
      30_000,
    );
  },
);
