"""Sound that stops, starts, floods and is nonsense: it costs the picture nothing, and comes back where it belongs."""

import random
import time
from dataclasses import replace
from pathlib import Path

from holdfast.lab import reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.hearing import Heard, apart_s, has_sound, hear
from holdfast.lab.scenarios.accounts import exit_problems, problems
from holdfast.lab.scenarios.stand import NS_PER_S, Row, Stand, small, stand
from holdfast.lab.sound_feed import MANNERS, Manner

BAR_S = 0.08
REJOINED_S = 4.0
"""From the end of trouble to sound in the files: what is nonsense is looked at every two seconds."""
SETTLES_S = REJOINED_S + 1.0
LONGEST_TROUBLE_S = 4.0
CAMERAS: tuple[CameraSpec, ...] = (
    replace(small(15, 15), sound="aac"),
    replace(small(25, 25), sound="pcmu"),
    replace(small(10, 20, "h265"), sound="pcma"),
    replace(small(15, 15, bframes=2), sound="aac"),
    replace(small(15, 30), sound="aac", reports=False),
    replace(small(15, 15), sound="pcmu", start="burst"),
)
SILENT_FILES = {False: 1, True: 3}
"""Files that may have no track of sound: the first, and of a camera that begins to sound late those up to then."""
_OF_SOUND = "aac: "
_TROUBLES: tuple[Manner, ...] = tuple(manner for manner in MANNERS if manner != "right")


def sound(root: Path, *, rounds: int, seed: int) -> list[Row]:
    """Every camera in a trouble of its own in each round; the last has no sound when the recorder begins."""
    chance = random.Random(seed)
    with stand(CAMERAS, root, "--audio", "--segment", "10s", seed=seed) as made:
        late = len(CAMERAS) - 1
        made.lab.sound(late, "none")
        made.start()
        made.await_recording(range(len(CAMERAS)))
        time.sleep(SETTLES_S)
        made.lab.sound(late, "right")
        good: list[tuple[int, int]] = []
        for _ in range(rounds):
            good.append(_settled(SETTLES_S))
            for camera in range(len(CAMERAS)):
                made.lab.sound(camera, chance.choice(_TROUBLES))
            time.sleep(1 + chance.random() * (LONGEST_TROUBLE_S - 1))
            for camera in range(len(CAMERAS)):
                made.lab.sound(camera, "right")
        good.append(_settled(SETTLES_S))
        found = exit_problems(made.stop())
        return [row for camera in range(len(CAMERAS)) for row in _rows(made, camera, good)] + [
            problems("sound", "exit code", found)
        ]


def _settled(seconds: float) -> tuple[int, int]:
    """A stretch in which all is well, by the wall clock, beginning when everybody has had time to see that it is."""
    time.sleep(REJOINED_S)
    begin_ns = time.time_ns()
    time.sleep(seconds)
    # What is nonsense may sound like a beep, and the files are dated to some hundredths of a second.
    return begin_ns, time.time_ns() - NS_PER_S // 2


def _rows(made: Stand, camera: int, good: list[tuple[int, int]]) -> list[Row]:
    spec = made.specs[camera]
    name = f"sound: {spec.sound}, {spec.clip.codec}{', B-frames' * bool(spec.clip.bframes)}"
    name += f"{', no reports' * (not spec.reports)}{', burst' * (spec.start == 'burst')}"
    is_late = camera == len(made.specs) - 1
    recorded = made.recorded(camera)
    account = reader.compare(made.served(camera), recorded, fps=spec.clip.fps)
    heard = {recording.path: hear(recording.path) for recording in recorded if has_sound(recording.path)}
    beeps = [
        (_wall_ns(recording, beep_s), apart)
        for recording in recorded
        if recording.path in heard
        for beep_s, apart in zip(
            heard[recording.path].beeps_s, apart_s(recording, heard[recording.path], spec.clip.fps), strict=True
        )
    ]
    settled = [abs(apart) for at_ns, apart in beeps if any(begin <= at_ns <= end for begin, end in good)]
    wanted = sum(max(0, (end - begin) // NS_PER_S - 1) for begin, end in good)
    return [
        Row(name, "frames of the picture lost", account.lost_frames, 0, "frames"),
        Row(name, "frames repeated, at wrong times", len(account.repeated) + len(account.wrong_times), 0, ""),
        Row(name, "files whose picture does not play", _unplayable(made, camera), 0, "files"),
        Row(name, "files without a track of sound", len(recorded) - len(heard), SILENT_FILES[is_late], "files"),
        Row(name, "beeps not heard while all was well", max(0, wanted - len(settled)), len(good), "beeps"),
        Row(name, "picture and sound apart, worst", max(settled, default=1.0), BAR_S, "s"),
        Row(name, "sound longer than its file", _too_long(heard, recorded), BAR_S, "s"),
    ]


def _unplayable(made: Stand, camera: int) -> int:
    """Files whose picture does not decode. Of nonsense in its sound FFmpeg complains when it opens a file."""
    found = {file: reader.playable(file).errors for file in made.files(camera)}
    wrong = {file: [text for text in errors if not text.startswith(_OF_SOUND)] for file, errors in found.items()}
    return sum(bool(texts) for texts in wrong.values())


def _wall_ns(recording: reader.Recording, at_s: float) -> int:
    return recording.frames[0].wall_ns + round(at_s * 1e9)


def _too_long(heard: dict[Path, Heard], recorded: list[reader.Recording]) -> float:
    """Of all files the most by which sound goes on behind the last picture, or begins before the first."""
    worst = 0.0
    for recording in recorded:
        one = heard.get(recording.path)
        if one is not None and one.packets:
            end_s = max(frame.pts_s + frame.duration_s for frame in recording.frames) - recording.frames[0].pts_s
            worst = max(worst, one.end_s - end_s, -one.begin_s)
    return worst
