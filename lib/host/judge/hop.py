"""Hands a mail on to Postfix's second smtpd, with everything of its envelope as it came."""

import asyncio
import re

from judge.wire import Wire

PATH = "/var/spool/postfix/public/judged"
QUEUED = re.compile(rb"^250 [^:]*: queued as ([0-9A-Za-z]{6,})$")


class NotTaken(Exception):
    """Hop 2 has taken nothing, and nothing is in doubt. The message says why."""


class InDoubt(Exception):
    """Hop 2 may have taken it."""


async def hand_on(mail, recipients, headers, commit, limit, path=PATH):
    """Returns hop 2's answers by address, and under which id it has queued the mail.

    `commit` is called when the mail is about to be ended, with the addresses that hop 2 takes. Only
    these can be in doubt, and the log has their number."""
    is_committed = False
    try:
        async with asyncio.timeout(limit):
            try:
                wire = await Wire.connect(path)
            except OSError as error:
                raise NotTaken(f"hop 2 does not answer: {error}") from None
            try:
                answers, takers = await _envelope(wire, mail, recipients)
                if not takers:
                    return answers, None
                await _expect(wire, b"DATA", b"3")
                await wire.send(headers)
                for block in mail.wire():
                    await wire.send(block)
                await commit(takers)
                is_committed = True
                reply = await wire.ask(b".")
            finally:
                wire.close()
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error) or "it took too long"
        if is_committed:
            raise InDoubt(f"hop 2 gave no answer: {why}") from None
        raise NotTaken(f"hop 2: {why}") from None
    queued = QUEUED.match(reply)
    answers.update(dict.fromkeys(takers, reply))
    return answers, queued[1].decode() if queued else None


async def _envelope(wire, mail, recipients):
    reply = await wire.reply()
    if reply[:1] != b"2":
        raise NotTaken(f"hop 2 said: {_words(reply)}")
    await _expect(wire, b"EHLO judge", b"2")
    for command in mail.xforward:
        await _expect(wire, command, b"2")
    reply = await wire.ask(mail.line)
    if reply[:1] != b"2":
        return dict.fromkeys((r.address for r in recipients), reply), []
    answers, takers = {}, []
    for recipient in recipients:
        reply = await wire.ask(recipient.line)
        if reply[:1] == b"2":
            takers.append(recipient.address)
        else:
            answers[recipient.address] = reply
    return answers, takers


async def _expect(wire, command, kind):
    reply = await wire.ask(command)
    if reply[:1] != kind:
        raise NotTaken(f"hop 2 said to {command.split(b' ')[0].decode('ascii')}: {_words(reply)}")


def _words(reply):
    return re.sub(r"[^\x20-\x7e]", "?", reply.decode("latin-1"))[:200]
