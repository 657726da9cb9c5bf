import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { NetworkHost } from "../net/network";
import { Postfix } from "./postfix";

export interface PrimaryOptions {
  readonly hostname: string;
  /** The addresses that it knows. It takes mail for their domains and refuses other users. */
  readonly users: readonly string[];
  /** The address of the name server. */
  readonly nameserver: string;
  /** Ports on which it listens besides 25. @default - none */
  readonly ports?: readonly number[];
}

interface Differences {
  readonly recipient?: string;
  readonly greeting?: string;
  readonly settings?: string;
}

/** How long a slow primary thinks about a recipient. */
export const SLOW_SECONDS = 8;

/** The settings in which a mood of the primary differs from its daily routine. */
const MOODS = {
  up: {},
  /** Greylisting as a stranger sees it: not now, whoever you ask for. */
  greylisting: { recipient: "check_recipient_access static:{450 4.7.1 Greylisted}" },
  /** Has lost its table of users. */
  forgetful: { recipient: "check_recipient_access static:{550 5.1.1 User unknown}" },
  slow: { recipient: `sleep ${SLOW_SECONDS}` },
  busy: { greeting: "check_client_access static:{421 4.3.2 Too busy}" },
  /** Lets everybody but itself wait for its greeting: longer than a recipient is verified for, shorter than the watch waits. */
  late: { greeting: "check_client_access inline:{{$myhostname = OK}} sleep 25" },
  /** Offers encryption, and then every handshake fails. */
  garbled: {
    settings:
      "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = none\nsmtpd_tls_protocols = TLSv1\n",
  },
  /** Encrypts, with the certificate in its own folder. */
  sealed: {
    settings:
      "smtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\nsmtpd_tls_chain_files = /etc/postfix/chain.pem\n",
  },
  hostile: { greeting: "check_client_access static:{554 5.7.1 Your address is blocked}" },
} satisfies Record<string, Differences>;

export type Mood = keyof typeof MOODS;

const MAILBOXES = "/var/spool/postfix/mailboxes";
const NOBODY = 65534;

/** Somebody's primary mail server: a real Postfix with mailboxes, and with good and bad days. */
export class Primary {
  static async start(host: NetworkHost, options: PrimaryOptions): Promise<Primary> {
    const files = {
      "/etc/postfix/main.cf": mainCf(options, "up"),
      "/etc/postfix/master.cf": masterCf(options.ports ?? []),
      "/etc/postfix/users": options.users.map((user) => `${user} ${user}/\n`).join(""),
    };
    const postfix = await Postfix.start(host, files, options);
    mkdirSync(postfix.path(MAILBOXES));
    chownSync(postfix.path(MAILBOXES), NOBODY, NOBODY);
    return new Primary(postfix, options);
  }

  private mood?: Mood = "up";

  private constructor(
    readonly postfix: Postfix,
    private readonly options: PrimaryOptions,
  ) {}

  /**
   * Comes up, if need be, and behaves like this from now on. It begins anew only where that changes
   * something: mail that is on its way to it then comes twice.
   */
  async become(mood: Mood): Promise<void> {
    if (this.mood === mood) {
      return;
    }
    this.mood = mood;
    await this.postfix.stop();
    this.postfix.write({ "/etc/postfix/main.cf": mainCf(this.options, mood) });
    await this.postfix.start();
  }

  /** Goes down with the machine still up: connections are refused. */
  async refuse(): Promise<void> {
    this.mood = undefined;
    await this.postfix.stop();
  }

  /**
   * Goes down without a trace: packets vanish, as across the internet. (Of an unplugged host the
   * switch's neighbours know after three seconds that there is no route to it, unless they still
   * remember its hardware address: what a test then measures is chance.)
   */
  vanish(): void {
    this.postfix.host.run("ip", "rule", "add", "pref", "1", "blackhole");
  }

  reappear(): void {
    this.postfix.host.run("ip", "rule", "delete", "pref", "1");
  }

  /** The mails in a user's mailbox. */
  messages(user: string): string[] {
    const folder = this.postfix.path(join(MAILBOXES, user, "new"));
    if (!existsSync(folder)) {
      return [];
    }
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  }

  /** The mails in a user's mailbox, and when each arrived, in seconds since 1970. */
  arrived(user: string): { readonly text: string; readonly at: number }[] {
    const folder = this.postfix.path(join(MAILBOXES, user, "new"));
    return (existsSync(folder) ? readdirSync(folder) : []).map((name) => ({
      text: readFileSync(join(folder, name), "utf8"),
      at: statSync(join(folder, name)).mtimeMs / 1000,
    }));
  }

  /** Takes all mails out of a user's mailbox. */
  clear(user: string): void {
    const folder = this.postfix.path(join(MAILBOXES, user, "new"));
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      rmSync(join(folder, name));
    }
  }

  /** The recipients that a verification probe asked for, oldest first. */
  probes(): string[] {
    const asked = /info: RCPT from .* from=<double-bounce@[^>]*> to=<([^>]*)>/g;
    return [...this.postfix.log().matchAll(asked)].map(([, recipient]) => recipient);
  }

  async remove(): Promise<void> {
    await this.postfix.remove();
  }
}

function mainCf(options: PrimaryOptions, mood: Mood): string {
  const { recipient = "", greeting = "", settings = "" }: Differences = MOODS[mood];
  const domains = new Set(options.users.map((user) => user.split("@")[1]));
  return `
compatibility_level = 3.6
myhostname = ${options.hostname}
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =

virtual_mailbox_domains = ${[...domains].join(" ")}
virtual_mailbox_maps = texthash:/etc/postfix/users
virtual_mailbox_base = ${MAILBOXES}
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}

# A refusal at the greeting comes at the greeting.
smtpd_delay_reject = no
smtpd_client_restrictions = ${greeting}
smtpd_relay_restrictions = reject_unauth_destination
# Postfix logs the recipients that it refuses; here those count that were only asked for.
smtpd_recipient_restrictions = check_recipient_access static:{INFO asked} ${recipient}
${settings}`;
}

function masterCf(ports: readonly number[]): string {
  return `
${["smtp", ...ports].map((port) => `${port} inet n - n - - smtpd`).join("\n")}
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
proxymap  unix - - n -     - proxymap
qmgr      unix n - n 300   1 qmgr
rewrite   unix - - n -     - trivial-rewrite
tlsmgr    unix - - n -     1 tlsmgr
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
smtp      unix - - n -     - smtp
error     unix - - n -     - error
retry     unix - - n -     - error
virtual   unix - n n -     - virtual
showq     unix n - n -     - showq
anvil     unix - - n -     1 anvil
postlog   unix-dgram n - n - 1 postlogd
`;
}
