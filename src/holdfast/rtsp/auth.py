"""Proving who we are: Basic (RFC 7617) and Digest (RFC 2617, RFC 7616)."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from holdfast.rtsp.messages import bytes_of

MAX_CHALLENGES = 16

_PART = re.compile(r"""([^\s,="']+)(?:\s*(=)\s*(?:"((?:[^"\\]|\\.)*)"?|'([^']*)'?|([^\s,"]*)))?""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_UNDERSTOOD = ("basic", "digest")
_HASHES = {"": hashlib.md5, "MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_SESSION = "-SESS"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. The password shows nowhere."""

    user: str = ""
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.password)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One of the ways that the camera offers; `scheme` is in lower case, all else as the camera writes it."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: str = ""
    stale: bool = False

    @property
    def strength(self) -> int:
        """0: not understood. The highest is chosen (RFC 2617 4.6)."""
        if self.scheme == "basic":
            return 1
        hash_name = self.algorithm.upper().removesuffix(_SESSION)
        without_body = not self.qop or self.uses_qop
        if self.scheme != "digest" or hash_name not in _HASHES or not self.nonce or not without_body:
            return 0
        return 3 if hash_name == "SHA-256" else 2

    @property
    def uses_qop(self) -> bool:
        """Whether nonce count and cnonce are part of the answer (`qop=auth`)."""
        return "auth" in re.split(r"[\s,]+", self.qop.lower())


def read_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in all WWW-Authenticate headers of an answer; one header may have several.

    Quotes may be single, missing, or left open, commas missing.
    """
    found: list[tuple[str, dict[str, str]]] = []
    for value in values:
        for place, (name, has_value, content) in enumerate(_parts(value)):
            if has_value and found:
                found[-1][1].setdefault(name, content)
            elif not has_value and (place == 0 or name in _UNDERSTOOD) and len(found) < MAX_CHALLENGES:
                found.append((name, {}))
    return [
        Challenge(
            scheme,
            given.get("realm", ""),
            given.get("nonce", ""),
            given.get("opaque"),
            given.get("algorithm", ""),
            given.get("qop", ""),
            given.get("stale", "").lower() == "true",
        )
        for scheme, given in found
    ]


def _parts(value: str) -> Iterator[tuple[str, bool, str]]:
    """Names in lower case, whether they have a value, and the value."""
    for part in _PART.finditer(value):
        quoted = part[3]
        content = _ESCAPED.sub(r"\1", quoted) if quoted is not None else part[4] or part[5] or ""
        yield part[1].lower(), part[2] is not None, content


class Authenticator:
    """Answers the challenges of one camera. `cnonce` gives a new random text each time."""

    def __init__(self, credentials: Credentials, cnonce: Callable[[], str]) -> None:
        self._credentials = credentials
        self._make_cnonce = cnonce
        self._challenge: Challenge | None = None
        self._cnonce = ""
        self._count = 0
        self._saw_digest = False

    def accept(self, challenges: Iterable[Challenge]) -> Challenge | None:
        """Take the strongest of the challenges for all further requests; None when none can be answered.

        A camera that ever offered Digest is never sent the password in clear.
        """
        offered = list(challenges)
        self._saw_digest |= any(challenge.scheme == "digest" for challenge in offered)
        best = max(offered, key=lambda challenge: challenge.strength, default=None)
        if best is None or not best.strength or not self._credentials:
            return None
        if best.scheme == "basic" and self._saw_digest:
            return None
        if self._challenge is None or best.nonce != self._challenge.nonce:
            self._count, self._cnonce = 0, self._make_cnonce()
        self._challenge = best
        return best

    def authorization(self, method: str, uri: str) -> str:
        """The value of the Authorization header of the next request, "" as long as nobody asked for one."""
        challenge, known = self._challenge, self._credentials
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            return "Basic " + base64.b64encode(bytes_of(f"{known.user}:{known.password}")).decode("ascii")
        self._count += 1
        fields = {
            "username": _quoted(known.user),
            "realm": _quoted(challenge.realm),
            "nonce": _quoted(challenge.nonce),
            "uri": _quoted(uri),
            "response": _quoted(self._response(challenge, method, uri)),
        }
        if challenge.algorithm:
            fields["algorithm"] = challenge.algorithm
        if challenge.opaque is not None:
            fields["opaque"] = _quoted(challenge.opaque)
        if challenge.uses_qop:
            fields |= {"qop": "auth", "nc": f"{self._count:08x}"}
        if challenge.uses_qop or challenge.algorithm.upper().endswith(_SESSION):
            fields["cnonce"] = _quoted(self._cnonce)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())

    def _response(self, challenge: Challenge, method: str, uri: str) -> str:
        """RFC 2617 3.2.2.1, RFC 7616 3.4.1."""
        algorithm = challenge.algorithm.upper()
        hash_of = _HASHES[algorithm.removesuffix(_SESSION)]

        def hashed(text: str) -> str:
            return hash_of(bytes_of(text), usedforsecurity=False).hexdigest()

        secret = hashed(f"{self._credentials.user}:{challenge.realm}:{self._credentials.password}")
        if algorithm.endswith(_SESSION):
            secret = hashed(f"{secret}:{challenge.nonce}:{self._cnonce}")
        counted = f"{self._count:08x}:{self._cnonce}:auth:" if challenge.uses_qop else ""
        return hashed(f"{secret}:{challenge.nonce}:{counted}{hashed(f'{method}:{uri}')}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
