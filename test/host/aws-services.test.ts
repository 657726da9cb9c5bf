import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AcmeServer,
  type Aws,
  type AwsAnswer,
  type AwsRequest,
  CloudWatch,
  CloudWatchLogs,
  type Datum,
  eventually,
  execute,
  HostWorld,
  type MailHost,
  message,
  program,
  Route53,
  succeed,
  ZONE,
} from "../../lab";
import {
  type BackupMxProps,
  Certificate,
  Logs,
  Monitoring,
  Route53Zone,
  SessionManager,
} from "../../lib";
import { describeWith } from "../support/requirements";

// A booted host with all that it does in AWS, beside services that check each signature.

const { HOSTNAME } = HostWorld;
const AGENT = "/ec2-downloads-windows/SSMAgent/latest/debian_amd64/amazon-ssm-agent.deb";
const CHALLENGE = `_acme-challenge.${HOSTNAME}`;
const CERTIFICATE = "/usr/local/sbin/backup-mx-certificate";

/** A statement of the role's policy, as far as it is looked at here. */
interface Statement {
  readonly Sid: string;
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string[] } };
}

/** A package that has in it what the real one has, as far as the host minds. */
async function agentPackage(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  try {
    mkdirSync(join(folder, "tree/DEBIAN"), { recursive: true });
    writeFileSync(
      join(folder, "tree/DEBIAN/control"),
      "Package: amazon-ssm-agent\nVersion: 3.3\nArchitecture: all\n" +
        "Maintainer: Nobody <nobody@example.org>\nDescription: stands in for the agent\n",
    );
    mkdirSync(join(folder, "tree/lib/systemd/system"), { recursive: true });
    writeFileSync(
      join(folder, "tree/lib/systemd/system/amazon-ssm-agent.service"),
      "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
    );
    const file = join(folder, "agent.deb");
    await succeed(["dpkg-deb", "--root-owner-group", "--build", join(folder, "tree"), file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWith(
  [
    ...HostWorld.NEEDS,
    program("curl", "curl"),
    program("dpkg-deb", "dpkg"),
    program("pebble", "pebble"),
  ],
  "a booted host among the services of AWS",
  () => {
    const cloudwatch = new CloudWatch();
    const logs = new CloudWatchLogs(`/backup-mx/${HOSTNAME} journal`);
    const route53 = new Route53("example.com");
    let world: HostWorld;
    let agent: Buffer;
    let agentSha256: string;
    let authority: AcmeServer;
    let aws: Aws;
    /** A new instance with the same disk, which expects this checksum of the agent. */
    let boot: (sha256: string) => Promise<MailHost>;
    let host: MailHost;
    let props: Partial<BackupMxProps>;
    /** The root that a sender trusts. */
    let rootFile: string;

    /** The bucket of AWS; the package there is not the one that was expected. */
    const bucket = ({ url }: { url: string }): AwsAnswer =>
      url === AGENT ? { status: 200, body: agent } : { status: 404, body: "NoSuchKey" };

    /** The names of the world, and what the host has put into the zone. */
    const records = () => ({
      ...world.records,
      [CHALLENGE]: (route53.values(CHALLENGE, "TXT") ?? []).map((value) => `TXT ${value}`),
    });

    /** Route 53, which lets the role do what its policy says, and publishes before it answers. */
    const zone = (policy: string) => async (request: AwsRequest) => {
      const { Statement: statements }: { Statement: Statement[] } = JSON.parse(policy);
      const { Condition } = statements.find(({ Sid }) => Sid === "Prove") ?? {};
      const allowed = Object.values(Condition?.["ForAllValues:StringEquals"] ?? {});
      for (const [, change] of request.body.matchAll(/<Change>(.*?)<\/Change>/gs)) {
        const asked = ["Name", "Type", "Action"].map(
          (field) => new RegExp(`<${field}>(.*?)\\.?</${field}>`).exec(change)?.[1] ?? "",
        );
        if (!asked.every((value, index) => allowed[index]?.includes(value))) {
          return { status: 403, body: `<ErrorResponse>AccessDenied ${asked}</ErrorResponse>` };
        }
      }
      const answer = route53.answer(request);
      await world.dns.set(records());
      return answer;
    };

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), "aws-services-"));
      agent = await agentPackage();
      agentSha256 = createHash("sha256").update(agent).digest("hex");
      props = {
        certificate: Certificate.acme({
          zone: Route53Zone.fromZoneId(ZONE),
          directoryUrl: "https://acme.example/dir",
        }),
        logs: Logs.toLogGroup(),
        monitoring: Monitoring.toTopic("arn:aws:sns:eu-central-1:111122223333:alarms"),
      };
      const stackWith = (packageSha256: string) =>
        HostWorld.stack({ ...props, sessionManager: SessionManager.install({ packageSha256 }) });
      const stack = stackWith("0".repeat(64));
      const { policy } = Object.values<{ policy: string }>(stack.resource.aws_iam_role_policy).find(
        ({ policy }) => policy.includes("route53:"),
      ) as { policy: string };
      world = await HostWorld.open(
        {
          "acme.example": ["A 198.51.100.45"],
          "inbound-smtp.us-east-1.amazonaws.com": [`A ${HostWorld.PRIMARY}`],
        },
        {
          "logs.eu-central-1": logs.answer,
          "monitoring.eu-central-1": cloudwatch.answer,
          route53: zone(policy),
          s3: bucket,
        },
      );
      world.atEnd(() => rmSync(folder, { recursive: true }));
      ({ aws } = world);
      await world.dns.set(records());
      authority = new AcmeServer(
        world.addHost("acme", "198.51.100.45"),
        "acme.example",
        world.dns.address,
      );
      world.atEnd(() => authority.remove());
      rootFile = join(folder, "root.pem");
      writeFileSync(rootFile, authority.certificate);
      const files = {
        // Five minutes are long for a test, and one as well.
        ...Object.fromEntries(
          ["metrics", "logs", "certificate"].map((timer) => [
            `/etc/systemd/system/backup-mx-${timer}.timer.d/often.conf`,
            { content: "[Timer]\nOnCalendar=*:*:0/10\nAccuracySec=1s\nRandomizedDelaySec=0\n" },
          ]),
        ),
      };
      const place = world.place();
      const disk = world.disk(20 * 1024 ** 3);
      const trusted = [authority.certificate];
      boot = (sha256) =>
        world.boot({
          stack: stackWith(sha256),
          place,
          files,
          trusted,
          device: disk.attach(),
        });
      host = await boot("0".repeat(64));
      expect(await host.cloudInit()).toMatchObject({ exitCode: 0, errors: [] });
    });

    afterAll(() => world?.close());

    const values = (data: { readonly [metric: string]: Datum } | undefined) =>
      Object.fromEntries(Object.entries(data ?? {}).map(([name, { value }]) => [name, value]));

    test("its timer sends its figures to CloudWatch, signed with the role of the instance", async () => {
      const sent = await eventually(() =>
        cloudwatch.received.find((data) => data.Ready?.value === 1 && data.Quarantined),
      );
      expect(values(sent)).toEqual({
        Ready: 1,
        QueueLength: 0,
        Refused: 0,
        OldestMessage: 0,
        Unjudged: 0,
        OldestUnjudged: 0,
        VerdictStandstill: 0,
        Quarantined: 0,
        QuarantineFull: 0,
        Unscanned: 0,
        DiskUsed: expect.any(Number),
        MemoryUsed: expect.any(Number),
        CertificateDays: expect.any(Number),
        ConfigurationRefused: 0,
        ConfigurationAge: expect.any(Number),
        Configuration: expect.any(Number),
        PrimariesUnreachable: 0,
        // The primary of the lab takes 10 MB, as Postfix does by default.
        SmallPrimaries: 1,
        OutboundPort25: 1,
      });
      for (const datum of Object.values(sent)) {
        expect(datum).toMatchObject({
          namespace: "BackupMx",
          dimensions: { Host: HOSTNAME },
          unit: expect.stringMatching(/^(Count|Seconds|Percent)$/),
        });
      }
      expect(aws.unsigned).toEqual([]);
    });

    test("an outage is in the next figures", async () => {
      expect((await world.say(host, { from: "" })).rcpt[0].code).toBe(250);
      await world.primary.refuse();
      const { data } = await world.say(host, { data: message("waits") });
      expect(data?.code).toBe(250);
      await eventually(() => {
        const last = values(cloudwatch.received.at(-1));
        return last.QueueLength === 1 && last.PrimariesUnreachable === 1;
      });
      await world.primary.become("up");
    });

    const lines = (pattern: RegExp) =>
      logs.events.map(({ message }) => message).filter((message) => pattern.test(message));

    test("its log group has how it was set up, and what became of mail", async () => {
      await eventually(() => lines(/^backup-mx-setup\[\d+\]: ready: /).length === 1);
      expect(lines(/set-up waits for Debian's packages/)).toHaveLength(1);
      await eventually(() => lines(/^postfix\/qmgr\[\d+\]: .*to=|removed$/).length > 0);
      const { timestamp } = logs.events.find(({ message }) => message.includes("ready: ")) ?? {};
      expect(Math.abs(Date.now() - (timestamp ?? 0))).toBeLessThan(10 * 60_000);
    });

    test("what is logged while AWS does not answer arrives later, each line once and in order", async () => {
      const failures = async () => {
        const unit = ["--unit", "backup-mx-logs", "--grep", "journal was not sent"];
        return (await host.run("journalctl", "--quiet", ...unit)).stdout.split("\n").length - 1;
      };
      const before = await failures();
      aws.isDown = true;
      // More than AWS takes at once.
      const write = `for n in $(seq 5000); do printf '%04d %300s\\n' $n x; done | logger -p mail.info -t burst`;
      await host.run("sh", "-c", write);
      await eventually(async () => (await failures()) > before);
      expect(lines(/^burst/)).toEqual([]);
      aws.isDown = false;
      await eventually(() => lines(/^burst/).length >= 5000);
      const numbers = lines(/^burst/).map((line) => /: (\d+) /.exec(line)?.[1]);
      expect(numbers).toEqual(
        Array.from({ length: 5000 }, (_, n) => String(n + 1).padStart(4, "0")),
      );
      expect(logs.refusals).toEqual([]);
      expect(aws.unsigned).toEqual([]);
    });

    /** The certificate that a sender is shown, and what is wrong with it. */
    async function shown() {
      const { stdout } = await execute(
        world.sender.command(
          ...["openssl", "s_client", "-starttls", "smtp", "-connect", `${host.address}:25`],
          ...["-verify_hostname", HOSTNAME, "-CAfile", rootFile, "-showcerts"],
        ),
      );
      const [pem = ""] = /-----BEGIN CERT.*?-----END CERTIFICATE-----\n/s.exec(stdout) ?? [];
      const { serialNumber, publicKey, issuer } = new X509Certificate(pem);
      const verdict = /Verify return code: \d+ \((.*)\)/.exec(stdout)?.[1];
      return {
        serialNumber,
        issuer,
        verdict,
        key: publicKey.export({ format: "der", type: "spki" }),
      };
    }

    test("its mail is encrypted from the first boot, while no authority answers", async () => {
      expect((await shown()).issuer).toBe(`CN=${HOSTNAME}`);
      expect(cloudwatch.received.at(-1)?.CertificateDays.value).toBeLessThan(1);
      await eventually(() => lines(/backup-mx: no certificate for mx2\.example\.com/).length > 0);
    });

    test("as soon as the authority answers, its certificate is shown, and the proof is gone", async () => {
      await authority.start();
      writeFileSync(rootFile, authority.root());
      const { verdict } = await eventually(async () => {
        // One client may connect 120 times a minute.
        await sleep(1000);
        const found = await shown();
        return found.issuer !== `CN=${HOSTNAME}` && found;
      });
      expect(verdict).toBe("ok");
      expect(world.dns.queries()).toContainEqual({
        client: authority.address,
        name: CHALLENGE,
        type: "TXT",
      });
      expect(route53.values(CHALLENGE, "TXT")).toBeUndefined();
      await eventually(() => cloudwatch.received.at(-1)?.CertificateDays.value === 89);
    });

    test("a renewed one is shown soon, with the key of which the TLSA record tells", async () => {
      const before = await shown();
      const { stdout: tlsa } = await host.run(CERTIFICATE, "tlsa");
      const hash = createHash("sha256").update(before.key).digest("hex");
      expect(tlsa).toBe(`_25._tcp.${HOSTNAME}. IN TLSA 3 1 1 ${hash}\n`);
      const tls = "/var/spool/backup-mx/tls";
      const renew = [
        ...["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"],
        ...["--config-dir", tls, "--work-dir", `${tls}/work`],
        ...["--logs-dir", "/var/log/backup-mx-certificate"],
      ];
      // One certbot at a time: the timer of the host may have started another.
      await eventually(async () => (await host.run(...renew)).exitCode === 0 || sleep(1000, false));
      const after = await eventually(async () => {
        await sleep(1000);
        const found = await shown();
        return found.serialNumber !== before.serialNumber && found;
      });
      expect(after).toMatchObject({ verdict: "ok", key: before.key });
    });

    test("an agent that is not the expected one is not installed, and mail is taken all the same", async () => {
      expect(await host.setUpLog()).toMatch(
        /amazon-ssm-agent is not installed: .*checksum.*; this host takes mail without it$/m,
      );
      expect((await host.run("dpkg", "--status", "amazon-ssm-agent")).exitCode).not.toBe(0);
    });

    test("the next instance shows the same certificate, though no authority answers", async () => {
      const before = await shown();
      await host.machine.powerOff();
      await host.remove();
      await authority.stop();
      host = await boot(agentSha256);
      expect(await host.cloudInit()).toMatchObject({ exitCode: 0, errors: [] });
      expect(await shown()).toEqual(before);
    });

    test("an agent that is the expected one runs", async () => {
      const { stdout } = await host.run("systemctl", "is-active", "amazon-ssm-agent");
      expect(stdout).toBe("active\n");
    });

    test("another authority is asked at once, though there is a certificate", async () => {
      const before = await shown();
      // It has lost its keys and accounts, and has another URL.
      await authority.start();
      writeFileSync(rootFile, authority.root());
      const zone = Route53Zone.fromZoneId(ZONE);
      const directoryUrl = "https://acme.example:443/dir";
      world.deploy(host, {
        ...props,
        certificate: Certificate.acme({ zone, directoryUrl }),
        sessionManager: SessionManager.install({ packageSha256: agentSha256 }),
      });
      expect(await host.takesConfiguration()).toMatchObject({ exitCode: 0 });
      const after = await eventually(async () => {
        await sleep(1000);
        const found = await shown();
        return found.serialNumber !== before.serialNumber && found;
      });
      expect(after).toMatchObject({ verdict: "ok", key: before.key });
      await sleep(12_000);
      expect((await shown()).serialNumber).toBe(after.serialNumber);
    });
  },
);
