import { createHash, X509Certificate } from "node:crypto";
import {
  eventually,
  type Mood,
  PolicyWorld,
  program,
  SignedDns,
  succeed,
  ValidatingResolver,
} from "../../lab";
import { PrimaryTls, RecipientVerification } from "../../lib";
import { describeWith } from "../support/requirements";

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

const hostname = ({ domain }: Row) => `mx1.${domain}`;
const tlsaName = (row: Row) => `_25._tcp.${hostname(row)}`;
const SIGNED = ROWS.filter(({ isUnsigned }) => !isUnsigned);
const UNSIGNED = ROWS.filter(({ isUnsigned }) => isUnsigned);

describeWith(
  [...PolicyWorld.NEEDS, program("ldns-signzone", "ldnsutils")],
  "mail to a primary with DANE",
  () => {
    let world: PolicyWorld;

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
      const tlsa = (rows: readonly Row[]) =>
        Object.fromEntries(
          rows
            .filter((row) => row.tlsa !== undefined)
            .map((row) => [tlsaName(row), [row.tlsa === "wrong" ? wrong : right]]),
        );

      /** A DNS that is signed from its root, beside that of the world, which is not. */
      const resolver = async (inside: PolicyWorld) => {
        const unsigned = UNSIGNED.flatMap((row) => [row.domain, hostname(row)]);
        const delegated = UNSIGNED.flatMap(({ domain }) => [
          [domain, [`NS ns.${domain}`]],
          [`ns.${domain}`, [`A ${inside.dns.address}`]],
        ]);
        const dns = await SignedDns.start(
          inside.addHost("root", "192.0.2.1"),
          {
            ...Object.fromEntries(
              Object.entries(inside.records).filter(
                ([name]) => !unsigned.includes(name) && !name.startsWith("_"),
              ),
            ),
            ...tlsa(SIGNED),
            ...Object.fromEntries(delegated),
          },
          Object.fromEntries(
            ROWS.filter((row) => row.tlsa === "forged").map((row) => [tlsaName(row), [wrong]]),
          ),
        );
        inside.atEnd(() => dns.stop());
        const configuration = inside.resolverSettings();
        const validating = await ValidatingResolver.start(inside.host, dns, configuration);
        inside.atEnd(() => validating.stop());
        return validating.address;
      };

      world = await PolicyWorld.open({
        domains: ROWS.map((row) => ({
          name: row.domain,
          primaries: [{ hostname: hostname(row), tls: PrimaryTls.dane() }],
          recipients: RecipientVerification.list([`anna@${row.domain}`]),
        })),
        records: tlsa(UNSIGNED),
        resolver,
        isWatched: false,
      });
      for (const row of ROWS) {
        world.primary(hostname(row)).postfix.write({ "/etc/postfix/chain.pem": certificate });
      }
      await world.become(Object.fromEntries(ROWS.map((row) => [hostname(row), row.mood])));
    });

    afterAll(() => world?.close());

    test.each(ROWS)("with $situation", async (row) => {
      const user = `anna@${row.domain}`;
      const { data } = await world.send(user);
      expect(data?.code).toBe(250);
      const primary = world.primary(hostname(row));
      if (row.waits === undefined) {
        const mail = await eventually(() => primary.messages(user)[0]);
        expect(/\(using TLSv1\.[23] with cipher/.test(mail)).toBe(row.isEncrypted ?? false);
      } else {
        const reason = await eventually(() => {
          const mail = world.backup
            .queue()
            .find(({ recipients }) => recipients[0].address === user);
          return mail?.recipients[0].delay_reason;
        });
        expect(reason).toMatch(row.waits);
        expect(primary.messages(user)).toEqual([]);
      }
    });
  },
);
