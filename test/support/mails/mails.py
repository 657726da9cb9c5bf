"""Writes mails, the same ones each time.

    mails.py "many kinds" FOLDER      320 of them
    mails.py "ham and spam" FOLDER    those for a verdict

FOLDER/mails.json lists them: {"name", "kind", "mail", "rcpt": []}; FOLDER/NAME holds the content
with CRLF. Each is known by its ENVID, which is its name."""

import json
import random
import sys

from kinds import broken, content, envelopes, headers, shapes, verdicts

COUNT = 320
SENDER, RECIPIENT = "alice@sender.example", "bob@example.com"


def xtext(text):
    """As RFC 3461 has it."""
    return "".join(letter if "!" <= letter <= "~" and letter not in "+=" else f"+{ord(letter):02X}" for letter in text)


class Mails:
    """The mails that were made so far."""

    def __init__(self):
        self.random = random.Random(20261126)
        self.listed, self.contents = [], {}

    def add(self, kind, data, *, sender=SENDER, recipients=(RECIPIENT,), options=""):
        """A mail. A recipient is an address, or an address and its options."""
        name = f"{kind}-{sum(mail['kind'] == kind for mail in self.listed) + 1}"
        data = data.replace(b"@NAME@", name.encode())
        # Postfix says so of a mail whose header does.
        is_eight = b"Encoding: 8bit" in data or any(byte > 127 for byte in data)
        eight = " BODY=8BITMIME" if is_eight else ""
        commands = []
        for recipient in recipients:
            address, told = recipient if isinstance(recipient, tuple) else (recipient, None)
            told = told or f"NOTIFY=NEVER ORCPT=rfc822;{xtext(address)}"
            commands.append(f"RCPT TO:<{address}> {told}")
        mail = f"MAIL FROM:<{sender}>{eight} RET=HDRS ENVID={name}{options and ' ' + options}"
        self.listed.append({"name": name, "kind": kind, "mail": mail, "rcpt": commands})
        self.contents[name] = data


def main():
    wanted, folder = sys.argv[1:]
    mails = Mails()
    if wanted == "ham and spam":
        verdicts.add(mails)
    else:
        for module in (shapes, content, headers, envelopes, broken):
            module.add(mails)
        shapes.fill(mails, COUNT)
    for name, data in mails.contents.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
    with open(f"{folder}/mails.json", "w") as file:
        # Every address is opaque bytes.
        json.dump(mails.listed, file)


main()
