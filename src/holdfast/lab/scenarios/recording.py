"""Rotation, start and stop, the first frame, changes in mid-stream: nothing is broken, and nothing may be lost."""

import random
import sys
import time
from functools import partial
from pathlib import Path

from holdfast.lab import reader
from holdfast.lab.scenarios.stand import NS_PER_S, Row, Stand, await_that, small, stand, unplayable

FRAGMENT_S = 0.5
WALL_BAR_S = 0.1
FINISHED_S = 0.7
"""A stop may keep the rest of the fragment that it lies in, and of the frame interval."""


def rotation(root: Path, *, seconds: float, segment_s: int, seed: int) -> list[Row]:
    """Cameras of all kinds, files of `segment_s` seconds."""
    specs = [
        small(15, 15),
        small(15, 15, bframes=2),
        small(10, 20, "h265"),
        small(1, 2),
        small(25, 50),
        small(60, 60),
        small(30, 30, "h265", 2),
        small(5, 5),
    ]
    with stand(specs, root, "--segment", f"{segment_s}s", seed=seed) as made:
        made.start()
        made.await_recording(range(len(specs)))
        time.sleep(seconds)
        exit_code = made.stop()
        rows = [Row("rotation", "exit code", exit_code, 0, "")]
        accounts = [reader.compare(made.served(n), made.recorded(n), fps=spec.clip.fps) for n, spec in enumerate(specs)]
        rows += [
            Row("rotation", "frames lost", sum(a.lost_frames for a in accounts), 0, "frames"),
            Row("rotation", "frames repeated", sum(len(a.repeated) for a in accounts), 0, "frames"),
            Row("rotation", "wrong presentation times", sum(len(a.wrong_times) for a in accounts), 0, ""),
            Row("rotation", "files that do not play", sum(unplayable(made, n) for n in range(len(specs))), 0, "files"),
            Row("rotation", "files that are not final", _not_final(made), 0, "files"),
            Row("rotation", "wall time of a file's begin, worst error", _worst_wall_error_s(made), WALL_BAR_S, "s"),
            Row("rotation", "cameras with fewer files than rotations", _too_few(made, seconds, segment_s), 0, ""),
        ]
    return rows


def start_stop(root: Path, *, times: int, seed: int, pre_record_s: float = 0.0) -> list[Row]:
    """Switch cameras on and off at random moments."""
    chance = random.Random(seed)
    specs = [small(15, 15), small(25, 50, bframes=2), small(10, 20, "h265")]
    options = ("--no-intent", "--segment", "1h", "--pre-record", f"{pre_record_s}s")
    with stand(specs, root, *options, seed=seed) as made:
        made.start()
        await_that(lambda: sum(s["fps"] > 0 for s in made.status()) == len(specs), 30)
        time.sleep(3 + pre_record_s)
        clips = []
        for _ in range(times):
            camera = chance.randrange(len(specs))
            begin_ns = _switch(made, "start", camera)[1]
            time.sleep(0.5 + chance.random() * 1.5)
            end_ns = _switch(made, "stop", camera)
            clips.append((camera, begin_ns, *end_ns))
            time.sleep(chance.random() * 0.5)
        time.sleep(1)
        made.stop()
        lost = sum(_lost_of_clip(made, clip, pre_record_s) for clip in clips)
        names = f"start/stop ({pre_record_s:.0f} s before)"
        files = [made.files(n) for n in range(len(specs))]
        return [
            Row(names, "clips without a file of their own", abs(sum(map(len, files)) - len(clips)), 0, "clips"),
            Row(names, "frames lost inside of clips", lost, 0, "frames"),
            Row(names, "files that do not play", sum(unplayable(made, n) for n in range(len(specs))), 0, "files"),
            Row(names, "recorded longer than asked for, worst", _worst_excess_s(made, clips), FINISHED_S, "s"),
        ]


def first_frame(root: Path, *, times: int, seed: int) -> list[Row]:
    """From the start of the command to the first frame in a file."""
    gop_s = 1.0
    worst_s = 0.0
    with stand([small(15, 15)], root, seed=seed) as made:
        for _ in range(times):
            before = set(made.files(0))
            begun_s = time.monotonic()
            made.start()
            await_that(partial(made.has_new_file, 0, before), 30)
            worst_s = max(worst_s, time.monotonic() - begun_s)
            made.stop()
    return [Row("first frame", "after the command begins, worst", worst_s, 2 + gop_s, "s")]


def _switch(made: Stand, what: str, camera: int) -> tuple[int, int]:
    """Switch recording; wall times before and after."""
    before_ns = time.time_ns()
    answer = made.ask(what, f"cam_{camera + 1:02d}", "--in", str(made.root))
    assert answer.returncode == 0, answer.stderr
    return before_ns, time.time_ns()


def _lost_of_clip(made: Stand, clip: tuple[int, int, int, int], pre_record_s: float) -> int:
    """Frames from the key frame before the start (or the time before it) to the stop that one file does not have.

    What counts is when a frame was taken: with B-frames, a key frame is sent some frames later.
    """
    camera, begin_ns, end_ns, _ = clip
    recordings = made.recorded(camera)
    known = recordings[0].frames[0]
    interval_ns = NS_PER_S / float(made.specs[camera].clip.fps)
    taken_ns = {f.frame: known.wall_ns + (f.frame - known.frame) * interval_ns for f in made.served(camera)}
    from_ns = begin_ns - pre_record_s * NS_PER_S
    keys = [taken_ns[f.frame] for f in made.served(camera) if f.is_key and taken_ns[f.frame] <= from_ns]
    wanted = {frame for frame, at_ns in taken_ns.items() if max(keys, default=0) <= at_ns <= end_ns}
    return min(len(wanted - {f.frame for f in recording.frames}) for recording in recordings)


def _worst_excess_s(made: Stand, clips: list[tuple[int, int, int, int]]) -> float:
    """How much later than its stop the last frame of a clip was taken."""
    worst_ns = 0
    for camera in range(len(made.specs)):
        ends = [stopped for c, _, _, stopped in clips if c == camera]
        for recording in made.recorded(camera):
            last_ns = max(frame.wall_ns for frame in recording.frames)
            _, own_end_ns = min((abs(last_ns - end), end) for end in ends)
            worst_ns = max(worst_ns, last_ns - own_end_ns)
    return worst_ns / NS_PER_S


def _not_final(made: Stand) -> int:
    return sum(row["state"] != "final" for row in made.segments())


def _too_few(made: Stand, seconds: float, segment_s: int) -> int:
    return sum(len(made.files(n)) < seconds // segment_s for n in range(len(made.specs)))


def _worst_wall_error_s(made: Stand) -> float:
    """The catalog's begin of each segment against the time that its first frame carries; large ones are shown."""
    begins = {made.root / row["path"]: row["wall_start_ns"] for row in made.segments()}
    errors = {
        recording.path: (begins[recording.path] - min(frame.wall_ns for frame in recording.frames)) / NS_PER_S
        for n in range(len(made.specs))
        for recording in made.recorded(n)
    }
    for path, error_s in errors.items():
        if abs(error_s) > WALL_BAR_S:
            print(f"rotation: {path.name} begins {error_s:+.3f} s beside its first frame", file=sys.stderr)
    return float(max(map(abs, errors.values())))
