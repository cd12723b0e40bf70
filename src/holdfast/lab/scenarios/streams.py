"""Streams that change while they are recorded, and streams at the edge of what can be recorded."""

import time
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from holdfast.lab import reader
from holdfast.lab.scenarios.accounts import (
    account_problems,
    all_file_problems,
    camera_name,
    exit_problems,
    numbers,
    problems,
    summary,
)
from holdfast.lab.scenarios.stand import NS_PER_S, SETTLED_S, Row, Stand, await_that, small, stand

CHANGING = (small(), small(codec="h265"), small(25, 25), small(), small())
CHANGES: tuple[dict[str, Any], ...] = (
    {"width": 640, "height": 360},
    {"width": 160, "height": 128},
    {"bframes": 2},
    {"bitrate_kbps": 900, "pattern": "smpte", "width": 480},
)
"""What changes in each camera but the last; every change brings other parameter sets."""
SIZES = (((320, 240), (640, 360)), ((320, 240), (160, 128)), ((320, 240),), ((320, 240), (480, 240)), ((320, 240),))
BETWEEN_S = 3.0


def parameters(root: Path, *, times: int, seed: int) -> list[Row]:
    """Size, B-frames and bitrate change in mid-stream, there and back, in H.264 and H.265."""
    name = "parameter changes"
    with stand(CHANGING, root, seed=seed) as made:
        made.start()
        made.await_recording(range(len(CHANGING)))
        for turn in range(times):
            time.sleep(BETWEEN_S)
            for number, change in enumerate(CHANGES):
                before = {key: CHANGING[number].clip.as_json()[key] for key in change}
                made.lab.change(number, **(before if turn % 2 else change))
        time.sleep(BETWEEN_S)
        found = exit_problems(made.stop())
        lost = []
        for number, spec in enumerate(CHANGING):
            settled = reader.compare(made.served(number), made.recorded(number), fps=spec.clip.fps)
            lost.append(settled.lost_frames / times / spec.clip.gop)
            found += [f"{camera_name(number)}: {text}" for text in settled.wrong_times]
            found += [f"{camera_name(number)}: repeated: {settled.repeated}"] if settled.repeated else []
            found += _wrong_sizes(made, number)
        found += account_problems(made, len(CHANGING) - 1) + all_file_problems(made)
    return [
        Row(name, f"lost per change, worst of {len(CHANGES)} cameras", max(lost), 1, "GOPs"),
        problems(name, "sizes, times, files", found),
    ]


def _wrong_sizes(made: Stand, camera: int) -> list[str]:
    sizes = {size for path in made.files(camera) for size in reader.playable(path).sizes}
    wanted = set(SIZES[camera])
    return [] if sizes == wanted else [f"{camera_name(camera)}: sizes {sorted(sizes)} instead of {sorted(wanted)}"]


def codecs(root: Path, *, times: int, seed: int) -> list[Row]:
    """The codec itself changes: the camera ends its sessions, and the recorder comes back."""
    name = "codec change"
    with stand([small()], root, seed=seed) as made:
        made.start()
        made.await_recording([0])
        for turn in range(times):
            time.sleep(SETTLED_S)
            files = set(made.files(0))
            made.lab.change(0, codec="h264" if turn % 2 else "h265")
            await_that(partial(made.has_new_file, 0, files), 30)
        time.sleep(1)
        found = exit_problems(made.stop()) + all_file_problems(made)
        if {recording.codec for recording in made.recorded(0)} != {"h264", "h265"}:
            found.append("not both codecs were recorded")
        gap = max(b - a - 1 for a, b in pairwise(numbers(made, 0)))
    return [Row(name, f"gap, worst of {times}", gap / 15, 2 + 1, "s"), problems(name, "codecs, files", found)]


# ---------------------------------------------------------------- at the edge

EDGES = (small(), small(), small(1, 1), small(60, 60), small(60, 30, "h265"), small())
NO_VIDEO, NO_KEY_FRAMES = 0, 1
GOOD = range(2, len(EDGES))
SAID_AFTER_S = 16.0


def edges(root: Path, *, seconds: float, seed: int) -> list[Row]:
    """No video track and no key frame for a while: a sentence; then good again. 1 and 60 fps beside them."""
    name = "edges"
    with stand(EDGES, root, seed=seed) as made:
        made.lab.no_video(NO_VIDEO)
        made.lab.no_keyframes(NO_KEY_FRAMES)
        made.start()
        made.await_recording(GOOD)
        time.sleep(seconds)
        faults = [state["fault"] for state in made.status()]
        found = [f"{camera_name(n)}: a file without a key frame" for n in (NO_VIDEO, NO_KEY_FRAMES) if made.files(n)]
        made.lab.no_keyframes(NO_KEY_FRAMES, on=False)
        made.lab.no_video(NO_VIDEO, on=False)
        good_from = made.served(NO_KEY_FRAMES)[-1].frame
        made.await_recording(range(len(EDGES)), max(30.0, 2 * seconds))
        time.sleep(1)
        found += exit_problems(made.stop())
        if "no video track" not in faults[NO_VIDEO]:
            found.append(f"no video track: the sentence is {faults[NO_VIDEO]!r}")
        if seconds > SAID_AFTER_S and "no key frame" not in faults[NO_KEY_FRAMES]:
            found.append(f"no key frame: the sentence is {faults[NO_KEY_FRAMES]!r}")
        found += [problem for number in GOOD for problem in account_problems(made, number)]
        found += all_file_problems(made)
        late = (numbers(made, NO_KEY_FRAMES)[0] - good_from) / 15
    return [
        Row(name, "recorded after key frames are back", late, 2 + 1, "s"),
        problems(name, "sentences, others, files", found),
    ]


# ---------------------------------------------------------------- wall time

DATED = (
    small(),
    replace(small(15, 45), start="burst"),
    small(25, 25, bframes=2),
    small(10, 10, "h265", bframes=2),
    small(5, 5),
    replace(small(15, 30, "h265"), start="burst"),
)
HELD = (0, 2)
"""Cameras whose frames are held back for a while, and then come all at once.

None that begins with a stored group: a rival that is opened while such a camera pauses gets that group, then nothing,
then the rest at once, and rtspsrc dates the rest anew, by up to the pause (docs/design/time.md)."""
HELD_S = 5.0


def dates(root: Path, *, rotations: int, seed: int, segment_s: int = 5) -> list[Row]:
    """Segments know when they begin, also after a burst at the start and when frames were held back for 5 s."""
    name = "wall time"
    with stand(DATED, root, "--segment", f"{segment_s}s", seed=seed) as made:
        made.start()
        made.await_recording(range(len(DATED)))
        time.sleep(rotations * segment_s / 2)
        for number in HELD:
            made.lab.pause(number, HELD_S, deliver_late=True)
        time.sleep(HELD_S + rotations * segment_s / 2)
        found = exit_problems(made.stop()) + all_file_problems(made)
        rows = {made.root / row["path"]: row["wall_start_ns"] for row in made.segments()}
        off_ms = []
        for number in range(len(DATED)):
            found += account_problems(made, number)
            for recording in made.recorded(number):
                taken_ns = min(frame.wall_ns for frame in recording.frames)
                stamp = summary(recording.path).header.stamp
                told = (rows.get(recording.path, 0), stamp.wall_start_ns if stamp is not None else 0)
                off_ms += [abs(ns - taken_ns) / NS_PER_S * 1000 for ns in told]
    return [
        Row(name, f"catalog and file beside the camera, worst of {len(off_ms) // 2}", max(off_ms), 100, "ms"),
        problems(name, "accounts, files", found),
    ]
