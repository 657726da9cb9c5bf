import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, type Mood, PolicyWorld } from "../../lab";
import { PrimaryTls } from "../../lib";
import { describeWith } from "../support/requirements";

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

const hostname = ({ domain }: Row) => `mx1.${domain}`;

describeWith(PolicyWorld.NEEDS, "mail to a primary with a TLS policy", () => {
  let world: PolicyWorld;

  beforeAll(async () => {
    const certificates = new Map(
      ROWS.map((row) => [row, certificate(row.certificateOf ?? hostname(row))]),
    );
    world = await PolicyWorld.open({
      domains: ROWS.map((row) => ({
        name: row.domain,
        primaries: [
          {
            hostname: hostname(row),
            tls: row.tls?.(certificates.get(row)?.fingerprint ?? ""),
          },
        ],
      })),
      files: {
        "/etc/ssl/certs/ca-certificates.crt": ROWS.filter(({ isTrusted }) => isTrusted)
          .map((row) => certificates.get(row)?.pem)
          .join(""),
      },
    });
    for (const row of ROWS) {
      const chain = certificates.get(row)?.chain ?? "";
      world.primary(hostname(row)).postfix.write({ "/etc/postfix/chain.pem": chain });
    }
    await world.become(
      Object.fromEntries(ROWS.map((row) => [hostname(row), row.mood ?? "sealed"])),
    );
  });

  afterAll(() => world?.close());

  test.each(ROWS)("$situation: $code", async (row) => {
    const user = `anna@${row.domain}`;
    const { rcpt } = await world.send(user);
    expect(rcpt[0].code).toBe(row.code);
    if (row.code === 250) {
      const mail = await eventually(() => world.primary(hostname(row)).messages(user)[0]);
      expect(/\(using TLSv1\.[23] with cipher/.test(mail)).toBe(row.isEncrypted ?? false);
    }
  });
});
