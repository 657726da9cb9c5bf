import {
  eventually,
  type NetworkHost,
  OddPrimary,
  PolicyWorld,
  type Primary,
  Sink,
  SmtpConnection,
} from "../../lab";
import { RecipientVerification } from "../../lib";
import { describeWith } from "../support/requirements";

const USER = "anna@example.com";
const OPTIONS = [
  "",
  " NOTIFY=SUCCESS",
  " NOTIFY=SUCCESS,FAILURE,DELAY",
  " NOTIFY=FAILURE",
  " NOTIFY=NEVER",
];
const SENDERS = [
  "forged@sender.example",
  "Anton.VERP+a=b@sender.example",
  // One of ours, whose address somebody has forged as well.
  "bert@example.com",
  "",
];

describeWith(PolicyWorld.NEEDS, "a sender, who may be forged, hears nothing", () => {
  let world: PolicyWorld;
  let primary: Primary;
  let senders: Sink;
  let odd: OddPrimary;
  let operators: NetworkHost;
  let operator: Sink;

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.none(),
        },
        {
          name: "odd.example",
          primaries: [{ hostname: "mx1.odd.example" }],
          recipients: RecipientVerification.none(),
        },
      ],
      gone: ["odd.example"],
      users: ["anna", "bert"],
      records: {
        "odd.example": ["MX 10 mx1.odd.example"],
        "mx1.odd.example": ["A 192.0.2.150"],
        "sender.example": [`A ${PolicyWorld.SENDER}`, "MX 10 sender.example"],
        "operator.example": ["MX 10 mail.operator.example"],
        "mail.operator.example": ["A 192.0.2.151"],
      },
      props: {
        postmaster: "ops@operator.example",
        smtpdSenderRestrictions: [],
      },
    });
    primary = world.primary("mx1.example.com");
    senders = await Sink.start(world.sender);
    world.atEnd(() => senders.remove());
    odd = await OddPrimary.start(world.addHost("odd", "192.0.2.150"));
    world.atEnd(() => odd.remove());
    operators = world.addHost("operator", "192.0.2.151");
    operator = await Sink.start(operators);
    world.atEnd(() => operator.remove());
  });

  afterAll(() => world?.close());

  /** Sends one mail of each kind, and returns how many were accepted. */
  const sendAll = async (to: string) => {
    let accepted = 0;
    const client = world.addHost(`client${clients}`, `192.0.2.${160 + clients++}`);
    for (const from of SENDERS) {
      for (const options of OPTIONS) {
        const session = new SmtpConnection(client, PolicyWorld.BACKUP);
        await session.reply();
        await session.command("EHLO sender.example");
        await session.command(`MAIL FROM:<${from}> RET=HDRS ENVID=x${accepted}`);
        await session.command(`RCPT TO:<${to}>${options} ORCPT=rfc822;${USER}`);
        const go = await session.command("DATA");
        if (go.code === 354) {
          const end = await session.message(
            `From: ${from || "a@b.example"}\nSubject: a\n\nhello\n`,
          );
          accepted += end.code === 250 ? 1 : 0;
        }
        session.quit();
      }
    }
    return accepted;
  };
  let clients = 0;
  const settled = () => eventually(() => world.backup.queue().length === 0);
  const mustHaveHeardNothing = () => {
    // A primary with DSN answers for itself what it was asked for.
    const ofPrimary = (content: string) => content.includes("Reporting-MTA: dns; mx1.example.com");
    const heard = [
      ...senders.arrived().map(({ content }) => content),
      ...primary.messages("bert@example.com"),
    ];
    expect(heard.filter((content) => !ofPrimary(content))).toEqual([]);
  };

  test("when his mail was delivered, whatever he has asked for", async () => {
    expect(await sendAll(USER)).toBe(20);
    await settled();
    expect(primary.messages(USER)).toHaveLength(20);
    mustHaveHeardNothing();
  });

  test("when his mail was delivered to a primary without DSN", async () => {
    expect(await sendAll("anna@odd.example")).toBe(20);
    await settled();
    mustHaveHeardNothing();
  });

  test("when the primary refuses his mail for good, which is kept", async () => {
    odd.says({ end: "554 5.7.1 spam" });
    expect(await sendAll("anna@odd.example")).toBe(20);
    await eventually(() =>
      world.backup
        .queue()
        .every(({ recipients }) => /554 5\.7\.1 spam/.test(recipients[0]?.delay_reason ?? "")),
    );
    expect(world.backup.queue()).toHaveLength(20);
    mustHaveHeardNothing();
  });

  test("when his mail has waited too long, of which the operator hears", async () => {
    const before = operator.arrived().length;
    world.backup.run("postsuper", "-e", "ALL");
    world.backup.run("postqueue", "-f");
    await settled();
    mustHaveHeardNothing();
    // But for those who wanted to hear of nothing but success: three in five, with or without a sender.
    await eventually(() => operator.arrived().length >= before + 12);
    for (const { content } of operator.arrived()) {
      expect(content).toMatch(
        /^Subject: Postmaster Copy: Undelivered Mail|^Subject: Undelivered Mail/m,
      );
    }
  });

  test("when the server of the operator refuses what he sends to the backup's postmaster", async () => {
    await operator.stop();
    const refusing = await OddPrimary.start(operators, { rcpt: { "*": "550 5.1.1 no" } });
    try {
      expect(await sendAll(`postmaster@${PolicyWorld.HOSTNAME}`)).toBe(20);
      await settled();
      mustHaveHeardNothing();
    } finally {
      await refusing.remove();
      await operator.start();
    }
  });
});
