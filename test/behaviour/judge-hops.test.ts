import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, message, PolicyWorld, SmtpConnection, type SmtpReply, smtp } from "../../lab";
import { RecipientVerification, Scanner } from "../../lib";
import { describeWith } from "../support/requirements";
import { StubJudge } from "../support/stub-judge";

const USERS = ["anna", "bert", "carl", "postmaster"];
const [ANNA, BERT, CARL] = USERS.map((user) => `${user}@example.com`);
const MAIN_CF = "/etc/postfix/main.cf";
const LIMIT = 2_000_000;

/** Settings that anybody may have, and that would refuse, change or double mail at hop 2. */
const HOSTILE = {
  always_bcc: CARL,
  body_checks: "regexp:{{/./ REJECT}}",
  default_destination_rate_delay: "1h",
  disable_mime_output_conversion: "no",
  header_checks: "regexp:{{/^Subject:/ REPLACE Subject: changed}}",
  header_size_limit: "10",
  hopcount_limit: "1",
  in_flow_delay: "10s",
  local_header_rewrite_clients: "static:all",
  message_drop_headers: "subject",
  message_reject_characters: "\\0",
  message_size_limit: "1",
  notify_classes: "bounce, delay, policy, protocol, resource, software",
  queue_minfree: "1000000000000000",
  remote_header_rewrite_domain: "changed.example",
  sender_canonical_maps: "static:changed@changed.example",
  smtp_fallback_relay: "[192.0.2.110]",
  smtpd_client_restrictions: "reject",
  smtpd_data_restrictions: "reject",
  smtpd_delay_reject: "no",
  smtpd_discard_ehlo_keywords: "xforward, 8bitmime, smtputf8, dsn",
  smtpd_end_of_data_restrictions: "check_client_access static:{PREPEND X-Prepended: yes}",
  smtpd_hard_error_limit: "1",
  smtpd_helo_required: "yes",
  smtpd_helo_restrictions: "reject",
  smtpd_milters: "inet:127.0.0.1:1",
  smtpd_recipient_limit: "1",
  smtpd_recipient_restrictions: "reject",
  smtpd_relay_restrictions: "reject",
  smtpd_sender_restrictions: "reject",
  smtpd_timeout: "1s",
  smtpd_tls_security_level: "encrypt",
  soft_bounce: "yes",
  strict_rfc821_envelopes: "yes",
  undisclosed_recipients_header: "To: nobody",
};

const WALL = `
import json, sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
from parts import postfix
print(json.dumps({"fixed": list(postfix.FIXED), "forbidden": postfix.FORBIDDEN}))`;

const LIBRARIES = ["global", "master", "tls", "util"].map((name) => `libpostfix-${name}.so`);

/** What says nothing of mail: how long processes live, what they log, how tables and TLS are read. */
const OF_PROCESSES = [
  /^(application_event_drain_time|daemon_.*|fork_.*|ipc_(idle|ttl)|max_(idle|use)|trigger_timeout)$/,
  /^(backwards_bounce_logfile_compatibility|debug_peer_.*|delay_logging_.*|helpful_warnings|info_log_address_format|respectful_logging|syslog_facility)$/,
  /^(berkeley_db_.*|lmdb_map_size|stale_lock_time|deliver_lock_.*|mailbox_delivery_lock|known_tcp_ports)$/,
  /^(tls_.*|smtpd?_tls_.*)$/,
  /^(disable_dns_lookups|dns.*|inet_protocols|proxy_interfaces|tcp_windowsize|relayhost|send_cyrus_sasl_authzid)$/,
  /^(append_dot_mydomain|enable_idna2003_compatibility|myorigin|owner_request_special|recipient_delimiter)$/,
  /^(mail_(name|version|release_date)|double_bounce_sender|address_verify_.*|header_from_format)$/,
  /^(default_(delivery_status_filter|process_limit|verp_delimiters)|verp_delimiter_filter|fast_flush_domains)$/,
];

/**
 * The services between which the judge stands, their programs, and what may be set although they
 * read it.
 */
const SERVICES: readonly (readonly [
  service: string,
  program: string,
  untouched: readonly RegExp[],
])[] = [
  [
    "judged",
    "smtpd",
    [
      ...OF_PROCESSES,
      // How it would refuse what it does not refuse.
      /_(code|reply|reason|action|reply_maps|key|filter)$/,
      /^(maps_rbl_.*|show_user_unknown_table_name|smtpd_policy_service_.*|broken_sasl_auth_clients)$/,
      // Limits that are off, and what the judge does not look at.
      /^smtpd_(banner|client_event_limit_exceptions|client_port_logging|min_data_rate|starttls_timeout|upstream_proxy_timeout)$/,
      // Its cleanup service does that.
      /^(disable_mime_.*|mime_.*|strict_.*|header_.*|message_drop_headers|in_flow_delay|smtputf8_autodetect_classes|enable_original_recipient)$/,
      /^(bounce|error)_notice_recipient$/,
      // smtpd_tls_security_level is there, and counts more.
      /^smtpd_(use|enforce)_tls$/,
    ],
  ],
  [
    "judged-cleanup",
    "cleanup",
    [
      ...OF_PROCESSES,
      // A sender who wants to hear of delays hears of those behind the judge.
      /^(delay_warning_time|disable_verp_bounces)$/,
      // Parts of rewriting and of checks that are off.
      /^(masquerade_.*|(sender|recipient)_canonical_classes|propagate_unmatched_extensions|virtual_alias_.*_limit|body_checks_size_limit|header_address_token_limit|empty_address_recipient)$/,
      /^disable_mime_output_conversion$/,
    ],
  ],
  [
    "judge",
    "lmtp",
    [
      ...OF_PROCESSES,
      // The same program under its other name.
      /^smtp_/,
      // What only TCP, TLS and cached connections have.
      /^(connection_cache_.*|ignore_mx_lookup_error|minimal_backoff_time|queue_run_delay|best_mx_transport|tlsproxy_.*)$/,
      // What only the services that take mail do.
      /^(disable_mime_input_processing|mime_.*|strict_.*|header_address_.*|line_length_limit|message_.*|in_flow_delay|smtputf8_autodetect_classes|enable_original_recipient|propagate_unmatched_extensions)$/,
      /^error_notice_recipient$/,
    ],
  ],
];

describeWith(PolicyWorld.NEEDS, "mail on its way to the judge and back", () => {
  let world: PolicyWorld;
  let judge: StubJudge;
  let walled: { readonly fixed: readonly string[]; readonly forbidden: readonly RegExp[] };

  const from = (subject: string) => `${subject}@sender.example`;
  /** Sends a mail whose subject is the name of its sender. */
  const send = async (subject: string, data = message(subject), ...to: string[]) => {
    const recipients = to.length > 0 ? to : [ANNA];
    return world.say({ from: from(subject), to: recipients, data });
  };
  const copies = (subject: string, user = ANNA) =>
    world
      .primary()
      .messages(user)
      .filter((mail) => mail.includes(`Return-Path: <${from(subject)}>`));
  const arrived = (subject: string, user = ANNA) => eventually(() => copies(subject, user)[0]);
  /** What arrived as it was sent: below the lines that servers have put on top. */
  const body = (mail: string) => mail.slice(mail.indexOf("X-Sent:"));
  const queued = (subject: string) =>
    world.backup.queue().filter(({ sender }) => sender === from(subject));
  const given = (subject: string) =>
    eventually(() => judge.given().find(({ mail }) => mail[0].includes(from(subject))));
  const gone = (subject: string) =>
    eventually(() => {
      // One that was in hand while Postfix was reloaded it looks at again after 300 s.
      world.backup.run("postqueue", "-f");
      return queued(subject).length === 0;
    });
  const delayed = (subject: string) =>
    eventually(() => queued(subject)[0]?.recipients[0].delay_reason);
  /** Replaces settings, and puts them back. */
  const withSettings = async (settings: object, action: () => Promise<void>) => {
    const before = readFileSync(world.backup.path(MAIN_CF), "utf8");
    const kept = before
      .split("\n")
      .filter((line) => !Object.keys(settings).includes(line.split(" =")[0]));
    const set = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    const use = (text: string) => {
      world.backup.write({ [MAIN_CF]: text });
      world.backup.run("postfix", "reload");
    };
    use(`${[...kept, ...set].join("\n")}\n`);
    try {
      await action();
    } finally {
      use(before);
    }
  };
  /** The settings that a program reads: their names stand in it, or in what it is linked with. */
  const readBy = (program: string) => {
    const names = world.backup.run("postconf", "-dH").trim().split("\n");
    const binaries = [`sbin/${program}`, ...LIBRARIES].map((file) =>
      readFileSync(`/usr/lib/postfix/${file}`, "latin1"),
    );
    const words = new Set(binaries.flatMap((text) => text.split("\0")));
    // A name at the end of a longer one has no place of its own there.
    return names.filter((name) => words.has(name) || name.startsWith(`${program}_`));
  };
  /** Whether whoever writes the configuration may set it, as the host sees it. */
  const isFree = (name: string) =>
    !walled.fixed.includes(name) && !walled.forbidden.some((pattern) => pattern.test(name));
  /** An attempt that a program of this host makes as another user. */
  const asNobody = (...command: string[]) => {
    try {
      const user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"];
      return world.backup.run("setpriv", ...user, ...command);
    } catch (error) {
      return String(error);
    }
  };
  /** Sends again what waits in a queue; pickup looks once a minute by itself. */
  const requeue = (...names: string[]) => {
    world.backup.run("postsuper", "-r", ...names);
    return pickUp();
  };
  const pickUp = () =>
    eventually(() => {
      try {
        world.backup.run("postkick", "public", "pickup", "W");
        return true;
      } catch {
        return false;
      }
    });

  beforeAll(async () => {
    world = await PolicyWorld.open({
      domains: [
        {
          name: "example.com",
          primaries: [{ hostname: "mx1.example.com" }],
          recipients: RecipientVerification.list([ANNA, BERT, CARL]),
        },
      ],
      users: USERS,
      props: { scanner: Scanner.mailScanner(), messageSizeLimit: LIMIT },
      isWatched: false,
    });
    // As a server that stores what it gets.
    world.primary().postfix.run("postconf", "message_drop_headers=", "header_size_limit=2000000", "hopcount_limit=1000", "local_header_rewrite_clients="); // biome-ignore format: one command
    world.primary().postfix.run("postfix", "reload");
    judge = await StubJudge.start(world.backup);
    const { fixed, forbidden } = JSON.parse(world.backup.run("python3", "-c", WALL));
    walled = {
      fixed: [...fixed, "content_filter", "myhostname"],
      forbidden: Object.keys(forbidden).map(
        (name) => new RegExp(`^${name.replaceAll("*", ".*")}$`),
      ),
    };
  });

  afterEach(() => judge.become("pass"));

  afterAll(async () => {
    await judge?.stop();
    await world?.close();
  });

  test("keeps its envelope, and what is known of its sender", async () => {
    const connection = new SmtpConnection(world.sender, PolicyWorld.BACKUP);
    const codes: SmtpReply[] = [await connection.reply()];
    for (const command of [
      "EHLO sender.example",
      'MAIL FROM:<"c > d.VERP+Ab=Zz"@sender.example> RET=HDRS ENVID=a+2Bb BODY=8BITMIME SMTPUTF8',
      `RCPT TO:<${ANNA}> NOTIFY=NEVER ORCPT=rfc822;Anna@example.com`,
      `RCPT TO:<Bert@example.com> NOTIFY=SUCCESS,FAILURE`,
      "DATA",
      "X-Sent: yes\r\n\r\ngrüße\r\n.",
    ]) {
      codes.push(await connection.command(command));
    }
    connection.quit();
    expect(codes.map(({ code }) => code)).toEqual([220, 250, 250, 250, 250, 354, 250]);
    const mail = await given('d.VERP+Ab=Zz"');
    expect(mail.mail[0]).toMatch(/^MAIL FROM:<"c > d\.VERP\+Ab=Zz"@sender\.example>( SIZE=\d+)? /);
    for (const option of ["RET=HDRS", "ENVID=a+2Bb", "BODY=8BITMIME", "SMTPUTF8"]) {
      expect(mail.mail[0].split(" ")).toContain(option);
    }
    expect([...mail.recipients].sort()).toEqual([
      "RCPT TO:<Bert@example.com> ORCPT=rfc822;Bert@example.com NOTIFY=SUCCESS,FAILURE",
      `RCPT TO:<${ANNA}> ORCPT=rfc822;Anna@example.com NOTIFY=NEVER`,
    ]);
    expect(mail.xforward.join(" ")).toMatch(
      /NAME=sender\.example ADDR=192\.0\.2\.100 PORT=\d+ .*HELO=sender\.example IDENT=\w+ SOURCE=REMOTE/,
    );
    const letters = () =>
      world
        .primary()
        .messages(BERT)
        .filter((text) => text.includes("grüße"));
    const [letter] = await eventually(() => (letters().length > 0 ? letters() : undefined));
    expect(letter).toContain('Return-Path: <"c > d.VERP+Ab=Zz"@sender.example>');
    expect(letter).toContain("X-Spam-Status: No, score=0.0");
    expect(world.backup.log()).toMatch(
      /judged\/smtpd.*orig_queue_id=\w+, orig_client=sender\.example\[192/,
    );
  });

  test("with the null sender stays so", async () => {
    const data = "Subject: bounce\n\nHello";
    expect((await world.say({ from: "", to: ANNA, data })).data?.code).toBe(250);
    await eventually(() =>
      world
        .primary()
        .messages(ANNA)
        .some((mail) => mail.startsWith("Return-Path: <>") && mail.includes("Subject: bounce")),
    );
  });

  test("has an answer for each recipient, and nothing that the judge says makes it bounce", async () => {
    judge.become(`refuse ${CARL}`);
    await send("three", undefined, ANNA, CARL, BERT);
    await Promise.all([arrived("three"), arrived("three", BERT)]);
    expect(await delayed("three")).toContain("550 5.1.1 no");
    expect(
      queued("three").flatMap(({ recipients }) => recipients.map(({ address }) => address)),
    ).toEqual([CARL]);
    judge.become("pass");
    world.backup.run("postqueue", "-f");
    await arrived("three", CARL);
    await gone("three");
    expect([copies("three"), copies("three", BERT)].map(({ length }) => length)).toEqual([1, 1]);
  });

  test("comes out on a disk on which port 25 takes nothing", async () => {
    judge.become("wait");
    await send("inside");
    await given("inside");
    await withSettings({ queue_minfree: "1000000000000000" }, async () => {
      await eventually(async () => (await send("outside")).mail?.code === 452);
      judge.become("pass");
      expect(await arrived("inside")).toContain("Subject: inside");
    });
  });

  test("comes out when the host is drained", async () => {
    judge.become("wait");
    await send("undrained");
    await given("undrained");
    const drain = (isDrained: boolean) =>
      world.backup.run(
        "python3",
        "-c",
        `
import sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
import host
from parts import postfix
host.DRAINED = "/run/drained"
${isDrained ? 'host.write(host.DRAINED, "")' : "host.remove(host.DRAINED)"}
host.write("/etc/postfix/master.cf", postfix._services(False))
host.run("postfix", "reload")`,
      );
    drain(true);
    try {
      await eventually(async () => (await send("drained")).rcpt[0]?.code === 450);
      judge.become("pass");
      expect(await arrived("undrained")).toContain("Subject: undrained");
    } finally {
      drain(false);
    }
    await eventually(async () => (await send("resumed")).data?.code === 250);
  });

  test("is not brought in by this host, or a program that runs on it", async () => {
    const stranger = "victim@elsewhere.example";
    const { rcpt } = await smtp(world.host, "127.0.0.1", {
      helo: "sender.example",
      from: from("x"),
      to: stranger,
    });
    expect(rcpt[0]).toMatchObject({
      code: 554,
      text: expect.stringContaining("Relay access denied"),
    });
    expect(asNobody("sendmail", stranger)).toMatch(/not authorized|not allowed|User nobody/);
    expect(asNobody("postqueue", "-p")).toMatch(/not allowed to view the mail queue/);
    expect(asNobody("postqueue", "-f")).toMatch(/not allowed to flush the mail queue/);
    expect(asNobody("socat", "-", "UNIX-CONNECT:/var/spool/postfix/public/judged")).toContain(
      "Permission denied",
    );
  });

  test("has run through 100 servers at most", async () => {
    const hops = (count: number) =>
      `${"Received: from a by b; Sun, 1 Nov 2026 12:00:00 +0000\n".repeat(count)}${message("hops")}`;
    // With the line of this host; the lines behind the judge do not count.
    expect((await send("far", hops(98))).data?.code).toBe(250);
    await arrived("far");
    expect((await send("too-far", hops(99))).data).toMatchObject({
      code: 554,
      text: expect.stringContaining("too many hops"),
    });
  });

  test("is as large as port 25 takes, and larger with what is put on top", async () => {
    const large = (size: number) => `X-Sent: yes\n\n${`${"x".repeat(70)}\n`.repeat(size / 72)}`;
    let size = LIMIT;
    while ((await send("large", large(size))).data?.code === 552) {
      size -= 72;
    }
    expect(size).toBeLessThan(LIMIT);
    expect(size).toBeGreaterThan(LIMIT - 2000);
    expect(body(await arrived("large"))).toBe(large(size));
  });

  test.each([
    ["a line of 100,000 bytes", `X-Sent: yes\n\n${"x".repeat(100_000)}\n`],
    [
      "a header of 4,800 addresses",
      `X-Sent: yes\nTo: ${Array.from({ length: 4800 }, (_, n) => `user${n}@some.example.com`).join(",\n ")}\n\nx\n`,
    ],
    [
      "a header of a million bytes",
      `X-Sent: yes\nX-Long: ${`${"x".repeat(900)}\n `.repeat(1100)}end\n\nx\n`,
    ],
    [
      "headers that a last server takes out",
      `X-Sent: yes\nReturn-Path: <a@b.example>\nBcc: c@d.example\nContent-Length: 1\nResent-Bcc: e@f.example\n\nx\n`,
    ],
    ["incomplete headers", "X-Sent: yes\nFrom: anna\nTo: bert, carl\n\nx\n"],
    ["no headers but one, and no blank line", "X-Sent: yes\n"],
    ["two subjects", "X-Sent: yes\nSubject: a\nsubject:  b\n\nx\n"],
    ["a NUL", "X-Sent: yes\n\na\0b\n"],
    ["a dot alone", "X-Sent: yes\n\n.\n..\n.x\n"],
  ])("arrives as it was sent: %s", async (name, data) => {
    const subject = name.replaceAll(/\W/g, "-");
    expect((await send(subject, data)).data?.code).toBe(250);
    expect(body(await arrived(subject))).toBe(data);
  });

  test("has a space where a carriage return was alone", async () => {
    await send("carriage", "X-Sent: yes\n\na\rb\n");
    expect(body(await arrived("carriage"))).toBe("X-Sent: yes\n\na b\n");
  });

  test("is not delayed by the judge's having been away", async () => {
    await judge.stop();
    await Promise.all(["away1", "away2", "away3"].map((subject) => send(subject)));
    expect(await delayed("away1")).toContain("backup-mx-judge/lmtp");
    await Promise.all(["away2", "away3"].map(delayed));
    judge = await StubJudge.start(world.backup);
    await send("back");
    await arrived("back");
    world.backup.run("postqueue", "-i", queued("away1")[0].queue_id);
    await arrived("away1");
    world.backup.run("postqueue", "-f");
    await Promise.all(["away2", "away3"].map((subject) => arrived(subject)));
  });

  test("goes nowhere past a judge who is away, whatever is set for other ways", async () => {
    await judge.stop();
    const settings = {
      smtp_fallback_relay: "[192.0.2.110]",
      default_delivery_status_filter: "regexp:{{/^4(.*)/ 2$$1}}",
    };
    await withSettings(settings, async () => {
      await eventually(async () => (await send("past")).data?.code === 250);
      expect(await delayed("past")).toContain("backup-mx-judge/lmtp");
    });
    judge = await StubJudge.start(world.backup);
    expect(copies("past")).toEqual([]);
    world.backup.run("postqueue", "-f");
    await gone("past");
  });

  test("that was judged is not touched by settings", async () => {
    const data = `X-Sent: yes\nSubject: as it was\nFrom: anna\n\nx\0y\n`;
    judge.become("wait");
    await send("settings", data, ANNA, BERT);
    await given("settings");
    await withSettings(HOSTILE, async () => {
      await sleep(1000);
      judge.become("pass");
      const mails = await Promise.all([arrived("settings"), arrived("settings", BERT)]);
      expect(mails.map(body)).toEqual([data, data]);
      expect(mails.join()).not.toMatch(/X-Prepended|changed/);
    });
    await gone("settings");
    expect(copies("settings", CARL)).toEqual([]);
    // The lab gives files the time 0, which each process that opens them remarks upon.
    const judged = world.backup
      .log()
      .split("\n")
      .filter((line) => line.includes("postfix/judged"));
    expect(judged.filter((line) => /warning: (?!dict_changed)|fatal|reject/.test(line))).toEqual(
      [],
    );
  });

  describe.each(SERVICES)("by the service %s", (service, program, untouched) => {
    const options = () => {
      const text = readFileSync(world.backup.path("/etc/postfix/master.cf"), "utf8");
      const [, lines] = new RegExp(`^${service} .*\n((?: {4}.*\n)*)`, "m").exec(text) ?? [];
      return new Map([...lines.matchAll(/-o (\w+)=(.*)/g)].map(([, name, value]) => [name, value]));
    };

    test("is moved by no setting but those that say nothing of mail", () => {
      const free = readBy(program).filter((name) => isFree(name) && !options().has(name));
      const isUntouched = (name: string) => untouched.some((pattern) => pattern.test(name));
      expect(free.filter((name) => !isUntouched(name))).toEqual([]);
      // A pattern that fits nothing would hide what is to come.
      expect(untouched.filter((pattern) => !free.some((name) => pattern.test(name)))).toEqual([]);
    });

    test("has no value that another setting is part of", () => {
      expect(
        [...options().values()].filter((value) => value.includes("$") && value !== "$myhostname"),
      ).toEqual([]);
    });
  });

  describe("that is sent on its way anew", () => {
    test("is judged as it was: with its sender, his address, and its age", async () => {
      judge.become("defer");
      await send("anew");
      await delayed("anew");
      const [{ queue_id, arrival_time }] = queued("anew");
      const before = judge.given().length;
      await sleep(1100);
      await requeue(queue_id);
      const again = await eventually(() => judge.given()[before]);
      expect(again.xforward.join(" ")).toContain(`ADDR=192.0.2.100`);
      expect(again.xforward.join(" ")).toContain(`IDENT=${queue_id}`);
      expect(again.text.join("")).toMatch(
        new RegExp(
          `^Received: by mx2\\.example\\.net \\(Postfix, from userid \\d+\\)\r\n\tid \\w+; .*\r\nReceived: from sender\\.example \\(sender\\.example \\[192\\.0\\.2\\.100\\]\\)\r\n\tby mx2\\.example\\.net \\(Postfix\\) with ESMTP id ${queue_id}\r\n`,
        ),
      );
      await eventually(() => queued("anew")[0]?.queue_id !== queue_id);
      expect(queued("anew")[0].arrival_time).toBe(arrival_time);
      judge.become("pass");
      world.backup.run("postqueue", "-f");
      await arrived("anew");
    });

    test("says by its top lines that it was judged", async () => {
      await world.primary().refuse();
      try {
        await send("twice");
        await given("twice");
        const [{ xforward }] = judge.given().filter(({ mail }) => mail[0].includes(from("twice")));
        const [, first] = /IDENT=(\w+)/.exec(xforward.join(" ")) ?? [];
        await eventually(
          () => queued("twice").length === 1 && queued("twice")[0].queue_id !== first,
        );
        const before = judge.given().length;
        await requeue(queued("twice")[0].queue_id);
        const again = await eventually(() => judge.given()[before]);
        // The name that hop 1 gave it: the judge handed it on.
        expect(again.xforward.join(" ")).toContain(`IDENT=${first}`);
        expect(again.text.join("")).toMatch(
          /^Received: by mx2\.example\.net \(Postfix, from userid \d+\)\r\n\tid \w+; .*\r\nReceived: from judge \(localhost \[127\.0\.0\.1\]\)\r\n\tby mx2\.example\.net \(Postfix\) with ESMTP id \w+\r\n\tfor .*\r\nX-Spam-Status: No, score=0\.0\r\n/,
        );
      } finally {
        await world.primary().become("up");
      }
      world.backup.run("postqueue", "-f");
      await gone("twice");
    });

    test("passes the judge, whatever release has left it, by the set-up", async () => {
      // No queue of its own for each network.
      const WHOLE = { smtpd_data_restrictions: "reject_unauth_pipelining" };
      const REQUEUE = `
with open("/usr/local/sbin/backup-mx-setup") as file:
    exec(file.read().replace("\\nmain()\\n", "\\nrequeue()\\n"))`;
      await withSettings(
        { content_filter: "", ...WHOLE, header_checks: "regexp:{{/^Received:/ HOLD}}" },
        async () => {
          await eventually(
            async () =>
              (await send("held")).data?.code === 250 && queued("held")[0]?.queue_name === "hold",
          );
        },
      );
      await withSettings({ content_filter: "scan:[127.0.0.1]:10025", ...WHOLE }, async () => {
        await eventually(
          async () =>
            (await send("stamped")).data?.code === 250 &&
            (await delayed("stamped")) === "mail transport unavailable",
        );
      });
      world.backup.run("postqueue", "-f");
      await sleep(1000);
      expect(await delayed("stamped")).toBe("mail transport unavailable");
      world.backup.run("mkdir", "-p", "/run/backup-mx");
      world.backup.run("python3", "-c", REQUEUE);
      await pickUp();
      expect(await arrived("held")).toContain("X-Spam-Status: No");
      expect(await arrived("stamped")).toContain("X-Spam-Status: No");
    });
  });

  test("of this host itself does not wait for the judge", async () => {
    judge.become("wait");
    const write = `
import sys
sys.path.insert(0, "/usr/local/lib/backup-mx")
import host
host.letter("a trial", "Grüße\\n.\\n.dot\\u2028end")`;
    world.backup.run("python3", "-c", write);
    const letter = await eventually(() =>
      world
        .primary()
        .messages("postmaster@example.com")
        .find((mail) => mail.includes("Subject: backup MX: a trial")),
    );
    expect(letter).toMatch(/\n\nGrüße\n\.\n\.dot\u2028end\n$/);
    expect(letter).toMatch(/^Message-ID: <.*@mx2\.example\.net>$/m);
    expect(letter).not.toContain("X-Spam-Status");
    // While Postfix is stopped, sendmail keeps it.
    await world.backup.stop();
    world.backup.run("python3", "-c", write);
    judge.become("pass");
    await world.backup.start();
    await eventually(
      () =>
        world
          .primary()
          .messages("postmaster@example.com")
          .filter((mail) => mail.includes("a trial")).length === 2,
    );
  });
});
