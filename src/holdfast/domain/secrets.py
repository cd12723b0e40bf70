"""The one place where secrets are taken out of what people and logs see (invariant I7)."""

import re

# Greedy, to the last "@" of the word: a careless password may hold "@" and "/" itself, and it is better to hide
# a host than to show the end of a password.
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s\"']*@", re.IGNORECASE)
_QUERY = re.compile(r"([?&;](?:pass|passwd|password|pwd|pw|token|auth|key|secret)=)[^&\s\"'\\]*", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with the user part of every URL, and passwords in query strings, replaced by `***`."""
    return _QUERY.sub(r"\1***", _USERINFO.sub(r"\1***@", text))


def one_line(text: str, most_letters: int) -> str:
    """One line without secrets, and without signs that would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() else " " for sign in redact(text)[:most_letters])
