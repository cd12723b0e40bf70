"""`holdfast demo`: four simulated cameras, one trouble after another, and an account of every frame."""

import argparse
import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rich.table import Table
from rich.text import Text

from holdfast.app.addresses import parse_address
from holdfast.app.demo_account import Count, Span, count, gaps_within, missing_in
from holdfast.app.demo_disk import DemoDisk, reason_against
from holdfast.app.demo_script import FIRST_AT_S, UNTOUCHED, schedule, whole_s
from holdfast.app.demo_stage import Stage
from holdfast.app.folder import usable_folder
from holdfast.app.gaps_command import GAPS_NARROW, print_gaps
from holdfast.app.language import say, translated
from holdfast.app.logs import set_up_logs
from holdfast.app.problems import Exit, Problem
from holdfast.app.record import RecordOrder, run
from holdfast.app.record_command import check_software
from holdfast.app.recording_root import catalog_path
from holdfast.app.storage import Places
from holdfast.app.terminal import Screen, StatusDisplay
from holdfast.catalog.queries import CatalogReader
from holdfast.config.settings import LoggingSettings, VolumeSettings
from holdfast.domain.gaps import GapRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.lab import reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.film import Film
from holdfast.lab.storage.mounts import DiskError
from holdfast.media.pool import PoolSettings
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.catalog import CatalogError
from holdfast.recorder.supervisor import StreamPlan

CLIPS = (
    ClipSpec(codec="h264", width=1280, height=720, fps=Fraction(15), gop=30),
    ClipSpec(codec="h264", width=640, height=360, fps=Fraction(25), gop=25, pattern="smpte"),
    ClipSpec(codec="h265", width=640, height=480, fps=Fraction(12), gop=12),
    ClipSpec(codec="h264", width=320, height=240, fps=Fraction(10), gop=10, pattern="smpte"),
)
CAMERAS = tuple(f"cam_{number:02d}" for number in range(1, len(CLIPS) + 1))
CODECS = {"h264": "H.264", "h265": "H.265"}
SEGMENT_S = 10
NOTHING = Count(0, 0, 0, 0, 0, 0)
LATELY_NS = 2 * NS_PER_S
"""A camera that sent something so shortly before the end was not away then."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one camera."""

    camera: str
    clip: ClipSpec
    files: int
    all_play: bool
    count: Count | None
    """None when nothing was recorded."""
    gaps: Sequence[GapRecord]
    is_untouched: bool
    lost_by_disk: int
    """Frames that are missing because the disk was pulled."""


def demo(options: argparse.Namespace) -> int:
    """Run it. Raises Problem."""
    root = usable_folder(options.to)
    check_software()
    display = StatusDisplay(plain=options.plain)
    # What goes wrong is announced, and stands in the table; of a disk that is pulled there is an alarm besides.
    settings = LoggingSettings(level="error", levels=(("alarms", "critical"),))
    set_up_logs(console=display.console, settings=settings)
    before = frozenset(root.rglob("*.mp4"))
    _tell(say("Four simulated cameras start; their pictures move and carry a clock."))
    specs = [CameraSpec(clip=clip, live=True, proxied=number != UNTOUCHED) for number, clip in enumerate(CLIPS)]
    with LabServer(specs) as lab:
        stage = Stage(lab, root, CAMERAS, CLIPS, display.announce, before)
        with _disk(root) as disk:
            stage.disk = disk
            exit_code = _play(stage, display, options.for_s)
        _tell(say("Ended. Now every frame is counted, and every file is played."))
        verdicts = _verdicts(stage)
    _show(verdicts)
    is_good = _show_gaps(verdicts, WallNs(stage.ended_ns))
    if stage.disk_out is not None:
        _tell(_disk_account(verdicts))
    for reason in [] if disk is None else disk.left:
        _tell(say("Not brought to the folder from the demo's disk: {reason}", reason=reason))
    if stage.failure:
        _tell(say("The demo did not go on: {reason}", reason=stage.failure))
    if stage.failure or not is_good or (disk is not None and disk.left):
        exit_code = Exit.INCOMPLETE
    _show_further(options.to)
    return exit_code


@contextlib.contextmanager
def _disk(root: Path) -> Iterator[DemoDisk | None]:
    """The disk that is pulled. Where there can be none it is said why."""
    reason = reason_against()
    with contextlib.ExitStack() as stack:
        disk: DemoDisk | None = None
        if reason is None:
            try:
                disk = stack.enter_context(DemoDisk(root))
            except (DiskError, OSError) as error:
                reason = str(error)
        if reason is not None:
            _tell(say("No disk is pulled out in this demo: {reason}.", reason=reason))
        else:
            _tell(say("They are recorded on a disk of the demo's own, and in the folder while that is pulled out."))
        yield disk


def _play(stage: Stage, display: StatusDisplay, for_s: float) -> int:
    has_disk = stage.disk is not None
    scenes = schedule(for_s, has_disk=has_disk)
    _tell(_plan(len(scenes), for_s, whole_s(has_disk=has_disk)))
    with display:
        return run(
            _order(stage, for_s),
            # When all is over the last picture of it stays, not four cameras that are disconnected.
            lambda statuses: None if stage.ended_ns else display.show(statuses),
            lambda recorder, pool: stage.play(scenes, for_s, recorder, pool),
        )


def _tell(text: str) -> None:
    """In a terminal no word is broken; in a pipe no line."""
    Screen().print(Text(text), soft_wrap=not sys.stdout.isatty())


def _plan(scenes: int, for_s: float, all_s: int) -> str:
    if not scenes:
        return say("In {seconds:.0f} s there is no time for faults: --for {all}s shows all.", seconds=for_s, all=all_s)
    return say(
        "From second {first:.0f} on, {count} faults, one after another. {camera} has none and must not lose a frame.",
        first=FIRST_AT_S,
        count=scenes,
        camera=CAMERAS[UNTOUCHED],
    )


def _order(stage: Stage, for_s: float) -> RecordOrder:
    rules = SegmentRules(duration_ns=SEGMENT_S * NS_PER_S)
    plans = tuple(
        StreamPlan(StreamId(camera), parse_address(url), name=camera, rules=rules)
        for camera, url in zip(CAMERAS, stage.lab.urls, strict=True)
    )
    volumes = (VolumeSettings(stage.root),) if stage.disk is None else stage.disk.volumes
    return RecordOrder(plans=plans, places=Places(stage.root, volumes), pool=PoolSettings(), for_s=for_s)


def _verdicts(stage: Stage) -> list[Verdict]:
    try:
        gaps = CatalogReader(catalog_path(stage.root)).gaps(to_ns=WallNs(stage.ended_ns))
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    return [_verdict(stage, number, gaps) for number in range(len(CAMERAS))]


def _verdict(stage: Stage, number: int, gaps: Sequence[GapRecord]) -> Verdict:
    camera, clip, files = CAMERAS[number], CLIPS[number], stage.files(number)
    all_play = bool(files) and all(not reader.playable(file).errors for file in files)
    frames = [frame.frame for recording in stage.recorded(number) for frame in recording.frames]
    found: Count | None = None
    lost_by_disk = 0
    if frames:
        film = stage.film(number)
        first, last = _window(stage, number, film)
        gaps = gaps_within(gaps, camera, Span(film.wall_ns(first), film.wall_ns(last)))
        away = [span for whose, span in stage.away if whose == camera]
        found = count(film, frames, (first, last), away, gaps)
        if stage.disk_out is not None:
            lost_by_disk = missing_in(film, (first, last), stage.disk_out)
    else:
        gaps = []
    is_untouched = number == UNTOUCHED
    return Verdict(camera, clip, len(files), all_play, found, gaps, is_untouched, lost_by_disk)


def _window(stage: Stage, number: int, film: Film) -> tuple[int, int]:
    """The first frame that a recording could begin with, and the last one that could be recorded."""
    served = [frame for frame in stage.lab.served(number) if frame.wall_ns <= stage.ended_ns]
    first = min((frame.frame for frame in served if frame.is_key), default=min(film.recorded))
    last = max((frame.frame for frame in served), default=0)
    if film.wall_ns(last) < stage.ended_ns - LATELY_NS:
        last = max(last, film.made(0, stage.ended_ns).stop - 1)
    return first, last


def _show(verdicts: Sequence[Verdict]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Camera", "Picture", "Files", "Away", "Made", "Recorded", "Repeated", "Lost"):
        is_text = heading in ("Camera", "Picture")
        table.add_column(say(heading), justify="left" if is_text else "right", no_wrap=True)
    for verdict in verdicts:
        one, clip = verdict.count or NOTHING, verdict.clip
        lost = str(one.lost)
        if one.lost:
            lost = say("{lost} ({seconds:.1f} s)", lost=lost, seconds=one.lost / float(clip.fps))
        table.add_row(
            verdict.camera,
            f"{clip.width}×{clip.height} {CODECS[clip.codec]}",
            str(verdict.files),
            say("{seconds:.1f} s", seconds=one.away / float(clip.fps)),
            str(one.made),
            str(one.recorded),
            str(one.repeated),
            lost,
        )
    print()
    Screen().print(table)
    _tell(say("Away: the camera could not be had. Made and lost: frames of the time when it could."))


def _show_gaps(verdicts: Sequence[Verdict], ended_ns: WallNs) -> bool:
    """Whether all is as it should be."""
    gaps = sorted((gap for verdict in verdicts for gap in verdict.gaps), key=lambda gap: gap.from_wall_ns)
    print()
    if gaps:
        _tell(say("What is missing and why, as the recorder itself noted it while it happened:"))
        print_gaps(gaps, ended_ns, GAPS_NARROW)
    complaints = [sentence for verdict in verdicts for sentence in _complaints(verdict)]
    for complaint in complaints:
        _tell(complaint)
    if not complaints:
        _tell(say("Every missing second is accounted for.") if gaps else say("Nothing is missing."))
    return not complaints


def _complaints(verdict: Verdict) -> Iterator[str]:
    """What must not be."""
    one, camera = verdict.count, verdict.camera
    if one is None:
        yield say("NOTHING was recorded of {camera}.", camera=camera)
        return
    if not verdict.all_play:
        yield say("NOT EVERY FILE of {camera} can be played.", camera=camera)
    if one.unaccounted:
        seconds = one.unaccounted / float(verdict.clip.fps)
        yield say("NOT ACCOUNTED FOR: {seconds:.1f} s of {camera} are missing.", seconds=seconds, camera=camera)
    if one.repeated:
        yield say("{count} frames of {camera} were recorded TWICE.", count=one.repeated, camera=camera)
    if verdict.lost_by_disk:
        lost = verdict.lost_by_disk
        yield say("{camera} LOST {count} frames because the disk was pulled.", camera=camera, count=lost)
    if verdict.is_untouched and one.lost:
        yield say("{camera} had no fault and LOST frames all the same.", camera=camera)


def _disk_account(verdicts: Sequence[Verdict]) -> str:
    recorded = sum(verdict.count is not None for verdict in verdicts)
    return say(
        "The disk was pulled out while {count} cameras were recorded: {lost} frames were lost by it.",
        count=recorded,
        lost=sum(verdict.lost_by_disk for verdict in verdicts),
    )


def _show_further(folder: Path) -> None:
    """Commands that can be typed as they are shown."""
    program, quoted = _program(), shlex.quote(str(folder))
    print()
    _tell(say("To look further:"))
    print(f"  {program} gaps {quoted}")
    print(f"  {program} segments {quoted}")


def _program() -> str:
    if shutil.which("holdfast") is not None or os.path.sep not in sys.argv[0]:
        return "holdfast"
    return shlex.quote(min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len))
