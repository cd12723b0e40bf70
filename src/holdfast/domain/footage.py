"""When a stream has footage: times only, for timelines. Frozen values."""

from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""From, to; wall time in nanoseconds, half-open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFootage:
    """What there is of a stream around a range: whole segments, also where they reach beyond it."""

    camera: str
    stream: str
    recorded: tuple[Span, ...]
    """Of final segments, in order, joined where they touch or overlap."""
    open: tuple[Span, ...]
    """Of those being written, by begin: as far as the catalog knows them."""
