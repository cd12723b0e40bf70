"""Exports of real recordings: exactly the frames of the range, by two readers, and sound in step."""

import json
import random
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.domain.times import NS_PER_S
from tests.app.exporting import Footage, export, footage_in, manifest

pytest.importorskip("av", reason="needs PyAV (the extra named lab)")
from holdfast.lab import reader
from holdfast.lab.hearing import hear
from holdfast.lab.scenarios.stand import small, stand
from holdfast.lab.shown import shown

CAMERAS = {
    "cam_01": replace(small(15, 15), sound="aac"),
    "cam_02": replace(small(15, 15, bframes=2), sound="pcmu"),
    "cam_03": replace(small(25, 25, "h265"), sound="aac"),
    "cam_04": small(15, 15, "h265", bframes=2),
}
FPS = {"cam_01": 15, "cam_02": 15, "cam_03": 25, "cam_04": 15}
IN_STEP_S = 0.08
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Four cameras in files of two seconds, with a restart of all of them in the middle."""
    root = tmp_path_factory.mktemp("recorded") / "footage"
    with stand(list(CAMERAS.values()), root, "--audio", "--segment", "2s") as made:
        made.start()
        made.await_recording(range(len(CAMERAS)))
        time.sleep(7)
        for camera in range(len(CAMERAS)):
            made.lab.boot(camera, refuse_s=1, not_found_s=0)
        time.sleep(6)
        assert made.stop() == 0
    return footage_in(root)


def whole(footage: Footage, camera: str) -> tuple[int, int]:
    frames = footage.frames[camera]
    return frames[0][0] - NS_PER_S, frames[-1][0] + NS_PER_S


def ffmpeg_says(path: Path) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def packets(path: Path) -> list[tuple[float, bool]]:
    """As ffprobe sees the picture: when each packet is shown, and whether it is."""
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time,flags",
        "-of",
        "json",
    ]
    answer = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    return [(float(one["pts_time"]), "D" not in one["flags"]) for one in json.loads(answer.stdout)["packets"]]


@needs_ffmpeg
@pytest.mark.parametrize("camera", CAMERAS)
def test_everything_is_there_across_files_and_a_gap(footage: Footage, camera: str, tmp_path: Path) -> None:
    begin_ns, end_ns = whole(footage, camera)
    out = tmp_path / "all.mp4"
    assert export(footage.root, camera, begin_ns, end_ns, out) == 0
    found = shown(out)
    assert [frame for frame, _ in found.frames] == footage.expected(camera, begin_ns, end_ns)
    assert (found.decoded, found.first_s, found.errors) == (len(footage.frames[camera]), 0.0, ())
    assert ffmpeg_says(out) == ""
    said = manifest(tmp_path / "all.mp4.manifest.json")
    (file,) = said["files"]
    assert len(file["pieces"]) >= 5
    assert file["frames"] == found.decoded
    assert {"rtsp_network"} <= {gap["cause"] for gap in said["gaps"]}


@needs_ffmpeg
@pytest.mark.parametrize("camera", CAMERAS)
def test_two_readers_see_the_first_picture_at_the_very_begin(footage: Footage, camera: str, tmp_path: Path) -> None:
    begin_ns, end_ns = whole(footage, camera)
    out = tmp_path / "part.mp4"
    begin_ns, end_ns = begin_ns + 3_517_000_000, end_ns - 2_119_000_000
    assert export(footage.root, camera, begin_ns, end_ns, out) == 0
    expected = footage.expected(camera, begin_ns, end_ns)
    found = shown(out)
    assert [frame for frame, _ in found.frames] == expected
    assert (found.first_s, found.hidden > 0) == (0.0, True)
    seen = [at_s for at_s, is_shown in packets(out) if is_shown]
    assert (len(seen), min(seen)) == (len(expected), 0.0)
    assert ffmpeg_says(out) == ""


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(CAMERAS)), st.integers(0, 10_000), st.integers(1, 10_000))
def test_any_range_shows_exactly_the_frames_taken_in_it(
    footage: Footage, tmp_path: Path, camera: str, begin: int, length: int
) -> None:
    first_ns, last_ns = whole(footage, camera)
    begin_ns = (first_ns + (last_ns - first_ns) * begin // 10_000) // 1000 * 1000
    end_ns = min(last_ns, begin_ns + (last_ns - first_ns) * length // 10_000) // 1000 * 1000
    expected = footage.expected(camera, begin_ns, end_ns)
    out = tmp_path / "range.mp4"
    answer = export(footage.root, camera, begin_ns, max(end_ns, begin_ns + 1000), out, "--overwrite")
    if not expected:
        assert answer == 1
        return
    assert answer == 0
    found = shown(out)
    assert [frame for frame, _ in found.frames] == expected
    assert (found.decoded, found.first_s, found.errors) == (len(expected), 0.0, ())


@pytest.mark.parametrize("camera", ["cam_01", "cam_02", "cam_03"])
def test_sound_is_in_step_on_both_sides_of_the_gap(footage: Footage, camera: str, tmp_path: Path) -> None:
    begin_ns, end_ns = whole(footage, camera)
    out = tmp_path / "sound.mp4"
    assert export(footage.root, camera, begin_ns + 2_700_000_000, end_ns, out) == 0
    frames = shown(out).frames
    heard = hear(out)
    assert heard.errors == ()
    apart = []
    for beep_s in heard.beeps_s:
        frame, at_s = max((one for one in frames if one[1] <= beep_s + 0.001), key=lambda one: one[1])
        taken_s = frame / FPS[camera] + beep_s - at_s
        apart.append(abs(taken_s - round(taken_s)))
    assert len(apart) >= 5
    assert max(apart) < IN_STEP_S
    assert export(footage.root, camera, begin_ns, end_ns, tmp_path / "mute.mp4", "--no-sound") == 0
    assert manifest(tmp_path / "mute.mp4.manifest.json")["files"][0]["sound"] == ""


@needs_ffmpeg
@pytest.mark.parametrize("camera", CAMERAS)
def test_in_fragments_all_the_same_frames_are_there(footage: Footage, camera: str, tmp_path: Path) -> None:
    begin_ns, end_ns = whole(footage, camera)
    out = tmp_path / "fragmented.mp4"
    assert export(footage.root, camera, begin_ns, end_ns, out, "--fragmented") == 0
    assert sorted(frame.frame for frame in reader.read(out).frames) == sorted(f for _, f in footage.frames[camera])
    assert ffmpeg_says(out) == ""


def test_a_file_that_is_still_being_written_is_exported_as_far_as_it_is(
    footage: Footage, tmp_path: Path, seed: int
) -> None:
    root = tmp_path / "footage"
    shutil.copytree(footage.root, root)
    last = max((root / "cam_01").rglob("*.mp4"))
    data = last.read_bytes()
    # As it was in the middle: no index, and something that is not whole.
    last.write_bytes(data[: len(data) * random.Random(seed).randrange(60, 80) // 100])
    begin_ns, end_ns = whole(footage, "cam_01")
    assert export(root, "cam_01", begin_ns, end_ns, tmp_path / "open.mp4") == 0
    found = [frame for frame, _ in shown(tmp_path / "open.mp4").frames]
    expected = footage.expected("cam_01", begin_ns, end_ns)
    assert found == expected[: len(found)]
    assert len(expected) - 40 < len(found) < len(expected)
