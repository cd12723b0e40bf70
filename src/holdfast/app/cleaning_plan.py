"""From the catalog to a plan of what is deleted: for the recorder that carries it out, and for whoever asks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import WallNs
from holdfast.policy.free_space import Room
from holdfast.policy.retention import (
    MOST,
    CameraRoom,
    Facts,
    Plan,
    RetentionRules,
    expected_free,
    plan,
)
from holdfast.ports.catalog import CatalogReads


@dataclass(frozen=True, slots=True)
class CameraUse:
    """What is known of a camera beside the catalog."""

    writes: float = 0.0
    """Bytes a second."""
    open_bytes: int = 0
    """In files that are being written."""


@dataclass(frozen=True, slots=True)
class Asked:
    """For which moment, and with what a plan is made."""

    now_ns: WallNs
    rooms: Sequence[Room]
    """Volumes that are there."""
    horizon_s: float = 0.0
    cameras: Mapping[str, CameraUse] = field(default_factory=dict)
    used_bytes: Mapping[str, int] | None = None
    """By camera, files that are being written left out; None: it is counted."""
    in_use: frozenset[tuple[str, str]] = frozenset()
    looks_at_age: bool = True
    most: int = MOST


def make_plan(catalog: CatalogReads, rules: RetentionRules, asked: Asked) -> Plan:
    """What goes now. Raises CatalogError."""
    if not rules.is_on:
        return Plan()
    cameras = _rooms_of_cameras(catalog, rules, asked)
    facts = Facts(
        now_ns=asked.now_ns,
        horizon_s=asked.horizon_s,
        volumes=tuple(asked.rooms),
        cameras=tuple(cameras),
        holds=catalog.holds(),
        in_use=asked.in_use,
    )
    return plan(rules, facts, _candidates(catalog, rules, facts, asked), most=asked.most)


def used_by_camera(catalog: CatalogReads) -> dict[str, int]:
    """Bytes in files that are not being written. Raises CatalogError."""
    found: defaultdict[str, int] = defaultdict(int)
    for one in catalog.usage():
        found[one.camera] += one.size_bytes
    return dict(found)


def _rooms_of_cameras(catalog: CatalogReads, rules: RetentionRules, asked: Asked) -> list[CameraRoom]:
    wanted = [camera for camera in rules.cameras if rules.quota_of(camera) is not None]
    if not wanted:
        return []
    used = used_by_camera(catalog) if asked.used_bytes is None else asked.used_bytes
    uses = {camera: asked.cameras.get(camera, CameraUse()) for camera in wanted}
    return [CameraRoom(name, used.get(name, 0) + use.open_bytes, use.writes) for name, use in uses.items()]


def _candidates(catalog: CatalogReads, rules: RetentionRules, facts: Facts, asked: Asked) -> Iterator[SegmentRecord]:
    """Of everything by which something may have to go, the oldest on each volume that is there."""
    # What earlier rules take, and what is in use, is looked over by the next one; one more tells whether there is more.
    most = asked.most + len(asked.in_use) + 1
    if asked.looks_at_age:
        yield from _aged(catalog, rules, facts, most)
    most += asked.most
    over = {
        room.camera
        for room in facts.cameras
        if room.used_bytes + room.writes * facts.horizon_s > (rules.quota_of(room.camera) or 0)
    }
    streams = [(one.camera, one.stream) for one in catalog.cameras() if one.camera in over] if over else []
    for stream, room in product(streams, facts.volumes):
        yield from catalog.deletable(stream=stream, volume=room.name, limit=most)
    most += asked.most * len(over)
    for room in facts.volumes:
        limit_bytes = rules.limit_of(room)
        if limit_bytes is not None and expected_free(room, limit_bytes, facts.horizon_s) < limit_bytes:
            yield from catalog.deletable(volume=room.name, limit=most)


def _aged(catalog: CatalogReads, rules: RetentionRules, facts: Facts, most: int) -> Iterator[SegmentRecord]:
    before_ns: WallNs | dict[str, WallNs]
    if any(camera.max_age_ns is not None for camera in rules.cameras.values()):
        ages = {one.camera: rules.max_age_of(one.camera) for one in catalog.cameras()}
        before_ns = {name: _before(facts, age_ns) for name, age_ns in ages.items() if age_ns is not None}
    elif rules.max_age_ns is not None:
        before_ns = _before(facts, rules.max_age_ns)
    else:
        return
    for room in facts.volumes:
        yield from catalog.deletable(before_ns=before_ns, volume=room.name, limit=most)


def _before(facts: Facts, age_ns: int) -> WallNs:
    return WallNs(max(0, facts.now_ns - age_ns))
