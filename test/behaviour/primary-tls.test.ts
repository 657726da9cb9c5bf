import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DnsServer } from "../../lab/dns/dns-server";
import { Postfix } from "../../lab/mail/postfix";
import { type Mood, Primary } from "../../lab/mail/primary";
import { smtp } from "../../lab/mail/smtp-client";
import { Watch } from "../../lab/mail/watch";
import { Network } from "../../lab/net/network";
import { eventually } from "../../lab/process/eventually";
import { watchedPrimaries } from "../../lib/host/watch/watched-primaries";
import { mailDomain } from "../../lib/mail/mail-domain";
import { mailPolicy } from "../../lib/mail/mail-policy";
import { postfixFiles } from "../../lib/mail/postfix/postfix";
import { PrimaryTls } from "../../lib/mail/postfix/primary-tls";
import { MailScanner } from "../../lib/mail/scanner/mailscanner";
import { describeWith, program, root } from "../support/requirements";

const [DNS, SENDER, BACKUP] = ["53", "100", "25"].map((n) => `192.0.2.${n}`);
const HOSTNAME = "mx2.example.net";

/** A certificate that a server signed itself, with its key. */
function certificate(hostname: string) {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  try {
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
    const openssl = (...args: string[]) =>
      execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", `/CN=${hostname}`, "-addext", `subjectAltName=DNS:${hostname}`],
      ...["-keyout", key, "-out", cert],
    );
    const print = openssl("x509", "-in", cert, "-noout", "-fingerprint", "-sha256");
    return {
      chain: readFileSync(key, "utf8") + readFileSync(cert, "utf8"),
      pem: readFileSync(cert, "utf8"),
      fingerprint: print.trim().split("=")[1],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Row {
  readonly situation: string;
  readonly domain: string;
  readonly tls?: (own: string) => PrimaryTls;
  readonly mood?: Mood;
  /** The name in the certificate. @default - that of the primary */
  readonly certificateOf?: string;
  readonly isTrusted?: boolean;
  readonly code: number;
  readonly isEncrypted?: boolean;
}

const WRONG = Array(32).fill("00").join(":");
const ROWS: Row[] = [
  { situation: "no policy, no TLS", domain: "a.example", mood: "up", code: 250 },
  { situation: "no policy, TLS", domain: "b.example", code: 250, isEncrypted: true },
  {
    situation: "encrypt, no TLS",
    domain: "c.example",
    tls: PrimaryTls.encrypt,
    mood: "up",
    code: 450,
  },
  {
    situation: "encrypt, TLS of anybody",
    domain: "d.example",
    tls: PrimaryTls.encrypt,
    code: 250,
    isEncrypted: true,
  },
  {
    situation: "fingerprint, the right one",
    domain: "e.example",
    tls: (own) => PrimaryTls.fingerprint(WRONG, own.toLowerCase()),
    code: 250,
    isEncrypted: true,
  },
  {
    situation: "fingerprint, another one",
    domain: "f.example",
    tls: () => PrimaryTls.fingerprint(WRONG),
    code: 450,
  },
  {
    situation: "verify, trusted",
    domain: "g.example",
    tls: PrimaryTls.verify,
    isTrusted: true,
    code: 250,
    isEncrypted: true,
  },
  {
    situation: "verify, not trusted",
    domain: "h.example",
    tls: PrimaryTls.verify,
    code: 450,
  },
  {
    situation: "verify, trusted, of another name",
    domain: "i.example",
    tls: PrimaryTls.verify,
    isTrusted: true,
    certificateOf: "mx1.other.example",
    code: 450,
  },
];

describeWith(
  [
    root,
    program("ip", "iproute2"),
    program("openssl", "openssl"),
    program("postfix", "postfix postfix-lmdb"),
    program("python3", "python3"),
    program("socat", "socat"),
    program("unbound", "unbound"),
  ],
  "mail to a primary with a TLS policy",
  () => {
    const network = new Network();
    const addHost = (name: string, address: string) => network.addHost(name, `${address}/24`);
    const sender = addHost("sender", SENDER);
    const ends: (() => unknown)[] = [() => network.remove()];
    const primaries = new Map<Row, Primary>();
    const address = (row: Row) => `192.0.2.${110 + ROWS.indexOf(row)}`;

    beforeAll(async () => {
      const certificates = new Map(
        ROWS.map((row) => [row, certificate(row.certificateOf ?? `mx1.${row.domain}`)]),
      );
      const dns = await DnsServer.start(addHost("dns", DNS), {
        ...Object.fromEntries(
          ROWS.flatMap((row) => [
            [row.domain, [`MX 10 mx1.${row.domain}`, `MX 20 ${HOSTNAME}`]],
            [`mx1.${row.domain}`, [`A ${address(row)}`]],
          ]),
        ),
        [HOSTNAME]: [`A ${BACKUP}`],
        "sender.example": [`A ${SENDER}`],
      });
      ends.push(() => dns.stop());
      await Promise.all(
        ROWS.map(async (row) => {
          const hostname = `mx1.${row.domain}`;
          const primary = await Primary.start(addHost(hostname.slice(0, 5), address(row)), {
            hostname,
            users: [`anna@${row.domain}`],
            nameserver: DNS,
          });
          primaries.set(row, primary);
          ends.push(() => primary.remove());
          primary.postfix.write({
            "/etc/postfix/chain.pem": certificates.get(row)?.chain ?? "",
          });
          await primary.become(row.mood ?? "sealed");
        }),
      );
      const domains = ROWS.map(({ domain, tls }, index) =>
        mailDomain(
          `domains[${index}]`,
          {
            name: domain,
            primaries: [
              {
                hostname: `mx1.${domain}`,
                tls: tls?.(certificates.get(ROWS[index])?.fingerprint ?? ""),
              },
            ],
          },
          HOSTNAME,
        ),
      );
      const policy = mailPolicy(HOSTNAME, { greetTest: false, mailScanner: MailScanner.none() });
      const trusted = ROWS.filter(({ isTrusted }) => isTrusted);
      const files = {
        ...Object.fromEntries(postfixFiles(policy, domains, "203.0.113.25")),
        "/etc/backup-mx/primaries": watchedPrimaries(domains),
        "/etc/ssl/certs/ca-certificates.crt": trusted
          .map((row) => certificates.get(row)?.pem)
          .join(""),
      };
      const backup = await Postfix.start(addHost("mx2", BACKUP), files, { nameserver: DNS });
      ends.push(() => backup.remove());
      const watch = await Watch.start(backup);
      ends.push(() => watch.remove());
    }, 90_000);

    afterAll(async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    }, 60_000);

    test.each(ROWS)(
      "$situation: $code",
      async (row) => {
        const user = `anna@${row.domain}`;
        const { rcpt } = await smtp(sender, BACKUP, {
          helo: "sender.example",
          from: "someone@sender.example",
          to: user,
          data: "Subject: hello\r\n\r\nHello\r\n",
        });
        expect(rcpt[0].code).toBe(row.code);
        if (row.code === 250) {
          const mail = await eventually(() => primaries.get(row)?.messages(user)[0]);
          expect(/\(using TLSv1\.[23] with cipher/.test(mail)).toBe(row.isEncrypted ?? false);
        }
      },
      30_000,
    );
  },
);
