import base64
import hashlib

import pytest

from holdfast.lab import messages
from holdfast.lab.messages import BadRequest, Request

OPTIONS = b"OPTIONS rtsp://h/p RTSP/1.0\r\nCSeq: 2\r\nX-Other:  y \r\n\r\n"


def test_a_request_is_taken_when_it_is_whole() -> None:
    buffer = bytearray(OPTIONS[:-1])
    assert messages.take_request(buffer) is None
    buffer += OPTIONS[-1:] + b"rest"
    assert messages.take_request(buffer) == Request("OPTIONS", "rtsp://h/p", {"cseq": "2", "x-other": "y"})
    assert buffer == b"rest"


def test_a_body_belongs_to_its_request() -> None:
    buffer = bytearray(b"SET_PARAMETER * RTSP/1.0\r\nContent-Length: 3\r\n\r\nab")
    assert messages.take_request(buffer) is None
    buffer += b"c" + OPTIONS
    first, second = messages.take_request(buffer), messages.take_request(buffer)
    assert first is not None
    assert second is not None
    assert (first.method, second.method) == ("SET_PARAMETER", "OPTIONS")


def test_receiver_reports_between_requests_are_dropped() -> None:
    buffer = bytearray(b"$\x01\x00\x04abcd$\x01\x00\x01x" + OPTIONS + b"$\x01\x00")
    request = messages.take_request(buffer)
    assert request is not None
    assert request.method == "OPTIONS"
    assert messages.take_request(buffer) is None
    assert buffer == b"$\x01\x00"


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"x" * 70_000])
def test_what_is_not_rtsp_is_refused(junk: bytes) -> None:
    with pytest.raises(BadRequest):
        messages.take_request(bytearray(junk))


def test_basic_needs_the_right_password() -> None:
    def allowed(login: str) -> bool:
        header = {"authorization": "Basic " + base64.b64encode(login.encode()).decode()}
        return messages.is_authorized(Request("DESCRIBE", "rtsp://h/p", header), "basic", "user", "pass", "")

    assert allowed("user:pass")
    assert not allowed("user:wrong")
    broken = Request("DESCRIBE", "rtsp://h/p", {"authorization": "Basic %%%"})
    assert not messages.is_authorized(broken, "basic", "user", "pass", "")


@pytest.mark.parametrize("qop", [False, True])
def test_digest_needs_the_right_password_and_nonce(*, qop: bool) -> None:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def allowed(password: str, nonce: str) -> bool:
        extra = ":00000001:c:auth" if qop else ""
        answer = md5(
            f"{md5(f'user:{messages.REALM}:{password}')}:{nonce}{extra}:{md5('DESCRIBE:rtsp://h/p')}",
        )
        text = f'Digest username="user", realm="{messages.REALM}", nonce="{nonce}", uri="rtsp://h/p", '
        text += f'response="{answer}"' + (', qop=auth, nc=00000001, cnonce="c"' if qop else "")
        request = Request("DESCRIBE", "rtsp://h/p", {"authorization": text})
        return messages.is_authorized(request, "digest", "user", "pass", "n1")

    assert allowed("pass", "n1")
    assert not allowed("wrong", "n1")
    assert not allowed("pass", "n2")
    assert not messages.is_authorized(Request("DESCRIBE", "u", {}), "digest", "user", "pass", "n1")
