"""Trouble that the camera itself makes: who may play, what is answered and when, times, lost packets, boots, TLS."""

import socket
import ssl
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabError, LabServer
from tests.lab.watcher import Watcher

FAST = ClipSpec(width=160, height=120, fps=Fraction(30), gop=10, seconds=1)
SETUP = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"


@pytest.fixture
def lab() -> Iterator[LabServer]:
    with LabServer([CameraSpec(FAST)]) as server:
        yield server


@pytest.fixture
def watcher(lab: LabServer) -> Iterator[Watcher]:
    with Watcher(lab.urls[0]) as client:
        client.play()
        client.frames(3)
        yield client


@pytest.mark.parametrize(("code", "method"), [(453, "PLAY"), (503, "PLAY"), (453, "SETUP")])
def test_a_camera_refuses_a_second_session_and_admits_it_when_the_first_is_over(
    lab: LabServer, code: int, method: str
) -> None:
    lab.one_session(0, "refuse", code=code, method=method)
    with Watcher(lab.urls[0]) as first:
        first.play()
        with Watcher(lab.urls[0]) as second:
            answers = [second.ask("DESCRIBE")[0], second.ask("SETUP", SETUP, "/track1")[0], second.ask("PLAY")[0]]
        assert code in answers
        assert answers[:1] == [200]
        assert (answers[1] == code) == (method == "SETUP")
        assert len(first.frames(5)) == 5
    lab.close_clients(0)
    with Watcher(lab.urls[0]) as third:
        third.play()
        assert len(third.frames(1)) == 1


def test_a_second_session_ends_the_first_one(lab: LabServer, watcher: Watcher) -> None:
    lab.one_session(0, "kick")
    with Watcher(lab.urls[0]) as second:
        second.play()
        assert len(second.frames(3)) == 3
        watcher.frames(1000)
        assert watcher.frame() is None
    assert lab.sessions(0)[0]["end"] == "gave way to another session"


def test_one_method_is_answered_with_a_status_and_others_with_the_truth(lab: LabServer, watcher: Watcher) -> None:
    lab.status(0, 454, "GET_PARAMETER")
    lab.status(0, 500, "OPTIONS")
    with Watcher(lab.urls[0]) as other:
        assert [other.ask(method)[0] for method in ("OPTIONS", "GET_PARAMETER", "DESCRIBE")] == [500, 454, 200]
        lab.status(0, 0, "OPTIONS")
        assert other.ask("OPTIONS")[0] == 200
    assert len(watcher.frames(3)) == 3


def test_a_camera_without_a_password_suddenly_wants_one(lab: LabServer) -> None:
    lab.status(0, 401)
    with Watcher(lab.urls[0]) as watcher:
        status, head, _ = watcher.ask("DESCRIBE")
    assert status == 401
    assert "WWW-Authenticate: Basic" in head


def test_a_slow_method_is_answered_late_and_others_at_once(lab: LabServer) -> None:
    lab.slow(0, "DESCRIBE", 0.7)
    with Watcher(lab.urls[0]) as watcher:
        begin_s = time.monotonic()
        assert watcher.ask("OPTIONS")[0] == 200
        assert time.monotonic() - begin_s < 0.5
        assert watcher.ask("DESCRIBE")[0] == 200
        assert time.monotonic() - begin_s > 0.6


def test_times_stand_still_or_are_random_and_come_back(lab: LabServer, watcher: Watcher) -> None:
    lab.times(0, "still")
    lab.wait_served(0, len(lab.served(0)) + 5)
    watcher.frames(5)
    assert len({frame.rtp_time for frame in watcher.frames(5)}) <= 2
    lab.times(0, "random")
    watcher.frames(10)
    assert len({frame.rtp_time for frame in watcher.frames(8)}) >= 7
    lab.times(0, "right")
    time.sleep(0.3)
    watcher.frames(20)
    assert {(b.rtp_time - a.rtp_time) & 0xFFFFFFFF for a, b in pairwise(watcher.frames(5))} == {3000}
    with pytest.raises(LabError, match="KeyError"):
        lab.command("times", 0, times="wrong")


def test_packets_get_lost_their_numbers_are_missing_and_their_frames_do_not_count_as_served(
    lab: LabServer, watcher: Watcher
) -> None:
    lab.lose(0, 0.3, 1.0)
    time.sleep(1.3)
    for _ in range(60):
        packet = watcher.packet()
        assert packet is not None
        watcher.sequence_numbers.append(int.from_bytes(packet[2:4], "big"))
    assert any((b - a) & 0xFFFF > 1 for a, b in pairwise(watcher.sequence_numbers))
    served = [frame.frame for frame in lab.served(0)]
    assert served[-1] - served[0] + 1 > len(served)
    assert served[-5:] == list(range(served[-5], served[-5] + 5))


def test_a_camera_boots_by_its_own_clock(lab: LabServer, watcher: Watcher) -> None:
    begin_ns = time.time_ns()
    serves_ns = lab.boot(0, refuse_s=0.8, not_found_s=0.8)
    assert 1.5e9 < serves_ns - begin_ns < 3e9
    with pytest.raises(ConnectionResetError):
        watcher.frames(1000)
    with pytest.raises(ConnectionRefusedError):
        Watcher(lab.urls[0])
    time.sleep(1.1)
    with Watcher(lab.urls[0]) as early:
        assert early.ask("DESCRIBE")[0] == 404
    time.sleep(max(0.0, (serves_ns - time.time_ns()) / 1e9 + 0.1))
    with Watcher(lab.urls[0]) as again:
        again.play()
        assert len(again.frames(1)) == 1


def test_requests_are_noted(lab: LabServer, watcher: Watcher) -> None:
    noted = lab.requests(0)
    assert [method for _, method in noted] == ["DESCRIBE", "SETUP", "PLAY"]
    assert [wall_ns for wall_ns, _ in noted] == sorted(wall_ns for wall_ns, _ in noted)
    assert abs(time.time_ns() - noted[-1][0]) < 60e9


def test_a_client_is_told_how_long_its_session_lives_unheard() -> None:
    with LabServer([CameraSpec(FAST, session_timeout_s=10)]) as lab, Watcher(lab.urls[0]) as watcher:
        _, head, _ = watcher.ask("SETUP", SETUP, "/track1")
    assert ";timeout=10\r\n" in head


@pytest.mark.parametrize("proxied", [False, True])
def test_a_camera_speaks_tls_with_a_certificate_that_nobody_signed(*, proxied: bool) -> None:
    with LabServer([CameraSpec(FAST, tls=True, proxied=proxied)]) as lab:
        url = urlsplit(lab.urls[0])
        assert url.scheme == "rtsps"
        place = ("127.0.0.1", url.port or 0)
        with socket.create_connection(place, timeout=10) as plain, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        with socket.create_connection(place, timeout=10) as plain, trusting.wrap_socket(plain) as secret:
            secret.sendall(f"DESCRIBE {lab.urls[0]} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            assert secret.recv(100).startswith(b"RTSP/1.0 200 OK\r\nCSeq: 1")
