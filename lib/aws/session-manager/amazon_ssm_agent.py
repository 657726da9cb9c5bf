"""The agent of AWS Session Manager, which Debian does not have."""

import host
import packages

# Nobody can log in without it, but the host takes mail.
OPTIONAL = True
LATEST = "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/latest"


def url():
    """Where the latest is."""
    processor = host.run("dpkg", "--print-architecture").strip()
    return f"{LATEST}/debian_{processor}/amazon-ssm-agent.deb"


def install(package):
    packages.install(package)


def prepare():
    # Not anew where it runs: somebody may be logged in to see why the set-up fails.
    host.run("systemctl", "enable", "--quiet", "--now", "amazon-ssm-agent")
