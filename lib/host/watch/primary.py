"""What is known of a primary, by what was seen of it: whether mail for it must be kept unverified."""

# One lost packet is no outage.
FAILURES = 2
# So long one that is there and has no time is not taken for down: strangers can keep it busy. Who
# sends mail to it meanwhile is told to try again.
BUSY_SECONDS = 900
# Mail that is on its way when a primary returns may still fail: hence more than once.
FLUSHES = 3
# What is so as soon as it was seen once.
CERTAIN = ("up", "refuses", "itself")


class Primary:
    def __init__(self, now):
        self.state = "unknown"
        # What it offered when it was seen up last; None if it never was.
        self.offers = None
        self.failures, self.flushes = 0, 1
        # Since when it was not seen up.
        self.trouble_since = None
        # When it was seen last, whatever was seen; at first, since when that is wanted.
        self.seen = now

    def sees(self, state, offers, now):
        """Takes what was seen, and returns whether the mail that waits for it is to be sent."""
        self.seen = now
        if state in CERTAIN:
            self.failures, self.trouble_since = 0, None
        else:
            self.failures += 1
            if self.trouble_since is None:
                self.trouble_since = now
        if state in CERTAIN or self.failures >= FAILURES:
            self.state = state
        if state != "up":
            self.flushes = FLUSHES
            return False
        self.offers = offers
        is_due = self.flushes > 0
        self.flushes -= is_due
        return is_due

    def is_out(self, now):
        """Whether nobody can be asked about its recipients, for good reason."""
        if self.state == "down":
            return True
        return self.state == "busy" and now - self.trouble_since >= BUSY_SECONDS
