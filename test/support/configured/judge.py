"""In place of the judge: its section, which tells Postfix whether there is a scanner."""

SECTION = "judge"
ORDER = 42


def check(section, configuration):
    pass


def take(section, configuration):
    pass
