"""The network path to a simulated camera, and every way in which it can fail."""

import socket
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.proxy import End
from holdfast.lab.remote import LabError, LabServer
from tests.lab.watcher import Watcher

FAST = ClipSpec(width=160, height=120, fps=Fraction(30), gop=10, seconds=1)
SILENT_S = 0.5
"""Fifteen frames: nothing that merely takes a while."""
GONE = ("closed by the client", "connection lost: [Errno 104] Connection reset by peer")
"""The second when something was still on its way."""


@pytest.fixture
def lab() -> Iterator[LabServer]:
    with LabServer([CameraSpec(FAST, proxied=True), CameraSpec(FAST, proxied=True)]) as server:
        yield server


@pytest.fixture
def watcher(lab: LabServer) -> Iterator[Watcher]:
    with Watcher(lab.urls[0]) as client:
        client.play()
        client.frames(3)
        yield client


def numbers(watcher: Watcher, count: int) -> list[int]:
    return [frame.stamp.frame for frame in watcher.frames(count)]


def end_of_the_first_session(lab: LabServer) -> str:
    """Why it ended, once it has."""
    deadline_s = time.monotonic() + 10
    while not (end := str(lab.sessions(0)[0]["end"])) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return end


def follow_one_another(frames: list[int]) -> bool:
    return frames == list(range(frames[0], frames[0] + len(frames)))


def test_a_path_without_faults_changes_nothing(lab: LabServer, watcher: Watcher) -> None:
    assert follow_one_another(numbers(watcher, 40))
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(watcher.sequence_numbers))
    assert lab.sessions(0)[0]["end"] == ""


def test_bytes_that_are_held_count_as_served_and_come_all_at_once_in_order(lab: LabServer, watcher: Watcher) -> None:
    assert lab.hold(0, 1.5) == 1
    before = len(lab.served(0))
    assert watcher.silence_s(5) > 1.0
    assert len(lab.served(0)) - before >= 25
    begin_s = time.monotonic()
    assert follow_one_another(numbers(watcher, 35))
    assert time.monotonic() - begin_s < 1.0


def test_new_connections_are_not_held(lab: LabServer, watcher: Watcher) -> None:
    lab.hold(0, 30)
    with Watcher(lab.urls[0]) as other:
        other.play()
        assert follow_one_another(numbers(other, 5))


def test_on_a_path_that_is_held_new_connections_are_held_too(lab: LabServer, watcher: Watcher) -> None:
    assert lab.hold(0, 1.0, whole_path=True) == 1
    begin_s = time.monotonic()
    with Watcher(lab.urls[0]) as other:
        other.play()
        assert time.monotonic() - begin_s > 0.8
    assert follow_one_another(numbers(watcher, 30))


def test_a_connection_that_vanished_says_nothing_and_the_camera_does_not_know(lab: LabServer, watcher: Watcher) -> None:
    assert lab.vanish(0) == 1
    watcher.drop_what_came()
    assert watcher.silence_s(SILENT_S) == SILENT_S
    before = len(lab.served(0))
    with Watcher(lab.urls[0]) as other:
        other.play()
        assert follow_one_another(numbers(other, 5))
    assert lab.sessions(0)[0]["ended_ns"] is None
    lab.wait_served(0, before + 20)


def test_a_camera_notices_in_its_own_time_that_a_client_is_gone(lab: LabServer, watcher: Watcher) -> None:
    lab.vanish(0, camera_notices_s=0.2)
    assert end_of_the_first_session(lab) in GONE
    watcher.drop_what_came()
    assert watcher.silence_s(SILENT_S) == SILENT_S


def test_while_the_whole_path_is_dark_new_connections_are_dead_from_the_start(lab: LabServer, watcher: Watcher) -> None:
    lab.vanish(0, whole_path=True, seconds=1.0)
    with Watcher(lab.urls[0], timeout_s=SILENT_S) as dead, pytest.raises(TimeoutError):
        dead.ask("OPTIONS")
    time.sleep(1.0 - SILENT_S + 0.1)
    with Watcher(lab.urls[0]) as other:
        other.play()
        assert len(other.frames(3)) == 3


def test_calls_to_an_unreachable_camera_get_no_answer_until_it_is_back(lab: LabServer, watcher: Watcher) -> None:
    lab.unreachable(0, 1.5)
    url = urlsplit(lab.urls[0])
    with pytest.raises(TimeoutError):
        socket.create_connection((str(url.hostname), url.port or 0), timeout=SILENT_S)
    with Watcher(lab.urls[0]) as patient:
        patient.play()
        assert len(patient.frames(3)) == 3
    watcher.drop_what_came()
    assert watcher.silence_s(SILENT_S) == SILENT_S


def test_bytes_drip_and_what_still_waits_at_the_end_comes_at_once(lab: LabServer, watcher: Watcher) -> None:
    lab.drip(0, 2000, 1.5)
    begin_s = time.monotonic()
    seen = numbers(watcher, 45)
    assert time.monotonic() - begin_s > 1.0
    assert follow_one_another(seen)
    assert len(lab.served(0)) >= 45


def test_everything_is_late_on_new_connections(lab: LabServer, watcher: Watcher) -> None:
    lab.late(0, 0.6)
    with Watcher(lab.urls[0]) as late:
        begin_s = time.monotonic()
        assert late.ask("OPTIONS")[0] == 200
        assert time.monotonic() - begin_s > 0.5
        late.play()
        (frame,) = late.frames(1)
        assert time.time_ns() - frame.stamp.wall_ns > 0.5e9
    lab.late(0, 0)
    assert follow_one_another(numbers(watcher, 20))


def test_half_of_a_connection_is_closed_and_the_camera_sends_on(lab: LabServer, watcher: Watcher) -> None:
    lab.end(0, End.HALF_CLOSE)
    while watcher.frame() is not None:
        pass
    before = len(lab.served(0))
    lab.wait_served(0, before + 10)
    assert lab.sessions(0)[0]["end"] == ""


def test_a_connection_is_closed_on_the_way(lab: LabServer, watcher: Watcher) -> None:
    lab.end(0, End.CLOSE)
    while watcher.frame() is not None:
        pass
    assert end_of_the_first_session(lab) in GONE


def test_a_connection_is_reset_on_the_way(lab: LabServer, watcher: Watcher) -> None:
    lab.end(0, End.RESET)
    with pytest.raises(ConnectionResetError):
        watcher.frames(1000)


@pytest.mark.parametrize("reset", [False, True])
def test_what_the_camera_does_to_a_connection_happens_to_the_client(
    lab: LabServer, watcher: Watcher, *, reset: bool
) -> None:
    lab.close_clients(0, reset=reset)
    if reset:
        with pytest.raises(ConnectionResetError):
            watcher.frames(1000)
    else:
        watcher.frames(1000)
        assert watcher.frame() is None


def test_a_camera_that_refuses_is_refused_at_the_port_that_was_given_out(lab: LabServer, watcher: Watcher) -> None:
    lab.refuse(0)
    with pytest.raises(ConnectionRefusedError):
        Watcher(lab.urls[0])
    assert len(watcher.frames(5)) == 5
    lab.listen(0)
    with Watcher(lab.urls[0]) as again:
        again.play()
        assert len(again.frames(1)) == 1


def test_garbage_keeps_its_framing_and_the_frames_stay_countable(lab: LabServer, watcher: Watcher) -> None:
    clean = watcher.frames(20)
    lab.garble(0, 0.5, 1.0)
    spoilt = watcher.frames(40)
    assert follow_one_another([frame.stamp.frame for frame in clean + spoilt])
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(watcher.sequence_numbers))


def test_garbage_in_the_framing_makes_the_reader_lose_its_place(lab: LabServer) -> None:
    with Watcher(lab.urls[0], timeout_s=1.0) as watcher:
        watcher.play()
        assert lab.garble_framing(0) == 1
        with pytest.raises((AssertionError, TimeoutError)):
            watcher.frames(1000)


def test_the_faults_of_one_path_are_not_the_others(lab: LabServer, watcher: Watcher) -> None:
    with Watcher(lab.urls[1]) as other:
        other.play()
        lab.hold(0, 30, whole_path=True)
        lab.garble(0, 1, 30)
        lab.end(0, End.RESET)
        lab.vanish(0, whole_path=True, seconds=30)
        assert follow_one_another(numbers(other, 30))


def test_a_camera_without_a_proxy_says_so() -> None:
    with LabServer([CameraSpec(FAST)]) as lab, pytest.raises(LabError, match="not proxied"):
        lab.hold(0, 1)
