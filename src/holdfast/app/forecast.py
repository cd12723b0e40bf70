"""How long footage lasts: from what was recorded today to days. Looks things up; decides nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.free_space import Room
from holdfast.policy.retention import RetentionRules
from holdfast.ports.catalog import CatalogReads

DAY_S = 86_400
LOOK_BACK_NS = DAY_S * NS_PER_S
LEAST_NS = 10 * NS_PER_S
"""Less than this says nothing about a day."""
AT_REST = frozenset({SegmentState.FINAL, SegmentState.DAMAGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraForecast:
    """One camera, all its streams together."""

    camera: str
    bytes_per_day: float
    """At the rate of the last day, or of as much of it as there is."""
    size_bytes: int
    """What is there, files that are being written left out."""
    days_there: float
    """From its oldest footage to now."""
    fits_days: float | None
    """So long there is room at this rate, for all cameras together; None: nothing is recorded just now."""
    wanted_days: float | None
    """`max_age`; None: as long as there is room."""
    needs_bytes: float | None
    """For `max_age`."""
    quota_days: float | None
    """So long the quota lasts."""

    @property
    def kept_days(self) -> float | None:
        """The shortest of all."""
        return min(
            (one for one in (self.fits_days, self.wanted_days, self.quota_days) if one is not None), default=None
        )

    @property
    def limited_by(self) -> str:
        """What that is: a key of the configuration; empty when nothing is known."""
        named = {"room": self.fits_days, "max_age": self.wanted_days, "quota": self.quota_days}
        return next((name for name, days in named.items() if days is not None and days == self.kept_days), "")

    @property
    def is_wish_beaten(self) -> bool:
        """There is less room than `max_age` wants."""
        return self.wanted_days is not None and self.fits_days is not None and self.fits_days < self.wanted_days

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return asdict(self) | {"kept_days": self.kept_days, "limited_by": self.limited_by}


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeForecast:
    """One volume that is there."""

    volume: str
    free_bytes: int
    limit_bytes: int | None
    """What is to stay free; None: nobody wants anything."""
    bytes_per_day: float
    """What was recorded there."""
    fits_days: float | None
    limit_in_days: float | None
    """Until cleaning begins; None: never, at this rate."""

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return asdict(self)


def forecast(
    catalog: CatalogReads, rules: RetentionRules, rooms: Sequence[Room], now_ns: WallNs
) -> tuple[list[CameraForecast], list[VolumeForecast]]:
    """By camera, and by volume. Raises CatalogError."""
    rates = _rates(catalog, now_ns)
    there: defaultdict[str, int] = defaultdict(int)
    on_volume: defaultdict[str, int] = defaultdict(int)
    for use in catalog.usage():
        there[use.camera] += use.size_bytes
        on_volume[use.volume] += use.size_bytes
    volumes = [
        _volume(room, rules, on_volume[room.name], sum(rate for (_, name), rate in rates.items() if name == room.name))
        for room in rooms
    ]
    firsts: dict[str, WallNs] = {}
    for extent in catalog.cameras():
        if extent.first_wall_ns is not None:
            firsts[extent.camera] = min(firsts.get(extent.camera, extent.first_wall_ns), extent.first_wall_ns)
    fits = {one.volume: one.fits_days for one in volumes}
    cameras = []
    for camera, first_ns in sorted(firsts.items()):
        own = {volume: rate for (name, volume), rate in rates.items() if name == camera}
        most_used = max(own, key=lambda volume: own[volume], default=None)
        fits_days = None if most_used is None else fits.get(most_used)
        cameras.append(_camera(camera, rules, sum(own.values()), there[camera], now_ns - first_ns, fits_days))
    return cameras, volumes


def _rates(catalog: CatalogReads, now_ns: WallNs) -> dict[tuple[str, str], float]:
    """Bytes a day by camera and volume, of the last day, or of as much of it as there is."""
    from_ns = WallNs(now_ns - LOOK_BACK_NS)
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    begins: dict[str, int] = {}
    ends: dict[str, int] = {}
    for one in catalog.segments(from_ns=from_ns, to_ns=now_ns):
        if one.state not in AT_REST or one.duration_ns <= 0:
            continue
        begin_ns = max(one.wall_start_ns, from_ns)
        found[one.camera, one.volume] += one.size_bytes * (one.wall_end_ns - begin_ns) / one.duration_ns
        begins[one.camera] = min(begins.get(one.camera, begin_ns), begin_ns)
        ends[one.camera] = max(ends.get(one.camera, 0), one.wall_end_ns)
    return {
        (camera, volume): size / max(ends[camera] - begins[camera], LEAST_NS) * LOOK_BACK_NS
        for (camera, volume), size in found.items()
    }


def _volume(room: Room, rules: RetentionRules, used_bytes: int, bytes_per_day: float) -> VolumeForecast:
    limit_bytes = rules.limit_of(room) if rules.is_on else None
    spare_bytes = room.space.free_bytes - (room.reserve_bytes if limit_bytes is None else limit_bytes)
    fits_days = max(0.0, (used_bytes + spare_bytes) / bytes_per_day) if bytes_per_day else None
    per_day = max(bytes_per_day, room.falls_by * DAY_S)
    return VolumeForecast(
        volume=room.name,
        free_bytes=room.space.free_bytes,
        limit_bytes=limit_bytes,
        bytes_per_day=bytes_per_day,
        fits_days=fits_days,
        limit_in_days=max(0.0, spare_bytes / per_day) if per_day else None,
    )


def _camera(
    camera: str, rules: RetentionRules, bytes_per_day: float, size_bytes: int, there_ns: int, fits_days: float | None
) -> CameraForecast:
    max_age_ns = rules.max_age_of(camera) if rules.is_on else None
    quota_bytes = rules.quota_of(camera) if rules.is_on else None
    wanted_days = None if max_age_ns is None else max_age_ns / LOOK_BACK_NS
    return CameraForecast(
        camera=camera,
        bytes_per_day=bytes_per_day,
        size_bytes=size_bytes,
        days_there=there_ns / LOOK_BACK_NS,
        fits_days=fits_days,
        wanted_days=wanted_days,
        needs_bytes=None if wanted_days is None else wanted_days * bytes_per_day,
        quota_days=quota_bytes / bytes_per_day if quota_bytes is not None and bytes_per_day else None,
    )
