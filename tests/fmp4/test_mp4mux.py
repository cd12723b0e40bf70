"""What GStreamer's mp4mux really writes, and what ffmpeg makes of our files: made afresh at every run."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from holdfast.fmp4 import Fragment, InitSegment
from tests.fmp4.segments import Parts, assemble, split

av = pytest.importorskip("av", reason="needs PyAV (the extra named lab)")

FRAMES = 150
FRAME_TICKS = 6000
CHAINS = {
    "h264": "x264enc bframes=0 key-int-max=30 tune=zerolatency ! h264parse",
    "h264_b": "x264enc bframes=2 b-adapt=false key-int-max=30 ! h264parse ! h264timestamper",
    "h265": "x265enc key-int-max=30 option-string=bframes=0:log-level=none ! h265parse",
    "h265_b": "x265enc key-int-max=30 option-string=bframes=2:open-gop=0:log-level=none"
    " ! h265parse ! h265timestamper ! h265parse",
}
CODECS = {"h264": "avc1.64", "h264_b": "avc1.", "h265": "hvc1.1.6.L", "h265_b": "hvc1.1.6.L"}
TOOLS = ("gst-launch-1.0", "ffmpeg", "ffprobe")

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)} (gstreamer1.0-tools, ffmpeg)"
)


@dataclass(frozen=True)
class Recording:
    """One session and its segments, cut at the first key frame 4 s after the start of each."""

    name: str
    init: InitSegment
    fragments: list[Fragment]
    segments: tuple[Parts, ...]


@pytest.fixture(scope="module", params=list(CHAINS))
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("mp4mux") / f"{request.param}.mp4"
    source = f"videotestsrc num-buffers={FRAMES} ! video/x-raw,format=I420,width=320,height=240,framerate=15/1"
    muxer = f"mp4mux fragment-duration=500 streamable=true trak-timescale=90000 ! filesink location={path}"
    command = f"gst-launch-1.0 -q {source} ! {CHAINS[request.param]} ! {muxer}"
    made = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this GStreamer cannot make {request.param}: {made.stderr.strip()}")
    init, fragments = split(path.read_bytes())
    groups: list[list[Fragment]] = []
    for fragment in fragments:
        time = fragment.runs[0].decode_time
        if not groups or (fragment.starts_with_sync and time - groups[-1][0].runs[0].decode_time >= 4 * 90000):
            groups.append([])
        groups[-1].append(fragment)
    return Recording(request.param, init, fragments, tuple(assemble(init, group) for group in groups))


@pytest.fixture
def files(recording: Recording, tmp_path: Path) -> list[Path]:
    paths = []
    for number, parts in enumerate(recording.segments):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(parts.final_file)
        paths.append(path)
    return paths


def test_mp4mux_cuts_at_every_key_frame_and_loses_no_tick(recording: Recording) -> None:
    runs = [fragment.runs[0] for fragment in recording.fragments]
    assert all(run.sync_count == run.starts_with_sync for run in runs)
    assert all(later.decode_time == earlier.end_time for earlier, later in pairwise(runs))
    assert sum(run.sample_count for run in runs) == FRAMES
    assert all(run.duration <= 45000 for run in runs)
    assert runs[0].first_composition_offset == (2 * FRAME_TICKS if recording.name.endswith("_b") else 0)
    assert recording.init.video.codec.startswith(CODECS[recording.name])
    assert (recording.init.video.width, recording.init.video.height) == (320, 240)


def probe(path: Path) -> dict[str, str]:
    entries = "stream=start_pts,duration_ts,nb_read_frames"
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    return {name: str(value) for name, value in stream.items()}


def test_ffmpeg_reads_true_durations_and_every_frame(recording: Recording, files: list[Path]) -> None:
    for parts, path in zip(recording.segments, files, strict=True):
        ticks = parts.durations[1]
        assert probe(path) == {
            "start_pts": "0",
            "duration_ts": str(ticks),
            "nb_read_frames": str(ticks // FRAME_TICKS),
        }


def test_ffmpeg_reads_a_file_that_was_left_open(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "open.mp4"
    path.write_bytes(recording.segments[0].open_file)
    assert probe(path)["nb_read_frames"] == str(recording.segments[0].durations[1] // FRAME_TICKS)
    assert probe(path)["start_pts"] == "0"


def test_pictures_come_in_order_and_every_key_frame_can_be_reached(files: list[Path]) -> None:
    for path in files:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            keys = [packet.pts for packet in container.demux(video) if packet.is_keyframe]
            assert keys
            assert keys == [0, 30 * FRAME_TICKS][: len(keys)]
            for key in reversed(keys):
                container.seek(key, stream=video)
                frame = next(container.decode(video))
                assert (frame.pts, frame.key_frame) == (key, True)
            container.seek(0, stream=video)
            shown = [frame.pts for frame in container.decode(video)]
            assert shown == list(range(0, len(shown) * FRAME_TICKS, FRAME_TICKS))


def test_ffmpeg_seeks_to_any_moment(files: list[Path]) -> None:
    for second in (0.0, 2.0, 3.0):
        command = f"ffmpeg -v info -ss {second} -copyts -i {files[0]} -frames:v 1 -vf showinfo -f null -"
        done = subprocess.run(command.split(), capture_output=True, text=True, check=True)
        shown = [word for word in done.stderr.split() if word.startswith("pts_time:")]
        assert shown[0] == f"pts_time:{second:g}"


def pictures(source: list[str]) -> list[str]:
    command = ["ffmpeg", "-v", "error", *source, "-fps_mode", "passthrough", "-f", "framemd5", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def test_the_segments_of_a_session_hold_every_picture_once(
    recording: Recording, files: list[Path], tmp_path: Path
) -> None:
    playlist = tmp_path / "all.txt"
    playlist.write_text("".join(f"file '{path}'\n" for path in files))
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(assemble(recording.init, recording.fragments).final_file)
    joined = pictures(["-f", "concat", "-safe", "0", "-i", str(playlist)])
    assert len(joined) == FRAMES
    assert joined == pictures(["-i", str(whole)])
