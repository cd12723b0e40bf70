"""What a client sees of a simulated camera, and what the camera's account says about it."""

import contextlib
import socket
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.nal import nal_type
from holdfast.lab.remote import LabError, LabServer
from tests.lab.watcher import Watcher

FAST = ClipSpec(width=160, height=120, fps=Fraction(30), gop=10, seconds=1)


@contextlib.contextmanager
def playing(spec: CameraSpec, channel: int = 0) -> Iterator[tuple[LabServer, Watcher]]:
    with LabServer([spec]) as lab, Watcher(lab.urls[0], spec.clip.codec, channel=channel) as watcher:
        watcher.play()
        yield lab, watcher


def no_gap(numbers: list[int]) -> bool:
    return all((b - a) & 0xFFFF == 1 for a, b in pairwise(numbers))


def is_key(types: list[int]) -> bool:
    return 5 in types


@pytest.mark.parametrize("channel", [0, 4])
def test_a_client_that_joins_begins_with_the_next_key_frame(channel: int) -> None:
    with playing(CameraSpec(FAST), channel) as (lab, watcher):
        seen = watcher.frames(25)
        served = lab.served(0)
    assert is_key(seen[0].nal_types)
    assert [is_key(frame.nal_types) for frame in seen[:21]].count(True) == 3
    first = seen[0].stamp.frame
    assert first % 10 == 0
    assert [frame.stamp.frame for frame in seen] == list(range(first, first + 25))
    assert [frame.frame for frame in served][:25] == list(range(first, first + 25))
    assert [frame.is_key for frame in served] == [frame.frame % 10 == 0 for frame in served]
    assert no_gap(watcher.sequence_numbers)
    assert watcher.reports == 1


def test_frames_keep_the_pace_of_the_clock_and_carry_its_time() -> None:
    with playing(CameraSpec(FAST)) as (_, watcher):
        seen = watcher.frames(45)
    stamps = [frame.stamp for frame in seen]
    for before, after in pairwise(stamps):
        assert (after.wall_ns - before.wall_ns) / 1e9 == pytest.approx(1 / 30, abs=0.005)
    assert abs(time.time_ns() - stamps[-1].wall_ns) < 1e9
    times = [(b.rtp_time - a.rtp_time) & 0xFFFFFFFF for a, b in pairwise(seen)]
    assert set(times) == {3000}


def test_the_clock_runs_on_while_nobody_watches() -> None:
    with LabServer([CameraSpec(FAST)]) as lab:
        with Watcher(lab.urls[0]) as first:
            first.play()
            last = first.frames(5)[-1].stamp
        time.sleep(1)
        with Watcher(lab.urls[0]) as second:
            second.play()
            (next_one,) = second.frames(1)
        sessions = lab.sessions(0)
    passed_s = (next_one.stamp.wall_ns - last.wall_ns) / 1e9
    assert next_one.stamp.frame - last.frame == pytest.approx(passed_s * 30, abs=0.2)
    assert [session["session"] for session in sessions] == [1, 2]
    assert sessions[0]["end"] in {"closed by the client", "connection lost: [Errno 104] Connection reset by peer"}


def test_frames_with_b_pictures_are_numbered_and_timed_as_shown() -> None:
    spec = CameraSpec(ClipSpec(width=160, height=120, fps=Fraction(30), gop=10, seconds=1, bframes=2))
    with playing(spec) as (_, watcher):
        seen = watcher.frames(20)
    numbers = [frame.stamp.frame - seen[0].stamp.frame for frame in seen]
    assert numbers[:4] == [0, 3, 1, 2]
    assert sorted(numbers) == list(range(20))
    for frame, number in zip(seen, numbers, strict=True):
        assert (frame.rtp_time - seen[0].rtp_time) & 0xFFFFFFFF == (number * 3000) & 0xFFFFFFFF
        assert (frame.stamp.wall_ns - seen[0].stamp.wall_ns) / 1e9 == pytest.approx(number / 30, abs=0.005)


def test_an_h265_camera_serves_its_parameter_sets_in_band_and_in_the_description() -> None:
    clip = ClipSpec(codec="h265", width=160, height=120, fps=Fraction(30), gop=10, seconds=1, bitrate_kbps=800)
    with LabServer([CameraSpec(clip)]) as lab, Watcher(lab.urls[0], "h265") as watcher:
        description = watcher.play()
        seen = watcher.frames(12)
    assert all(name in description for name in ("H265/90000", "sprop-vps=", "sprop-sps=", "sprop-pps="))
    assert [nal_type("h265", nal) for nal in seen[0].sets] == [32, 33, 34]
    assert max(max(frame.sizes) for frame in seen) <= 1400


def test_a_client_may_begin_at_once() -> None:
    spec = CameraSpec(ClipSpec(width=160, height=120, fps=Fraction(30), gop=30, seconds=1), start="at_once")
    with LabServer([spec]) as lab:
        keys = []
        for _ in range(3):
            with Watcher(lab.urls[0]) as watcher:
                watcher.play()
                keys.append(is_key(watcher.frames(1)[0].nal_types))
                time.sleep(0.05)
    assert not all(keys)


def test_a_client_may_begin_with_the_whole_group_of_pictures_so_far() -> None:
    spec = CameraSpec(ClipSpec(width=160, height=120, fps=Fraction(10), gop=30, seconds=3), start="burst")
    with LabServer([spec]) as lab:
        time.sleep(1)
        with Watcher(lab.urls[0]) as watcher:
            watcher.play()
            begin_s = time.monotonic()
            seen = watcher.frames(9)
            took_s = time.monotonic() - begin_s
            seen += watcher.frames(6)
    assert is_key(seen[0].nal_types)
    assert took_s < 0.7
    assert [frame.stamp.frame for frame in seen] == list(range(seen[0].stamp.frame, seen[0].stamp.frame + 15))
    assert no_gap(watcher.sequence_numbers)


def test_several_clients_get_the_same_frames() -> None:
    with LabServer([CameraSpec(FAST)]) as lab, Watcher(lab.urls[0]) as one, Watcher(lab.urls[0]) as two:
        one.play()
        two.play()
        a, b = one.frames(30), two.frames(20)
        served = lab.served(0)
    shared = {frame.stamp.frame for frame in a} & {frame.stamp.frame for frame in b}
    assert len(shared) >= 10
    assert {frame.session for frame in served} == {1, 2}


def test_cameras_can_share_a_port() -> None:
    with LabServer([CameraSpec(FAST), CameraSpec(FAST, path="/live/main")], one_port=True) as lab:
        ports = {urlsplit(url).port for url in lab.urls}
        with Watcher(lab.urls[1]) as watcher:
            watcher.play()
            (frame,) = watcher.frames(1)
    assert len(ports) == 1
    assert lab.urls[1].endswith("/live/main")
    assert frame.stamp.tag == b"c002"


def test_a_client_that_reads_nothing_is_dropped_and_the_account_says_so() -> None:
    clip = ClipSpec(width=640, height=360, fps=Fraction(60), gop=30, seconds=1, bitrate_kbps=20_000)
    specs = [CameraSpec(clip, buffer_limit_bytes=200_000), CameraSpec(FAST)]
    with LabServer(specs) as lab, Watcher(lab.urls[0]) as slow, Watcher(lab.urls[1]) as other:
        slow.play()
        other.play()
        end = ""
        deadline_s = time.monotonic() + 30
        while not end and time.monotonic() < deadline_s:
            other.frames(15)
            end = lab.sessions(0)[0]["end"]
        (session,) = lab.sessions(0)
        served = lab.served(0)
    assert end.startswith("too slow")
    assert session["unwritten"] > 0
    assert session["frames"] == len(served)
    assert no_gap([frame.frame for frame in served])


def test_a_request_for_another_path_is_not_found() -> None:
    with LabServer([CameraSpec(FAST)]) as lab, Watcher(lab.urls[0] + "x") as watcher:
        assert watcher.ask("OPTIONS")[0] == 200
        assert watcher.ask("DESCRIBE")[0] == 404


def test_unfit_requests_are_answered_and_harm_nothing() -> None:
    with LabServer([CameraSpec(FAST)]) as lab, Watcher(lab.urls[0]) as watcher:
        assert watcher.ask("PLAY")[0] == 455
        assert watcher.ask("SETUP", "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n", "/track1")[0] == 461
        assert watcher.ask("RECORD")[0] == 501
        assert watcher.ask("GET_PARAMETER")[0] == 200
        watcher.play()
        assert len(watcher.frames(3)) == 3


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_a_camera_with_a_password_wants_it(auth: str) -> None:
    spec = CameraSpec.from_json({"clip": FAST.as_json(), "auth": auth, "user": "user", "password": "p@ss"})
    with LabServer([spec]) as lab, Watcher(lab.urls[0]) as watcher:
        status, header, _ = watcher.ask("DESCRIBE")
    assert status == 401
    assert f"WWW-Authenticate: {auth.capitalize()} realm=" in header
    assert "user:p%40ss@" in lab.urls[0]


def test_a_user_name_with_a_colon_is_refused() -> None:
    with pytest.raises(ValueError, match="no colon"):
        CameraSpec(user="a:b")


def test_the_lab_ends_when_its_parent_is_gone() -> None:
    with LabServer([CameraSpec(FAST)]) as lab:
        url = urlsplit(lab.urls[0])
        process = lab._process  # noqa: SLF001 - the test takes the parent's end of the pipe away
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", url.port or 0))


def test_a_command_that_does_not_exist_is_refused_with_a_reason() -> None:
    with LabServer([CameraSpec(FAST)]) as lab:
        with pytest.raises(LabError, match="KeyError"):
            lab.command("explode", 0)
        with pytest.raises(LabError, match="IndexError"):
            lab.served(7)
    with pytest.raises(LabError, match="not running"):
        lab.served(0)
