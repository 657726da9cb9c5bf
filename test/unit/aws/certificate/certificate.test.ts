import { Certificate, Network, Route53Zone } from "../../../../lib";
import { backup } from "../../../support/backup";
import { mainCfSettings } from "../../../support/main-cf";
import { only } from "../../../support/stack";
import { deployedUserData } from "../../../support/synthesized";
import { writtenFiles } from "../../../support/user-data";

const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ", { zoneName: "example.com" });

const files = (certificate?: Certificate) =>
  writtenFiles(deployedUserData(backup({ certificate }), "192.0.2.1"));

test("by default the certificate is self-signed, and nothing of getting another is on the host", () => {
  const found = files();
  expect(Object.keys(found).filter((path) => /cert/.test(path))).toEqual([]);
  const settings = mainCfSettings(found["/etc/postfix/main.cf"].content);
  expect(settings.get("smtpd_tls_cert_file")).toBe("/etc/ssl/certs/ssl-cert-snakeoil.pem");
  expect(found["/etc/backup-mx/setup.env"].content).not.toContain("certbot");
});

test("an authority is asked for the hostname, by default Let's Encrypt and without an address", () => {
  const found = files(Certificate.acme({ zone: ZONE }));
  const settings = mainCfSettings(found["/etc/postfix/main.cf"].content);
  expect(settings.get("smtpd_tls_cert_file")).toBe("/etc/postfix/certificate.pem");
  expect(settings.get("smtpd_tls_key_file")).toBe("/etc/postfix/certificate.pem");
  const ini = found["/etc/backup-mx/certbot.ini"].content;
  expect(ini).toContain("server = https://acme-v02.api.letsencrypt.org/directory\n");
  expect(ini).toContain("register-unsafely-without-email = true\n");
  expect(ini).toContain("domains = mx2.example.com\n");
  expect(ini).toContain("config-dir = /var/spool/backup-mx/tls\n");
  expect(found["/etc/backup-mx/setup.env"].content).toMatch(
    /PACKAGES='.*\bcertbot python3-certbot-dns-route53\b/,
  );
});

test("the authority and the address are the user's", () => {
  const directoryUrl = "https://acme-staging-v02.api.letsencrypt.org/directory";
  const certificate = Certificate.acme({ zone: ZONE, email: "ops@example.org", directoryUrl });
  const ini = files(certificate)["/etc/backup-mx/certbot.ini"].content;
  expect(ini).toContain(`server = ${directoryUrl}\nemail = ops@example.org\n`);
  expect(ini).not.toContain("register-unsafely");
});

test("the host may change one TXT record of the zone, and nothing else", () => {
  const { resource } = backup({ certificate: Certificate.acme({ zone: ZONE }) });
  expect(JSON.parse(only(resource, "aws_iam_role_policy").policy).Statement).toEqual([
    {
      Sid: "FindZone",
      Effect: "Allow",
      Action: ["route53:ListHostedZones"],
      Resource: "*",
    },
    {
      Sid: "AwaitChange",
      Effect: "Allow",
      Action: ["route53:GetChange"],
      Resource: "arn:*:route53:::change/*",
    },
    {
      Sid: "Prove",
      Effect: "Allow",
      Action: ["route53:ChangeResourceRecordSets"],
      Resource: "arn:*:route53:::hostedzone/Z0123456789ABCDEFGHIJ",
      Condition: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
            "_acme-challenge.mx2.example.com",
          ],
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
          "route53:ChangeResourceRecordSetsActions": ["UPSERT", "DELETE"],
        },
      },
    },
  ]);
});

test("a node gets a certificate of its own name, or what it asks for", () => {
  const policies = (own?: Certificate) =>
    Object.values<{ policy: string }>(
      backup({
        certificate: Certificate.acme({ zone: ZONE }),
        nodes: [
          {
            hostname: "mx3.example.com",
            network: Network.defaultVpc({ availabilityZone: "eu-central-1b" }),
            certificate: own,
          },
        ],
      }).resource.aws_iam_role_policy,
    ).map(({ policy }) => /_acme-challenge\.[a-z0-9.]*/.exec(policy)?.[0]);
  expect(policies().sort()).toEqual([
    "_acme-challenge.mx2.example.com",
    "_acme-challenge.mx3.example.com",
  ]);
  expect(policies(Certificate.selfSigned())).toEqual(["_acme-challenge.mx2.example.com"]);
});

test.each<[string, () => unknown, string]>([
  [
    "an address that is none",
    () => Certificate.acme({ zone: ZONE, email: "ops" }),
    'certificate.email "ops" is not a mail address; write it in full',
  ],
  [
    "a directory without encryption",
    () => Certificate.acme({ zone: ZONE, directoryUrl: "http://acme.example/dir" }),
    'certificate.directoryUrl "http://acme.example/dir" is not the URL of an ACME directory',
  ],
  [
    "a zone that does not hold the hostname",
    () =>
      backup({
        certificate: Certificate.acme({
          zone: Route53Zone.fromZoneId("Z0NET", { zoneName: "example.net" }),
        }),
      }),
    'zoneName "example.net" does not contain mx2.example.com; give the zone that holds it',
  ],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});
