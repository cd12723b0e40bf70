"""Requests and responses as cameras write them."""

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import (
    MAX_BODY_BYTES,
    MAX_HEADERS,
    Headers,
    Request,
    Response,
    bytes_of,
    content_length,
    read_first_line,
    read_headers,
    read_session,
    sequence_number,
    text_of,
    write_request,
    write_response,
)


def headers(**fields: str) -> Headers:
    return Headers(tuple((name.replace("_", "-"), value) for name, value in fields.items()))


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"RTSP/1.0 200 OK", 200, "OK"),
        (b"RTSP/1.0 200", 200, ""),
        (b"RTSP/1.0  404  Stream Not Found ", 404, "Stream Not Found"),
        (b"rtsp/1.0 454 Session Not Found", 454, "Session Not Found"),
    ],
)
def test_a_response_may_lack_its_reason_and_have_any_case(line: bytes, status: int, reason: str) -> None:
    assert read_first_line(line) == Response(status, reason)


def test_a_request_of_the_camera_is_read() -> None:
    assert read_first_line(b"options rtsp://192.0.2.1/a RTSP/1.0") == Request("OPTIONS", "rtsp://192.0.2.1/a")


@pytest.mark.parametrize("line", [b"", b"RTSP/1.0", b"RTSP/1.0 2000 OK", b"HTTP/1.1 200 OK", b"OPTIONS *", b"v=0"])
def test_what_is_no_first_line_is_told_apart(line: bytes) -> None:
    assert read_first_line(line) is None


def test_headers_may_be_folded_end_with_a_bare_line_feed_and_have_spaces_anywhere() -> None:
    read = read_headers(b" lost\r\nCSEQ : 3\nsession:  1;\n\ttimeout=5\r\nnonsense\r\n: empty\r\nX:\r\n y\r\n\r\n")
    assert read.fields == (("cseq", "3"), ("session", "1; timeout=5"), ("x", "y"))
    assert "x" in read
    assert "y" not in read
    assert read.all("cseq") == ["3"]
    assert read.get("y", "z") == "z"


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(RtspError, match="header"):
        read_headers(b"a: 1\r\n" * (MAX_HEADERS + 1))
    assert len(read_headers(b"a: 1\r\n" * MAX_HEADERS).fields) == MAX_HEADERS


@pytest.mark.parametrize("value", ["-1", "x", "1 2", "0x10", str(MAX_BODY_BYTES + 1), "9" * 50])
def test_an_impossible_length_is_refused(value: str) -> None:
    with pytest.raises(RtspError, match="length"):
        content_length(headers(content_length=value))


def test_a_length_may_be_missing_or_empty() -> None:
    assert content_length(headers()) == content_length(headers(content_length=" ")) == 0
    assert content_length(headers(content_length=str(MAX_BODY_BYTES))) == MAX_BODY_BYTES


def test_a_sequence_number_is_read_where_there_is_one() -> None:
    numbers = [sequence_number(headers(cseq=value)) for value in ("1 ", "12;x", "", "one", "-3")]
    assert numbers == [1, 12, None, None, None]


@pytest.mark.parametrize(
    ("value", "session", "timeout_s"),
    [
        ("708345999;timeout=60", "708345999", 60),
        ("9a90de54; timeout=120", "9a90de54", 120),
        ("F8F8E425", "F8F8E425", None),
        ('a/b+c {d}= ; x=1; Timeout = "30"', "a/b+c {d}=", 30),
        ("1;timeout=", "1", None),
        ("1;timeout=999999999", "1", 86_400),
        ("", "", None),
    ],
)
def test_a_session_has_any_signs_and_maybe_a_timeout(value: str, session: str, timeout_s: int | None) -> None:
    assert read_session(headers(session=value)) == (session, timeout_s)


def test_text_that_is_no_utf_8_goes_back_as_it_came() -> None:
    assert bytes_of(text_of(b"nonce\xff\xfe\xc3\xa9")) == b"nonce\xff\xfe\xc3\xa9"
    assert bytes_of("\ud800") == b"?"


def test_what_is_written_has_no_line_end_inside_a_header() -> None:
    written = write_request("OPTIONS", "rtsp://h/", [("CSeq", "1"), ("X", "a\r\nSession: 1")])
    assert written == b"OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\nX: aSession: 1\r\n\r\n"
    assert write_response(200, "OK", []) == b"RTSP/1.0 200 OK\r\n\r\n"
