"""Installs packages of Debian where nobody watches."""

import os
import subprocess

import host

OF_EVERY_HOST = [
    *["ca-certificates", "chrony", "nftables", "postfix", "postfix-lmdb", "python3-spf"],
    "unattended-upgrades",
    # The certificate of the first boot; on Debian 13 Postfix does without.
    "ssl-cert",
]
OF_PART = {
    "certificate": ["certbot", "python3-certbot-dns-route53"],
    "clamav": ["clamav-daemon", "clamav-freshclam"],
    "rspamd": ["rspamd"],
    # The second has the keys of the root.
    "resolver": ["unbound", "dns-root-data"],
    # What MailScanner 5.5.3 needs; its own package asks for perl alone.
    "mailscanner": [
        *["file", "libarchive-zip-perl", "libconvert-tnef-perl", "libdbd-sqlite3-perl", "libdbi-perl"],
        *["libfilesys-df-perl", "libhtml-parser-perl", "libio-stringy-perl", "libmime-tools-perl"],
        *["libnet-cidr-perl", "libole-storage-lite-perl", "libsys-hostname-long-perl"],
        *["libsys-sigaction-perl", "perl", "spamassassin"],
    ],
}

# Without the first option, apt-get ends well though it has reached no mirror. The second waits for
# one of dpkg's locks; those of the lists and of debconf end it at once.
APT = [
    *["apt-get", "--quiet", "--yes", "--option", "APT::Update::Error-Mode=any"],
    *["--option", "DPkg::Lock::Timeout=30", "--option", "Dpkg::Options::=--force-confold"],
    # No line for each five percent.
    *["--option", "Dpkg::Use-Pty=0"],
]
# Postfix keeps the main.cf that it finds.
ANSWERS = "postfix postfix/main_mailer_type select No configuration\n"


def are_installed(*names):
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names],
        text=True,
        capture_output=True,
    )
    return {f"{name} installed" for name in names} <= set(shown.stdout.splitlines())


def install_debian(parts):
    """Installs what a host with these parts needs of Debian, unless all is there."""
    names = [*OF_EVERY_HOST, *(name for part in parts for name in OF_PART[part])]
    if are_installed(*names):
        return
    host.run("debconf-set-selections", input=ANSWERS)
    apt("update")
    install(*names)


def install(*names):
    """Installs packages by name or file."""
    # What an end in between has left half done.
    must("dpkg", "--force-confold", "--configure", "--pending")
    apt("install", "--no-install-recommends", *names)


def apt(*arguments):
    must(*APT, *arguments)


def must(*command):
    """Runs a program for everybody to see, to a good end."""
    status, lines = watched(*command)
    if status != 0:
        raise RuntimeError(reason(lines) or f"{command[0]} failed with status {status}")


def reason(lines):
    """Why apt or dpkg has failed, in its own words."""
    for line, next_line in zip(lines, lines[1:]):
        # apt's errors tell what it does not have because of this.
        if line.startswith("Err:"):
            return f"{line.split(' ', 1)[-1]}: {next_line}"
    errors = [line for line in lines if line.startswith(("E: ", "dpkg: error"))]
    return (errors or lines[-1:] or [""])[0]


def watched(*command):
    """Runs a program and prints what it says; returns its status and its lines."""
    lines = []
    process = subprocess.Popen(
        command,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    with process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.strip():
                lines.append(line.strip())
    return process.returncode, lines[-200:]
