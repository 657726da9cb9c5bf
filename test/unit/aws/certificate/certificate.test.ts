import { Certificate, Network, Route53Zone } from "../../../../lib";
import { backup } from "../../../support/backup";
import { configurationOf, factsOf } from "../../../support/host-files";
import { mainCfSettings } from "../../../support/main-cf";

const ZONE = Route53Zone.fromZoneId("Z0123456789ABCDEFGHIJ", { zoneName: "example.com" });

const certificateFiles = (certificate?: Certificate) => {
  const settings = mainCfSettings(configurationOf({ certificate }).postfix["main.cf"]);
  return ["smtpd_tls_cert_file", "smtpd_tls_key_file"].map((name) => settings.get(name));
};

test("by default the certificate is self-signed, and the host gets no other", () => {
  expect(certificateFiles()).toEqual([
    "/etc/ssl/certs/ssl-cert-snakeoil.pem",
    "/etc/ssl/private/ssl-cert-snakeoil.key",
  ]);
  expect(configurationOf()).not.toHaveProperty("certificate");
  expect(factsOf().parts).not.toContain("certificate");
});

test("an authority is asked for the hostname, by default Let's Encrypt and without an address", () => {
  const certificate = Certificate.acme({ zone: ZONE });
  expect(certificateFiles(certificate)).toEqual([
    "/etc/postfix/certificate.pem",
    "/etc/postfix/certificate.pem",
  ]);
  expect(configurationOf({ certificate }).certificate).toEqual({
    server: "https://acme-v02.api.letsencrypt.org/directory",
    email: "",
  });
  expect(factsOf({ certificate }).parts).toContain("certificate");
});

test("the authority and the address are the user's", () => {
  const directoryUrl = "https://acme-staging-v02.api.letsencrypt.org/directory";
  const certificate = Certificate.acme({ zone: ZONE, email: "ops@example.org", directoryUrl });
  expect(configurationOf({ certificate }).certificate).toEqual({
    server: directoryUrl,
    email: "ops@example.org",
  });
});

test("the host may change one TXT record of the zone, and nothing else", () => {
  const { resource } = backup({ certificate: Certificate.acme({ zone: ZONE }) });
  expect(
    JSON.parse(resource.aws_iam_role_policy.mx2_example_com_Server_Role_Certificate.policy)
      .Statement,
  ).toEqual([
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
    ).flatMap(({ policy }) => /_acme-challenge\.[a-z0-9.]*/.exec(policy) ?? []);
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
