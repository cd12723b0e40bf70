"""The order of all measurements: rounds of all variants, rotated, until they are done or the time is over."""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from holdfast.lab.bench.measure import Measurement, Sample, Window
from holdfast.lab.bench.variants import VARIANTS, Variant
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer

STREAM = ClipSpec(width=1920, height=1080, fps=Fraction(15), gop=30, bitrate_kbps=4000, seconds=4)
SETTLE_S = 12
"""A young session is looked at closely: for ten seconds each socket is read as soon as something comes."""
JUDGED = 16
"""With so many cameras the ratios are judged, so this number gets twice the rounds."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    cameras: tuple[int, ...] = (1, 8, 16, 32, 64)
    rounds: int = 2
    window: Window = field(default_factory=lambda: Window(settle_s=SETTLE_S, measure_s=10))
    limit_s: float = 1500
    """No round is begun that would end later than this after the start."""
    stream: ClipSpec = STREAM
    variants: tuple[Variant, ...] = VARIANTS
    folder: Path | None = None
    """Where to record; None: the system's folder for temporary files."""


@dataclass(frozen=True, slots=True)
class Round:
    """All variants once, one after the other, with so many cameras."""

    cameras: int
    number: int
    order: tuple[Variant, ...]


def rounds(plan: Plan) -> list[Round]:
    """All rounds, the ones that matter least last; each variant is at each place of a round about equally often."""
    others = sorted(set(plan.cameras) - {JUDGED})
    judged = [JUDGED] if JUDGED in plan.cameras else []
    planned = [
        (cameras, number)
        for turn in range(1, plan.rounds + 1)
        for cameras, number in (
            *((n, 2 * turn - 1) for n in judged),
            *((n, turn) for n in others),
            *((n, 2 * turn) for n in judged),
        )
    ]
    return [Round(n, number, rotated(plan.variants, number - 1)) for n, number in planned]


def rotated(variants: Sequence[Variant], by: int) -> tuple[Variant, ...]:
    """The same in a ring, beginning `by` places later."""
    start = by % len(variants)
    return (*variants[start:], *variants[:start])


def run(plan: Plan, tell: Tell) -> list[Sample]:
    """Measure all. Raises MeasurementError, LabError, ProcessError, OSError."""
    samples: list[Sample] = []
    began_s = time.monotonic()
    longest_s: dict[int, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=plan.folder) as scratch,
        LabServer([CameraSpec(plan.stream)] * max(plan.cameras)) as lab,
    ):
        for one in rounds(plan):
            elapsed_s = time.monotonic() - began_s
            if one.cameras in longest_s and elapsed_s + longest_s[one.cameras] > plan.limit_s:
                tell(f"{elapsed_s:4.0f} s  {one.cameras} cameras, round {one.number}: left out, the time is over")
                continue
            round_began_s = time.monotonic()
            for variant in one.order:
                sample = _measure(plan, lab, variant, one, Path(scratch) / variant.key)
                samples.append(sample)
                tell(f"{time.monotonic() - began_s:4.0f} s  {_words(sample, variant)}")
            longest_s[one.cameras] = max(longest_s.get(one.cameras, 0.0), time.monotonic() - round_began_s)
    return samples


def _measure(plan: Plan, lab: LabServer, variant: Variant, one: Round, folder: Path) -> Sample:
    try:
        return Measurement(lab, variant, one.cameras, folder, plan.stream.fps).run(one.number, plan.window)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _words(sample: Sample, variant: Variant) -> str:
    lost = "" if sample.lost_frames is None else f", {sample.lost_frames} frames lost"
    problems = "".join(f"\n        {problem}" for problem in sample.problems)
    return (
        f"{sample.cameras:2d} cameras, round {sample.round}: {variant.title}: {sample.cpu_percent:.2f} % per camera"
        f"{lost} (cameras {sample.cameras_percent:.2f}, all else on the machine {sample.others_percent:.0f}){problems}"
    )
