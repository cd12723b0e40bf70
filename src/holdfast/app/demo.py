"""`holdfast demo`: four simulated cameras, a minute of recording, a killed capture process, an account of frames."""

import argparse
import asyncio
import os
import shlex
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rich.table import Table

from holdfast.app.addresses import parse_address
from holdfast.app.folder import usable_folder
from holdfast.app.language import say
from holdfast.app.logs import set_up_logs
from holdfast.app.problems import Exit
from holdfast.app.record import RecordOrder, run
from holdfast.app.record_command import check_software
from holdfast.app.terminal import Screen, StatusDisplay
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.lab import reader
from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.policy.segmenting import SegmentRules
from holdfast.recorder.supervisor import StreamPlan

CAMERAS = (
    ClipSpec(codec="h264", width=1280, height=720, fps=Fraction(15), gop=30),
    ClipSpec(codec="h264", width=640, height=360, fps=Fraction(25), gop=25, pattern="smpte"),
    ClipSpec(codec="h265", width=640, height=480, fps=Fraction(12), gop=24),
    ClipSpec(codec="h264", width=320, height=240, fps=Fraction(5), gop=10, pattern="smpte"),
)
CODECS = {"h264": "H.264", "h265": "H.265"}
SEGMENT_S = 10
VICTIM = StreamId("cam_02")


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of one camera's frames."""

    camera: str
    clip: ClipSpec
    made: int
    """Frames that the camera made from the first one it sent to the last one before the end was ordered."""
    recorded: int
    repeated: int
    files: int
    all_play: bool

    @property
    def lost(self) -> int:
        """Frames that the camera made and that are in no file."""
        return self.made - self.recorded

    @property
    def is_good(self) -> bool:
        """Everything is there that can be: the killed process takes a moment with it, and nothing else does."""
        may_lose = self.camera == str(VICTIM)
        return self.all_play and self.recorded > 0 and self.repeated == 0 and (may_lose or self.lost == 0)


def demo(options: argparse.Namespace) -> int:
    """Run it. Raises Problem."""
    root = usable_folder(options.to)
    check_software()
    display = StatusDisplay(plain=options.plain)
    set_up_logs(verbose=False, console=display.console)
    before = frozenset(root.rglob("*.mp4"))
    print(say("Four simulated cameras start; their pictures move and carry a clock."), flush=True)
    with LabServer([CameraSpec(clip=clip, live=True) for clip in CAMERAS]) as lab:
        order = RecordOrder(
            plans=tuple(
                StreamPlan(
                    StreamId(f"cam_{number:02d}"),
                    parse_address(url),
                    name=f"cam_{number:02d}",
                    rules=SegmentRules(duration_ns=SEGMENT_S * NS_PER_S),
                )
                for number, url in enumerate(lab.urls, 1)
            ),
            root=root,
            pool=PoolSettings(),
            for_s=options.for_s,
        )
        ended_ns: list[int] = []
        with display:
            exit_code = run(order, display.show, lambda pool: _meanwhile(pool, options.for_s / 3, ended_ns))
        until_ns = min(ended_ns, default=0)
        served = [[f for f in lab.served(n) if f.wall_ns <= until_ns] for n in range(len(CAMERAS))]
    counted = [_count(root, before, number, frames) for number, frames in enumerate(served)]
    _show(counted)
    if not all(one.is_good for one in counted):
        print(say("Not everything is as it should be: see the table."))
        exit_code = Exit.INCOMPLETE
    sentence = "The files stay in {path}. Look at them with any player, or list them: holdfast segments {quoted}"
    print(say(sentence, path=root, quoted=shlex.quote(str(options.to))))
    return exit_code


async def _meanwhile(pool: WorkerPool, after_s: float, ended_ns: list[int]) -> None:
    """Kill a capture process on the way, and note when the end of the recording was ordered."""
    try:
        await _kill_one(pool, after_s)
        await asyncio.Event().wait()
    finally:
        ended_ns.append(time.time_ns())


async def _kill_one(pool: WorkerPool, after_s: float) -> None:
    await asyncio.sleep(after_s)
    for pid, streams in pool.pids.items():
        if VICTIM in streams:
            print(
                say("Now the capture process of {camera} is killed (kill -9 {pid}).", camera=VICTIM, pid=pid),
                flush=True,
            )
            os.kill(pid, signal.SIGKILL)


def _count(root: Path, before: frozenset[Path], number: int, served: Sequence[ServedFrame]) -> Counted:
    camera = f"cam_{number + 1:02d}"
    files = sorted(set((root / camera).rglob("*.mp4")) - before)
    frames = [frame.frame for file in files for frame in reader.read(file).frames]
    numbers = [frame.frame for frame in served]
    keys = [frame.frame for frame in served if frame.is_key]
    last = max(numbers, default=-1)
    return Counted(
        camera=camera,
        clip=CAMERAS[number],
        # A recording begins with a key frame, and the camera sends that first.
        made=last - min(keys) + 1 if keys else 0,
        recorded=len({frame for frame in frames if frame <= last}),
        repeated=len(frames) - len(set(frames)),
        files=len(files),
        all_play=bool(files) and all(not reader.playable(file).errors for file in files),
    )


def _show(counted: Sequence[Counted]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Camera", "Picture", "Files", "Play", "Made", "Recorded", "Repeated", "Lost"):
        is_text = heading in ("Camera", "Picture", "Lost")
        table.add_column(say(heading), justify="left" if is_text else "right", no_wrap=True)
    for one in counted:
        lost = str(one.lost)
        if one.lost:
            lost = say("{lost} ({seconds:.1f} s)", lost=lost, seconds=one.lost / float(one.clip.fps))
        table.add_row(
            one.camera,
            f"{one.clip.width}×{one.clip.height} {CODECS[one.clip.codec]}",
            str(one.files),
            say("all") if one.all_play else say("NOT ALL"),
            str(one.made),
            str(one.recorded),
            str(one.repeated),
            lost,
        )
    Screen().print(table)
    print(
        say(
            "{camera} lost what was in its capture process when that was killed, and the time until the next.",
            camera=VICTIM,
        )
    )
