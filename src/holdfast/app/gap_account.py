"""What is missing of a range and why, and how much of each day is there: for the command and for the interface."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.coverage import Coverage, Day, coverage
from holdfast.ports.catalog import CatalogReads


@dataclass(frozen=True, slots=True)
class Range:
    """What is asked for. None: of all cameras, from the first footage or gap on."""

    camera: str | None
    from_ns: WallNs | None
    to_ns: WallNs


@dataclass(frozen=True, slots=True)
class GapAccount:
    """Gaps by begin; coverage by camera, stream and local day."""

    gaps: Sequence[GapRecord]
    days: Sequence[Coverage]


def gap_account(reader: CatalogReads, asked: Range, *, alive_ns: WallNs, now_ns: WallNs) -> GapAccount:
    """Look it up. `alive_ns`: up to when a recorder is known to have written what is open. Raises CatalogError."""
    found = reader.gaps(asked.camera, from_ns=asked.from_ns, to_ns=asked.to_ns)
    segments = list(reader.segments(asked.camera, from_ns=asked.from_ns, to_ns=asked.to_ns))
    days = local_days(asked.from_ns if asked.from_ns is not None else _begin(found, segments, asked.to_ns), asked.to_ns)
    return GapAccount(found, coverage(segments, found, days, open_until_ns=alive_ns, now_ns=now_ns))


def local_days(from_ns: WallNs, to_ns: WallNs) -> list[Day]:
    """The local days of a range, of the first and the last only what lies in it."""
    days: list[Day] = []
    date = datetime.fromtimestamp(from_ns // NS_PER_S, tz=UTC).astimezone().date()
    while True:
        begin_ns, end_ns = (
            # A naive time is a local one; so each midnight has the offset of its own day.
            round(datetime(one.year, one.month, one.day).astimezone().timestamp()) * NS_PER_S
            for one in (date, date + timedelta(days=1))
        )
        if begin_ns >= to_ns:
            return days
        days.append(Day(date.isoformat(), WallNs(max(begin_ns, from_ns)), WallNs(min(end_ns, to_ns))))
        date += timedelta(days=1)


def _begin(found: Iterable[GapRecord], segments: Iterable[SegmentRecord], to_ns: WallNs) -> WallNs:
    begins = [*(gap.from_wall_ns for gap in found), *(one.wall_start_ns for one in segments)]
    return min(begins, default=to_ns)
