"""Words of a camera in sentences for people: short, printable, without a secret (invariant I7)."""

from holdfast.domain.secrets import redact

MAX_SHOWN = 120
"""Characters of a camera's text that a sentence may hold."""


def shown(text: str, password: str = "") -> str:
    """The camera's text as it may be shown: one line, no control characters, no URL's user part, no password."""
    # A camera may send back what it was sent, wherever it likes. Whole passwords go first: what is cut off inside
    # one would be found no more.
    without = text.replace(password, "***") if password else text
    safe = redact(without[: MAX_SHOWN * 8])
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in safe).split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"
