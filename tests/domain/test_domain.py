"""The vocabulary: what follows from a value, and that no value shows a secret."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, Fault, FaultKind, OwnError
from holdfast.domain.secrets import one_line, redact
from holdfast.domain.segments import LOCAL_NODE, FaultRecord
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.domain.times import NS_PER_MS, NS_PER_S, WallNs
from tests.records import PLAIN


@pytest.mark.parametrize(
    ("mode", "records", "streams"),
    [(Mode.STREAMING_ONLY, False, True), (Mode.RECORDING_ONLY, True, False), (Mode.BOTH, True, True)],
)
def test_a_mode_says_which_branches_are_open(mode: Mode, *, records: bool, streams: bool) -> None:
    assert (mode.records, mode.streams) == (records, streams)


def test_a_main_stream_is_called_like_its_camera() -> None:
    assert str(StreamId("cam_01")) == "cam_01"
    assert str(StreamId("cam_01", "sub")) == "cam_01/sub"
    assert StreamId("cam_01") < StreamId("cam_01", "sub") < StreamId("cam_02")


def test_a_certificate_is_of_this_machine_unless_told_otherwise() -> None:
    seen = CertificateRecord(place="camera:322", fingerprint="ab", seen_wall_ns=WallNs(1))
    assert (seen.node, seen.camera) == (CertificateForgotten(place="camera:322").node, "") == (LOCAL_NODE, "")


def test_an_address_does_not_show_its_password() -> None:
    address = StreamAddress("rtsp://10.0.0.1/live", "admin", "geheim")
    assert "geheim" not in repr(address) + str(address) + f"{address!s}"
    assert address == StreamAddress("rtsp://10.0.0.1/live", "admin", "geheim")
    assert address != StreamAddress("rtsp://10.0.0.1/live", "admin", "anders")


@pytest.mark.parametrize(
    ("source", "transport", "chosen"),
    [
        ("auto", "tcp", "native"),
        ("auto", "udp", "rtspsrc"),
        ("native", "tcp", "native"),
        ("rtspsrc", "tcp", "rtspsrc"),
    ],
)
def test_the_native_client_is_chosen_wherever_it_can(source: str, transport: str, chosen: str) -> None:
    assert StreamAddress("rtsp://h/", source=source, transport=transport).chosen_source == chosen


def test_a_segment_ends_as_its_own_media_time_counts() -> None:
    record = replace(PLAIN, wall_start_ns=WallNs(1_000 * NS_PER_S), duration_ns=1_500 * NS_PER_MS)
    assert record.wall_end_ns == 1_001_500 * NS_PER_MS
    assert (record.node, record.volume, record.end_reason) == ("local", "main", None)


def test_records_and_faults_can_be_keys() -> None:
    fault = FaultRecord(kind="stalled", sentence="It stalled.", wall_ns=WallNs(1), detail={"text": ["a", None, 1.5]})
    assert {fault: 1}[fault] == 1
    assert Fault(FaultKind.STALLED, "a") == Fault(FaultKind.STALLED, "a")
    report = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED, "source", "text")
    assert {report} == {ErrorReport(Branch.SOURCE, "holdfast", 8, "source", "text", "")}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:geheim@10.0.0.1/live", "rtsp://***@10.0.0.1/live"),
        ("rtsps://admin:ge@heim/@cam/live and more", "rtsps://***@cam/live and more"),
        ("RTSP://a:b@h", "RTSP://***@h"),
        ("open 'rtsp://a:b@h/x' failed", "open 'rtsp://***@h/x' failed"),
        ("http://h/cgi?user=a&password=geheim&channel=1", "http://h/cgi?user=a&password=***&channel=1"),
        ("http://h/cgi?token=geheim", "http://h/cgi?token=***"),
        ("rtsp://10.0.0.1/live", "rtsp://10.0.0.1/live"),
        ("mail a@b.c", "mail a@b.c"),
        ("", ""),
    ],
)
def test_secrets_are_taken_out_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(
    before=st.text(max_size=20),
    password=st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters="\"'"), min_size=1),
)
def test_a_password_in_a_url_is_never_shown(before: str, password: str) -> None:
    secret = f"☂{password}☂"
    shown = redact(f"{before} rtsp://user:{secret}@camera/live")
    assert secret not in shown
    assert shown.endswith("rtsp://***@camera/live")
    assert redact(shown) == shown


def test_what_others_said_becomes_one_line_of_limited_length() -> None:
    assert one_line("a\nb\x1b[2J rtsp://me:pw@h/", 100) == "a b [2J rtsp://***@h/"
    assert one_line("앞문" * 100, 3) == "앞문앞"
