"""What a sender is told of mail that was given up (RFC 3464)."""

import subprocess
import time
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate

SPF_SECONDS = 30
LONGEST_DIAGNOSIS = 900
# As a user who has nothing on this host, and the network.
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs")


def is_proven(envelope):
    """Whether the sender himself has sent the mail, by SPF. Who is forged must not hear of it."""
    sender, client, helo = (text.decode("latin-1") for text in (envelope.sender, envelope.client, envelope.helo))
    if not client or "@" not in sender or not (sender + helo).isascii() or sender.startswith("-"):
        return False
    try:
        done = subprocess.run(
            [*NOBODY, "/usr/local/sbin/backup-mx-spf", client, sender, helo],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            timeout=SPF_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def text(hostname, sender, reasons, header, arrived, waited):
    """The report, as lines of text in ASCII. `reasons` is what was said last, by recipient."""
    mail = MIMEMultipart("report", report_type="delivery-status")
    mail["From"] = f"Mail Delivery System <MAILER-DAEMON@{hostname}>"
    mail["To"] = _ascii(sender)
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{time.time_ns()}.report@{hostname}>"
    mail["Auto-Submitted"] = "auto-replied"
    said = "".join(f"<{address}>: {reason}\n\n" for address, reason in reasons.items())
    mail.attach(
        MIMEText(
            f"This is the backup mail server {hostname}. Your message has waited here for {waited},\n"
            f"and could not be delivered to:\n\n{_ascii(said)}",
            "plain",
            "us-ascii",
        )
    )
    status = MIMEBase("message", "delivery-status")
    blocks = [{"Reporting-MTA": f"dns; {hostname}", "Arrival-Date": formatdate(arrived)}]
    for address, reason in reasons.items():
        diagnosis = " ".join(_ascii(reason).split())[:LONGEST_DIAGNOSIS]
        blocks.append(
            {
                "Final-Recipient": f"rfc822; {_ascii(address)}",
                "Action": "failed",
                "Status": "4.4.7",
                "Diagnostic-Code": f"x-backup-mx; {diagnosis}",
            }
        )
    status.set_payload([_block(fields) for fields in blocks])
    mail.attach(status)
    part = MIMEBase("text", "rfc822-headers")
    part.set_payload(_ascii(header.decode("latin-1")))
    mail.attach(part)
    return mail.as_string(maxheaderlen=0)


def _block(fields):
    block = Message()
    for name, value in fields.items():
        block[name] = value
    return block


def _ascii(text):
    return "".join(c if " " <= c <= "~" or c in "\n\t" else "?" for c in text)
