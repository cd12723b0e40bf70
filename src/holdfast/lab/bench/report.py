"""From samples to figures: medians over rounds, ratios paired by round, slopes, bars, and Markdown tables of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from holdfast.lab.bench.measure import Sample
from holdfast.lab.bench.variants import BARE, EIGHT, FFMPEG, ONE, VARIANTS

MB = 1_000_000
SLOPE_FROM, SLOPE_TO = 8, 16


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that must be reached. `measured` is None when this run cannot tell."""

    what: str
    unit: str
    limit: float
    measured: float | None

    @property
    def is_missed(self) -> bool:
        """Measured, and too much."""
        return self.measured is not None and self.measured > self.limit


def of(samples: Sequence[Sample], variant: str, cameras: int) -> list[Sample]:
    """The samples of one variant with so many cameras, round by round."""
    return [sample for sample in samples if sample.variant == variant and sample.cameras == cameras]


def middle(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float | None:
    """The median of something, None without samples."""
    return median(map(value, samples)) if samples else None


def ratio(samples: Sequence[Sample], variant: str, beside: str, cameras: int) -> float | None:
    """How many times the CPU of `beside` it is.

    The median of the ratios within each round: a slow minute of the machine is in both and does not count.
    """
    references = {sample.round: sample.cpu_percent for sample in of(samples, beside, cameras)}
    ratios = [
        sample.cpu_percent / references[sample.round]
        for sample in of(samples, variant, cameras)
        if references.get(sample.round)
    ]
    return median(ratios) if ratios else None


def memory_bytes(sample: Sample) -> float:
    """PSS of all processes without the footage that is held."""
    return sample.pss_bytes - sample.ring_bytes


def slope_bytes(samples: Sequence[Sample], variant: str) -> float | None:
    """Memory per further camera, from 8 to 16 of them."""
    few = middle(of(samples, variant, SLOPE_FROM), memory_bytes)
    many = middle(of(samples, variant, SLOPE_TO), memory_bytes)
    return None if few is None or many is None else (many - few) / (SLOPE_TO - SLOPE_FROM)


def bars(samples: Sequence[Sample]) -> list[Bar]:
    """All that a run can be judged by."""
    one, eight = slope_bytes(samples, ONE.key), slope_bytes(samples, EIGHT.key)
    lost = sum(sample.lost_frames or 0 for sample in samples)
    return [
        Bar("CPU beside bare `rtspsrc`, 16 cameras, one per worker", "", 1.5, ratio(samples, ONE.key, BARE.key, 16)),
        Bar("the same, eight per worker", "", 1.3, ratio(samples, EIGHT.key, BARE.key, 16)),
        *(
            Bar(
                f"CPU beside `ffmpeg`, {n} cameras, eight per worker",
                "",
                0.75,
                ratio(samples, EIGHT.key, FFMPEG.key, n),
            )
            for n in (16, 32)
        ),
        Bar("threads per camera, 16 cameras, eight per worker", "", 4, middle(of(samples, EIGHT.key, 16), _threads)),
        Bar("memory per further camera, 8 to 16, ring excluded, one per worker", "MB PSS", 22, one and one / MB),
        Bar("the same, eight per worker", "MB PSS", 6, eight and eight / MB),
        Bar("frames lost by Holdfast", "frames", 0, lost),
        Bar("faults of a measurement", "", 0, sum(len(sample.problems) for sample in samples)),
    ]


def _threads(sample: Sample) -> float:
    return sample.threads / sample.cameras


def figures(samples: Sequence[Sample]) -> str:
    """The table of costs."""
    head = (
        "cameras",
        "what",
        "CPU per camera, % of a core",
        "of it the recorder",
        "beside bare `rtspsrc`",
        "beside `ffmpeg -c copy -f segment`",
        "PSS per camera, MB (without ring)",
        "threads per camera",
        "context switches per camera and second (involuntary)",
        "rounds",
    )
    return table(head, [_row(samples, *key) for key in _keys(samples)])


def _keys(samples: Sequence[Sample]) -> list[tuple[int, str]]:
    counts = sorted({sample.cameras for sample in samples})
    return [(n, variant.key) for n in counts for variant in VARIANTS if of(samples, variant.key, n)]


def _row(samples: Sequence[Sample], cameras: int, key: str) -> list[str]:
    mine = of(samples, key, cameras)
    variant = next(variant for variant in VARIANTS if variant.key == key)
    cpus = [sample.cpu_percent for sample in mine]
    switches = middle(mine, lambda s: s.voluntary_per_s + s.involuntary_per_s)
    involuntary = middle(mine, lambda s: s.involuntary_per_s)
    return [
        str(cameras),
        variant.title,
        f"{median(cpus):.2f} ({min(cpus):.2f}–{max(cpus):.2f})",
        number(middle(mine, lambda s: s.first_process_percent), 2) if variant.is_holdfast else "",
        number(ratio(samples, key, BARE.key, cameras), 2),
        number(ratio(samples, key, FFMPEG.key, cameras), 2),
        number(middle(mine, lambda s: memory_bytes(s) / MB / cameras), 1),
        number(middle(mine, lambda s: s.threads / cameras), 1),
        f"{number(switches, 0)} ({number(involuntary, 0)})",
        str(len(mine)),
    ]


def judgement(found: Sequence[Bar]) -> str:
    """The table of bars."""
    rows = [
        [
            bar.what,
            f"≤ {bar.limit:g} {bar.unit}".rstrip(),
            number(bar.measured, 2 if bar.limit else 0),
            "not measured" if bar.measured is None else ("missed" if bar.is_missed else "reached"),
        ]
        for bar in found
    ]
    return table(("what", "bar", "measured", ""), rows)


def number(value: float | None, digits: int) -> str:
    """A number for a table; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
