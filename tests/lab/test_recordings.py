"""Real clients record simulated cameras, and the reader finds every frame that was served."""

import contextlib
import shlex
import signal
import subprocess
import time
from fractions import Fraction
from pathlib import Path

import pytest

from holdfast.lab import processes, reader
from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer

RECORD_S = 3.0
CAMERAS = {
    "h264": CameraSpec(ClipSpec(bitrate_kbps=1000)),
    "h264-bframes": CameraSpec(ClipSpec(bitrate_kbps=1000, bframes=2), auth="digest", user="us er", password="p@:/ö"),
    "h265": CameraSpec(ClipSpec(codec="h265", bitrate_kbps=1000), start="burst"),
    "h265-bframes": CameraSpec(ClipSpec(codec="h265", bframes=2), auth="basic", user="user", password="pass"),
    "slow": CameraSpec(ClipSpec(fps=Fraction(1), gop=1, seconds=4)),
    "fast": CameraSpec(ClipSpec(fps=Fraction(60), gop=60)),
    "live": CameraSpec(ClipSpec(width=320, height=180), live=True),
}
NAMES = list(CAMERAS)
Recorded = tuple[list[ServedFrame], Path]


def gst(url: str, codec: str, path: Path) -> list[str]:
    text = f"""gst-launch-1.0 -q -e rtspsrc location={url} protocols=tcp latency=0 buffer-mode=none !
        rtp{codec}depay ! {codec}parse ! {codec}timestamper ! mp4mux fragment-duration=500 ! filesink location={path}"""
    return shlex.split(text)


def ffmpeg(url: str, path: Path) -> list[str]:
    options = ["-v", "error", "-nostdin", "-rtsp_transport", "tcp", "-analyzeduration", "1000000"]
    return ["ffmpeg", *options, "-i", url, "-c", "copy", str(path)]


def wait_for(paths: list[Path], timeout_s: float = 30.0) -> None:
    """A recording client makes its file when it has understood the stream."""
    deadline_s = time.monotonic() + timeout_s
    while not all(path.exists() for path in paths) and time.monotonic() < deadline_s:
        time.sleep(0.1)


def finish(running: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt each client once: a second signal would make ffmpeg leave its file without an index."""
    for process in running:
        process.send_signal(signal.SIGINT)
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        processes.end(process)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Recorded, Recorded]]:
    """For each camera what GStreamer, then what ffmpeg was served and recorded; all at the same time."""
    folder = tmp_path_factory.mktemp("recorded")
    paths = {name: (folder / f"{name}-gst.mp4", folder / f"{name}-ffmpeg.mp4") for name in NAMES}
    running: list[subprocess.Popen[bytes]] = []
    with LabServer(list(CAMERAS.values())) as lab:
        try:
            for index, (name, spec) in enumerate(CAMERAS.items()):
                running.append(processes.start(gst(lab.urls[index], spec.clip.codec, paths[name][0])))
                lab.wait_served(index, 1)
                running.append(processes.start(ffmpeg(lab.urls[index], paths[name][1])))
            wait_for([path for name in NAMES if name != "slow" for path in paths[name]])
            time.sleep(RECORD_S)
        finally:
            finish(running)
        served = [lab.served(index) for index in range(len(NAMES))]
    return {
        name: (
            ([frame for frame in served[index] if frame.session == 1], paths[name][0]),
            ([frame for frame in served[index] if frame.session == 2], paths[name][1]),
        )
        for index, name in enumerate(NAMES)
    }


@pytest.mark.parametrize("name", NAMES)
def test_gstreamer_records_every_frame_served_at_its_time(
    recorded: dict[str, tuple[Recorded, Recorded]], name: str
) -> None:
    served, path = recorded[name][0]
    account = reader.compare(served, [path], fps=CAMERAS[name].clip.fps, first=served[0].frame)
    assert account.is_complete, account
    assert account.recorded >= 3
    assert reader.playable(path).errors == ()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "slow"])
def test_ffmpeg_records_every_frame_served(recorded: dict[str, tuple[Recorded, Recorded]], name: str) -> None:
    served, path = recorded[name][1]
    # Before its first frame ffmpeg has not yet found the rhythm, so its times are not compared.
    account = reader.compare(served, [path])
    assert account.is_complete, account
    assert account.recorded >= 15
    assert reader.read(path).unstamped == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_decodes(recorded: dict[str, tuple[Recorded, Recorded]], name: str) -> None:
    _, path = recorded[name][0]
    clip = CAMERAS[name].clip
    result = reader.playable(path)
    assert result.frames == len(reader.read(path).frames)
    assert result.sizes == ((clip.width, clip.height),)
    # A recording may end behind a picture whose B-pictures, shown before it, had not come yet.
    assert -0.5 <= result.duration_s * clip.fps - result.frames <= clip.bframes + 0.5


def test_the_stamp_is_the_time_of_the_picture(recorded: dict[str, tuple[Recorded, Recorded]]) -> None:
    served, path = recorded["fast"][0]
    sent_ns = {frame.frame: frame.wall_ns for frame in served}
    for frame in reader.read(path).frames:
        assert 0 <= sent_ns[frame.frame] - frame.wall_ns < 0.5e9
