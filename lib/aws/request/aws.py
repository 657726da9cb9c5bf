"""Requests to the services of AWS, with the rights of the role of this instance."""

import calendar
import time

import boot

ROLE = {"until": 0}


def role():
    """Until five minutes before its end, and no longer than an hour."""
    if time.time() > ROLE["until"] - 300:
        keys = boot.role()
        until = calendar.timegm(time.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
        ROLE.update(keys, until=min(until, time.time() + 3600))
    return ROLE


def request(service, url=None, data=None, headers={}, timeout=30):
    """Opens a URL of a service, by default that of the service itself; with data by POST."""
    keys = role()
    url = url or f"https://{service}.{keys['region']}.{keys['domain']}/"
    lower = {name.lower(): value for name, value in headers.items()}
    return boot.OPEN(boot.signed(keys, service, url, data, lower), timeout=timeout)
