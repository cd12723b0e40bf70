"""The trouble that a simulated camera makes when told to."""

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


@pytest.fixture
def lab() -> Iterator[LabServer]:
    with LabServer([CameraSpec(FAST), CameraSpec(FAST)]) as server:
        yield server


@pytest.fixture
def watcher(lab: LabServer) -> Iterator[Watcher]:
    with Watcher(lab.urls[0]) as client:
        client.play()
        yield client


def test_a_camera_that_refuses_listens_again_on_the_same_port(lab: LabServer, watcher: Watcher) -> None:
    lab.refuse(0)
    with pytest.raises(ConnectionRefusedError):
        Watcher(lab.urls[0])
    assert len(watcher.frames(5)) == 5
    lab.listen(0)
    with Watcher(lab.urls[0]) as again:
        again.play()
        assert len(again.frames(1)) == 1


def test_a_camera_closes_its_clients(lab: LabServer, watcher: Watcher) -> None:
    watcher.frames(1)
    assert lab.close_clients(0) == 1
    seen = watcher.frames(1000)
    served = [frame.frame for frame in lab.served(0)]
    assert [frame.stamp.frame for frame in seen] == served[1:]
    assert lab.sessions(0)[0]["end"] == "closed by the camera"


def test_a_camera_resets_its_clients(lab: LabServer, watcher: Watcher) -> None:
    watcher.frames(1)
    lab.close_clients(0, reset=True)
    with pytest.raises(ConnectionResetError):
        watcher.frames(1000)


def test_a_pause_leaves_the_connection_open_and_ends_with_a_key_frame(lab: LabServer, watcher: Watcher) -> None:
    lab.wait_served(0, 3)
    lab.pause(0, 1.0)
    last = watcher.frames(len(lab.served(0)))[-1]
    assert watcher.silence_s(3) > 0.7
    (first,) = watcher.frames(1)
    assert 5 in first.nal_types
    assert first.stamp.frame - last.stamp.frame >= 25
    assert first.stamp.frame in [frame.frame for frame in lab.served(0)]


def test_after_a_stall_all_frames_come_at_once(lab: LabServer, watcher: Watcher) -> None:
    lab.wait_served(0, 3)
    lab.pause(0, 1.0, deliver_late=True)
    last = watcher.frames(len(lab.served(0)))[-1]
    assert watcher.silence_s(3) > 0.7
    begin_s = time.monotonic()
    seen = watcher.frames(28)
    assert time.monotonic() - begin_s < 0.5
    assert [frame.stamp.frame for frame in seen] == [last.stamp.frame + 1 + n for n in range(28)]
    assert seen[-1].stamp.wall_ns - seen[0].stamp.wall_ns == pytest.approx(27 / 30 * 1e9, abs=5e6)


def test_a_stream_changes_its_size_and_rate_at_a_key_frame(lab: LabServer, watcher: Watcher) -> None:
    before = watcher.frames(3)
    lab.change(0, width=320, height=240, fps="15")
    seen = before + watcher.frames(40)
    assert [frame.stamp.frame for frame in seen] == list(range(seen[0].stamp.frame, seen[0].stamp.frame + 43))
    sets = [tuple(frame.sets) for frame in seen if frame.sets]
    assert len(set(sets)) == 2
    switch = next(index for index, frame in enumerate(seen) if tuple(frame.sets) == sets[-1] != sets[0])
    steps = [(b.rtp_time - a.rtp_time) & 0xFFFFFFFF for a, b in pairwise(seen)]
    assert steps == [3000] * switch + [6000] * (42 - switch)


def test_a_change_of_codec_ends_the_sessions(lab: LabServer, watcher: Watcher) -> None:
    watcher.frames(1)
    lab.change(0, codec="h265")
    watcher.frames(10_000)
    assert lab.sessions(0)[0]["end"] == "codec changed"
    time.sleep(0.5)
    with Watcher(lab.urls[0], "h265") as again:
        assert "H265/90000" in again.play()
        assert len(again.frames(2)) == 2


def test_an_impossible_change_is_refused(lab: LabServer) -> None:
    with pytest.raises(LabError, match="bframes"):
        lab.change(0, bframes=9)


def test_a_camera_withholds_key_frames(lab: LabServer) -> None:
    lab.no_keyframes(0)
    with Watcher(lab.urls[0]) as watcher:
        watcher.play()
        assert not any(5 in frame.nal_types for frame in watcher.frames(20))
        lab.no_keyframes(0, on=False)
        assert any(5 in frame.nal_types for frame in watcher.frames(20))


def test_a_camera_describes_no_video(lab: LabServer) -> None:
    lab.no_video(0)
    with Watcher(lab.urls[0]) as watcher:
        _, _, description = watcher.ask("DESCRIBE")
    assert "m=video" not in description
    assert "m=audio" in description


def test_a_camera_answers_with_a_status(lab: LabServer) -> None:
    lab.status(0, 503)
    with Watcher(lab.urls[0]) as watcher, Watcher(lab.urls[1]) as other:
        assert watcher.ask("DESCRIBE")[0] == 503
        assert other.ask("DESCRIBE")[0] == 200
        lab.status(0, 0)
        assert watcher.ask("DESCRIBE")[0] == 200


def test_a_deaf_camera_accepts_and_says_nothing(lab: LabServer) -> None:
    lab.deaf(0)
    with Watcher(lab.urls[0], timeout_s=0.5) as watcher, pytest.raises(TimeoutError):
        watcher.ask("DESCRIBE")


def test_the_trouble_of_one_camera_is_not_the_others(lab: LabServer) -> None:
    with Watcher(lab.urls[1]) as other:
        other.play()
        first = other.frames(1)[0].stamp.frame
        lab.pause(0, 1)
        lab.close_clients(0)
        lab.refuse(0)
        seen = [frame.stamp.frame for frame in other.frames(30)]
    assert seen == list(range(first + 1, first + 31))
    assert urlsplit(lab.urls[0]).port != urlsplit(lab.urls[1]).port
