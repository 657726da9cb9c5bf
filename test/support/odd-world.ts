import { type DnsRecords, OddPrimary, PolicyWorld, SmtpConnection } from "../../lab";
import { type BackupMxProps, RecipientVerification } from "../../lib";

const DOMAIN = "odd.example";

/** What is special to it, beside its primary. */
export interface OddWorldOptions {
  readonly props?: Partial<BackupMxProps>;
  readonly records?: DnsRecords;
  readonly isWatched?: boolean;
}

/** A world with one domain, odd.example, whose primary is odd, and whose recipients nobody verifies. */
export async function openOddWorld({ props, records, isWatched }: OddWorldOptions = {}): Promise<{
  readonly world: PolicyWorld;
  readonly odd: OddPrimary;
}> {
  const world = await PolicyWorld.open({
    domains: [
      {
        name: DOMAIN,
        primaries: [{ hostname: `mx1.${DOMAIN}` }],
        recipients: RecipientVerification.none(),
      },
    ],
    gone: [DOMAIN],
    records: {
      [DOMAIN]: [`MX 10 mx1.${DOMAIN}`],
      [`mx1.${DOMAIN}`]: ["A 192.0.2.150"],
      ...records,
    },
    props: {
      smtpdSenderRestrictions: [],
      // The sender of a test sends more than one does.
      postfixSettings: { smtpd_client_event_limit_exceptions: PolicyWorld.SENDER },
      ...props,
    },
    isWatched,
  });
  const odd = await OddPrimary.start(world.addHost("odd", "192.0.2.150"));
  world.atEnd(() => odd.remove());
  return { world, odd };
}

/** Begins a mail to the backup, with the commands of its envelope; all of them are taken. */
export async function begin(
  world: PolicyWorld,
  commands: readonly string[],
): Promise<SmtpConnection> {
  const session = new SmtpConnection(world.sender, PolicyWorld.BACKUP);
  await session.reply();
  for (const command of ["EHLO sender.example", ...commands]) {
    const { code, text } = await session.command(command);
    if (code !== 250) {
      throw new Error(`${command}: ${code} ${text}`);
    }
  }
  await session.command("DATA");
  return session;
}
