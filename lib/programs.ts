import { CERTIFICATE_FILES } from "./aws/certificate/certbot";
import { LOGS_FILES } from "./aws/logs/journal";
import { MONITORING_FILES } from "./aws/monitoring/figures";
import { REQUEST_FILES } from "./aws/request/aws-request";
import { CLOCK_FILES } from "./aws/server/clock";
import { SESSION_MANAGER_FILES } from "./aws/session-manager/session-manager";
import { STORE_FILES } from "./aws/store/store";
import { CLAMAV_FILES } from "./host/clamav/clamav";
import { COMMAND_FILES } from "./host/command/command";
import { CONFIGURATION_FILES } from "./host/configuration/configuration";
import { GUESTS_FILES } from "./host/guests/guests";
import { JUDGE_FILES } from "./host/judge/judge";
import { MACHINE_FILES } from "./host/machine/machine";
import { MAILSCANNER_FILES } from "./host/mailscanner/mailscanner";
import { POSTFIX_FILES } from "./host/postfix/postfix";
import { type Programs, programs } from "./host/programs";
import { QUEUE_FILES } from "./host/queue/queue";
import { RESOLVER_FILES } from "./host/resolver/unbound";
import { RSPAMD_FILES } from "./host/rspamd/rspamd";
import { SETUP_FILES } from "./host/setup/setup";
import { UNDELIVERABLE_FILES } from "./host/undeliverable/undeliverable";
import { UPKEEP_FILES } from "./host/upkeep/upkeep";
import { WATCH_FILES } from "./host/watch/watch";

let archive: Programs | undefined;

/**
 * The programs of a host: all that this version of the library has, whatever the props, so that
 * what a prop switches on needs no other instance.
 */
export function hostPrograms(): Programs {
  archive ??= programs([
    ...MACHINE_FILES,
    ...SETUP_FILES,
    ...QUEUE_FILES,
    ...CONFIGURATION_FILES,
    ...POSTFIX_FILES,
    ...JUDGE_FILES,
    ...MAILSCANNER_FILES,
    ...GUESTS_FILES,
    ...CLAMAV_FILES,
    ...RSPAMD_FILES,
    ...WATCH_FILES,
    ...RESOLVER_FILES,
    ...UPKEEP_FILES,
    ...UNDELIVERABLE_FILES,
    ...COMMAND_FILES,
    ...REQUEST_FILES,
    ...STORE_FILES,
    ...CLOCK_FILES,
    ...CERTIFICATE_FILES,
    ...LOGS_FILES,
    ...MONITORING_FILES,
    ...SESSION_MANAGER_FILES,
  ]);
  return archive;
}
