"""Question and answer: sequence numbers, session, authentication, and the questions of the camera itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.rtsp.auth import Authenticator, read_challenges
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import (
    DEFAULT_TIMEOUT_S,
    Request,
    Response,
    read_session,
    sequence_number,
    write_request,
    write_response,
)
from holdfast.rtsp.urls import request_uri

UNAUTHORIZED = 401
MAX_OUTPUT_BYTES = 1 << 18
"""A camera that asks more questions than this, and takes no answers, is no camera."""
MAX_SESSION_CHARACTERS = 1024

_MAX_REPEATS = 2
_CONTINUE = range(100, 200)
_ANSWERED_METHODS = ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
_OK, _NOT_IMPLEMENTED = 200, 501
_ECHOED = re.compile(r"[\x20-\x7e]{1,64}")


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is not answered yet."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    number: int
    asked_at_s: float
    authorized: bool
    repeats: int = 0


class Dialogue:
    """One question at a time. What is to be sent is collected until it is taken."""

    def __init__(self, agent: str, authenticator: Authenticator) -> None:
        self.session = ""
        """The session's id, "" as long as there is none."""
        self.timeout_s = DEFAULT_TIMEOUT_S
        self.question: Question | None = None
        self._agent = agent
        self._authenticator = authenticator
        self._number = 0
        self._is_known = False
        """The camera has taken an authorised request: the password is right."""
        self._output = bytearray()

    def take_output(self) -> bytes:
        """What is to be sent."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def send(self, data: bytes) -> None:
        """Add to what is to be sent. Raises RtspError when the camera takes nothing."""
        if len(self._output) + len(data) > MAX_OUTPUT_BYTES:
            sentence = "The camera asks too many questions and takes no answers."
            raise RtspError(sentence)
        self._output += data

    def ask(self, method: str, url: str, now_s: float, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send a request. The answer to the one before it is not waited for any more."""
        self._ask(method, url, tuple(headers), now_s, 0)

    def _ask(self, method: str, url: str, headers: tuple[tuple[str, str], ...], now_s: float, repeats: int) -> None:
        self._number += 1
        uri = request_uri(url)
        authorization = self._authenticator.authorization(method, uri)
        fields = [("CSeq", str(self._number)), ("User-Agent", self._agent), *headers]
        if self.session:
            fields.append(("Session", self.session))
        if authorization:
            fields.append(("Authorization", authorization))
        self.send(write_request(method, uri, fields))
        self.question = Question(method, url, headers, self._number, now_s, bool(authorization), repeats)

    def answered(self, response: Response, now_s: float) -> Question | None:
        """The question that this is the final answer to; None when it is to none, or was asked again with a password.

        An answer with a smaller number comes too late; one without a number, or with a strange one, is the answer.
        """
        question = self.question
        number = sequence_number(response.headers)
        if question is None or response.status in _CONTINUE or (number is not None and number < question.number):
            return None
        self.question = None
        if response.status == UNAUTHORIZED:
            return None if self._repeated(question, response, now_s) else question
        self._is_known |= question.authorized
        return question

    def _repeated(self, question: Question, response: Response, now_s: float) -> bool:
        """Ask again with what the camera wants to see. False: it has seen that, or we have nothing to show.

        A nonce that has become old is no wrong password: the camera says so (`stale`), or has taken the same password
        before.
        """
        challenges = read_challenges(response.headers.all("www-authenticate"))
        stale = any(challenge.stale for challenge in challenges)
        again = not question.authorized or stale or (self._is_known and not question.repeats)
        if question.repeats >= _MAX_REPEATS or not again or self._authenticator.accept(challenges) is None:
            return False
        self._ask(question.method, question.url, question.headers, now_s, question.repeats + 1)
        return True

    def join_session(self, response: Response) -> None:
        """Take session and timeout from the answer to SETUP or PLAY. The first id stays. Raises RtspError."""
        session, timeout_s = read_session(response.headers)
        if len(session) > MAX_SESSION_CHARACTERS:
            sentence = "The camera's session has a name that is too long."
            raise RtspError(sentence)
        self.session = self.session or session
        # A timeout of 0 would be no session at all: some cameras mean by it that there is no limit.
        self.timeout_s = timeout_s or self.timeout_s

    def serve(self, request: Request) -> None:
        """Answer a request of the camera (RFC 2326 10.1, 10.8 and 10.9: is anybody there?)."""
        known = request.method in _ANSWERED_METHODS
        status, reason = (_OK, "OK") if known else (_NOT_IMPLEMENTED, "Not Implemented")
        number = request.headers.get("cseq")
        fields = [("CSeq", number)] if _ECHOED.fullmatch(number) else []
        if request.method == "OPTIONS":
            fields.append(("Public", ", ".join(_ANSWERED_METHODS)))
        self.send(write_response(status, reason, fields))
