"""The certificate of an authority. Without this section Postfix shows the one of its package."""

import os
import re
import tempfile

import host

SECTION = "certificate"
ORDER = 30

CERTBOT = "/etc/backup-mx/certbot.ini"
LIVE = "/var/spool/backup-mx/tls/live/backup-mx"
# Key and certificate in one file always belong together.
USED = "/etc/postfix/certificate.pem"
SERVER = re.compile(r"https://[\w.:\[\]-]+/[\w./%+~@=-]+", re.ASCII)
EMAIL = re.compile(r"[\w.%+=~][\w.%+=~-]*@[\w.-]+\.[\w-]+", re.ASCII)


def check(section, configuration):
    if section is None:
        return
    if set(section) != {"server", "email"}:
        raise host.Refused("has a certificate without server and email")
    server, email = section["server"], section["email"]
    if not isinstance(server, str) or not SERVER.fullmatch(server):
        raise host.Refused(f"has a server for its certificate that is not the URL of one: {server!r:.80}")
    if not isinstance(email, str) or not (email == "" or EMAIL.fullmatch(email)):
        raise host.Refused(f"has an email for its certificate that is not an address: {email!r:.80}")


def take(section, configuration):
    if section is None:
        host.remove(CERTBOT)
        return
    host.write(CERTBOT, settings(section, configuration["hostname"]))
    offer(configuration["hostname"])


def keep(section, configuration):
    if section is None:
        # Only now does no process of Postfix read it any more.
        host.remove(USED)
        return
    # It may take minutes, and the host takes mail without it.
    host.run("systemctl", "start", "--no-block", "backup-mx-certificate.service")


def settings(section, hostname):
    """What certbot is told."""
    contact = f"email = {section['email']}" if section["email"] else "register-unsafely-without-email = true"
    return f"""\
# On the disk that outlives the instance: the key stays the same, and no authority signs more than a
# few certificates a week for one name.
server = {section['server']}
{contact}
agree-tos = true
non-interactive = true
authenticator = dns-route53
domains = {hostname}
cert-name = backup-mx
key-type = ecdsa
reuse-key = true
keep-until-expiring = true
config-dir = /var/spool/backup-mx/tls
work-dir = /var/spool/backup-mx/tls/work
logs-dir = /var/log/backup-mx-certificate
max-log-backups = 30
"""


def offer(hostname):
    """Gives Postfix the certificate that there is, and if there is none, one signed by itself."""
    if os.path.exists(f"{LIVE}/privkey.pem"):
        use(f"{LIVE}/privkey.pem", f"{LIVE}/fullchain.pem")
    elif not os.path.exists(USED):
        with tempfile.TemporaryDirectory() as folder:
            # It lasts a day, so that those who watch the certificate are told.
            host.run(
                *["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
                *["-nodes", "-days", "1", "-subj", f"/CN={hostname}"],
                *["-keyout", f"{folder}/key", "-out", f"{folder}/certificate"],
            )
            use(f"{folder}/key", f"{folder}/certificate")


def use(key, certificate):
    pem = b""
    for path in (key, certificate):
        with open(path, "rb") as file:
            pem += file.read()
    host.write(USED, pem, 0o600)
