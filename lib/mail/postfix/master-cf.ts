import type { MailPolicy } from "../mail-policy";
import { hasPostscreen, PROBE, RELAY } from "./main-cf";

/** Who answers at port 25. */
export function masterCf(policy: MailPolicy): string {
  return MASTER_CF.replace(/^smtp +inet.*\n/m, hasPostscreen(policy) ? POSTSCREEN : "$&");
}

const POSTSCREEN = `\
smtp        inet  n       -      n      -      1       postscreen
smtpd       pass  -       -      n      -      -       smtpd
dnsblog     unix  -       -      n      -      0       dnsblog
tlsproxy    unix  -       -      n      -      0       tlsproxy
`;

/**
 * Postfix's own services, none in a chroot (Postfix's default since 2.3): the copy of resolv.conf
 * in a chroot goes stale when the network changes. One service is ours, `relay-probe`.
 */
const MASTER_CF = `\
# service   type  private unpriv chroot wakeup maxproc command
smtp        inet  n       -      n      -      -       smtpd
pickup      unix  n       -      n      60     1       pickup
cleanup     unix  n       -      n      -      0       cleanup
qmgr        unix  n       -      n      300    1       qmgr
tlsmgr      unix  -       -      n      1000?  1       tlsmgr
rewrite     unix  -       -      n      -      -       trivial-rewrite
bounce      unix  -       -      n      -      0       bounce
defer       unix  -       -      n      -      0       bounce
trace       unix  -       -      n      -      0       bounce
verify      unix  -       -      n      -      1       verify
flush       unix  n       -      n      1000?  0       flush
proxymap    unix  -       -      n      -      -       proxymap
proxywrite  unix  -       -      n      -      1       proxymap
smtp        unix  -       -      n      -      -       smtp
# Mail that a primary refuses is kept: just after an outage it may refuse what it knows.
${RELAY}       unix  -       -      n      -      -       smtp
    -o syslog_name=postfix/$service_name
    -o soft_bounce=yes
# Asks primaries whether a recipient exists. What comes too late for the sender is there when he
# tries again.
${PROBE} unix  -       -      n      -      -       smtp
    -o syslog_name=postfix/$service_name
    -o smtp_connect_timeout=5s
    -o smtp_helo_timeout=30s
    -o smtp_mail_timeout=30s
    -o smtp_rcpt_timeout=30s
showq       unix  n       -      n      -      -       showq
error       unix  -       -      n      -      -       error
retry       unix  -       -      n      -      -       error
discard     unix  -       -      n      -      -       discard
local       unix  -       n      n      -      -       local
virtual     unix  -       n      n      -      -       virtual
lmtp        unix  -       -      n      -      -       lmtp
anvil       unix  -       -      n      -      1       anvil
scache      unix  -       -      n      -      1       scache
postlog     unix-dgram n  -      n      -      1       postlogd
`;
