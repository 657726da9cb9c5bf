"""What this host answers by SMTP. A lookup table that is broken, a misspelt restriction or a value
that no process of Postfix can start with show only here."""

import contextlib
import smtplib
import time

import host

REPLY_SECONDS = 60
# A Postfix that has just been started or told to look again may need a moment; one whose processes
# cannot start gives no greeting.
START_SECONDS, GREETING_SECONDS = 30, 20
# So many domains are asked about, and no further one after so many seconds.
DOMAINS = 3
ENOUGH_SECONDS = 20
LOOPBACK = "127.0.0.1"
# Nobody has these addresses. The second names its host by an address, for which nobody asks DNS.
FOREIGN = ("postmaster@backup-mx.invalid", "postmaster@[192.0.2.1]")
BROKEN = ("Server configuration", " 4.3.0 ", " 4.3.5 ", "Access denied", "Relay access denied")


def check(configuration, before=None):
    """Refuses the configuration that is in use if this host does not answer as a backup MX does.

    Every question has a session of its own: of several mistakes in one Postfix makes a case."""
    outside = _outside()
    is_soft = host.run("postconf", "-h", "soft_bounce").strip() == "yes"
    _wait_for(outside, is_soft)
    reply = _ask(LOOPBACK, f"postmaster@{configuration['hostname']}")
    # 452: the disk of the queue is full. What is on it has to be delivered all the same.
    if reply[:3] not in ("250", "452"):
        raise host.Refused(f"mail to the postmaster of this host would be answered: {reply}")
    for recipient in FOREIGN:
        reply = _ask(outside, recipient)
        if reply[0] not in "45":
            raise host.Refused(f"this host would be an open relay: {reply}")
    # What a text of the user's own says is no sign of anything.
    own = "\n".join(configuration["postfix"]["main.cf"])
    begin = time.monotonic()
    for domain in _some_domains(configuration, before):
        if time.monotonic() - begin > ENOUGH_SECONDS:
            break
        reply = _ask(outside, f"postmaster@{domain}")
        if any(text in reply and text not in own for text in BROKEN):
            raise host.Refused(f"mail for {domain} would be answered: {reply}")


def _outside():
    """This host's own address on the network, from which it is a stranger to itself."""
    addresses = host.run("hostname", "--all-ip-addresses").split()
    if not addresses:
        raise RuntimeError("this host has no address")
    return addresses[0]


def _wait_for(outside, is_soft):
    """Waits until Postfix answers with the configuration that is in use. While that is on trial, all
    its refusals are soft: a hard one comes from a process that was there before, and soon ends."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if _ask(outside, FOREIGN[1], GREETING_SECONDS)[0] != "5" or not is_soft:
                return
            problem = "Postfix answers as before"
        except host.Refused as error:
            problem = error
        if time.monotonic() > end:
            raise host.Refused(problem)
        time.sleep(0.5)


def _some_domains(configuration, before):
    """New domains first."""
    own, old = _domains(configuration), set(_domains(before) if before else ())
    return sorted(own, key=lambda domain: domain in old)[:DOMAINS]


def _domains(configuration):
    return [line.split(" ")[0] for line in configuration["postfix"]["transport"]]


def _ask(address, recipient, seconds=REPLY_SECONDS):
    """The reply to RCPT TO, or to what was refused before it."""
    try:
        with contextlib.closing(smtplib.SMTP(timeout=seconds)) as session:
            reply = session.connect(address, 25)
            for command in ("EHLO [127.0.0.1]", "MAIL FROM:<>", f"RCPT TO:<{recipient}>"):
                if reply[0] // 100 != 2:
                    break
                reply = session.docmd(command)
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.docmd("QUIT")
    except (OSError, smtplib.SMTPException) as error:
        raise host.Refused(f"Postfix does not answer about {recipient}: {error}") from None
    return f"{reply[0]} {reply[1].decode(errors='replace')}"
