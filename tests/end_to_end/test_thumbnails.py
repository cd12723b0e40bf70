"""A running service is asked for a picture of now, and of what it has just recorded."""

import http.client
import socket
import time
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs PyAV")

from holdfast.app.folder import control_socket
from holdfast.domain.times import NS_PER_S
from holdfast.lab import reader
from holdfast.lab.scenarios.stand import await_that, small
from tests.app.pictures import seen, shown_by_ffmpeg, size_of
from tests.end_to_end.serving import Service, service

pytestmark = pytest.mark.timeout(180)


def ask(made: Service, at_ns: int) -> tuple[int, int, bytes]:
    """Status, wall time of the picture, and the picture."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(30)
    connection.sock.connect(str(control_socket(made.root)))
    try:
        connection.request("GET", f"/thumbnail?camera=cam_01&at_ns={at_ns}")
        response = connection.getresponse()
        return response.status, int(response.headers.get("Holdfast-Wall-Ns", 0)), response.read()
    finally:
        connection.close()


def test_a_running_service_shows_what_its_camera_saw_just_now(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.write()
        made.serve()
        made.await_files("cam_01")
        began_ns = time.time_ns()
        await_that(lambda: ask(made, time.time_ns())[0] == 200, 30)
        got: list[tuple[int, bytes]] = []
        while time.time_ns() < began_ns + 4 * NS_PER_S:
            now_ns = time.time_ns()
            status, wall_ns, jpeg = ask(made, now_ns)
            assert status == 200, jpeg
            assert 0 <= now_ns - wall_ns < 10 * NS_PER_S
            got.append((wall_ns, jpeg))
            time.sleep(0.5)
        assert got[-1][0] - got[0][0] >= NS_PER_S, "it is of now"
        assert (
            made.ask(
                "thumbnail", "cam_01", "--at", "1s", "-o", str(tmp_path / "a.jpg"), "--in", str(made.root)
            ).returncode
            == 0
        )
        assert size_of((tmp_path / "a.jpg").read_bytes()) == size_of(got[0][1])
        assert made.stop() == 0
        (file,) = made.known("cam_01")
        start_ns = made.segments()[0]["wall_start_ns"]
        frames = sorted(reader.read(file).frames, key=lambda frame: frame.pts_s)
        pictures = shown_by_ffmpeg(file)
        assert len(pictures) == len(frames)
        for wall_ns, jpeg in got:
            # The beginning of a file is known better when it ends: its pictures move by less than from key to key.
            seconds = (wall_ns - start_ns) / NS_PER_S
            near = min((frame for frame in frames if frame.is_key), key=lambda frame: abs(frame.pts_s - seconds))
            grey, expected = seen(jpeg), pictures[frames.index(near)]
            assert sum(abs(a - b) for a, b in zip(grey, expected, strict=True)) / len(grey) < 4
