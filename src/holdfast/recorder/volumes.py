"""All volumes as one writer: orders go to where their segment is, new segments to the volume that is in use.

All calls come on the recorder's event loop, none of them waits, and nothing is answered from within a call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.policy.volume_events import FailSegments, VolumeRules, Volumes
from holdfast.ports.volumes import (
    Answer,
    Created,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    Order,
    SegmentFailed,
    VolumeProcess,
)
from holdfast.recorder.placing import Placed, Placing, new_one
from holdfast.recorder.volume_keeping import VolumeKeeper, VolumePlan, VolumePorts

NOWHERE = "There is no volume that can be written. Footage is held in memory."
AWAY = "The volume of this file is not there. It is cut when it is back."


class VolumeNews(Protocol):
    """Who hears of volumes."""

    def answered(self, answer: Answer) -> object:
        """An answer about a segment."""

    def storage_is_back(self) -> None:
        """There is a volume for what was held back."""

    def came_home(self) -> None:
        """A better volume than before is in use: what is open elsewhere is to go on there."""

    def volume_opened(self, volume: str) -> None:
        """A volume is open: what an earlier life left there can be looked at."""


class VolumeSet:
    """Implements `ports.volumes.Writer` and `volume_keeping.Hears`."""

    def __init__(self, plans: Sequence[VolumePlan], rules: VolumeRules, ports: VolumePorts) -> None:
        """Nothing is opened before `start`. `plans` in order of preference, at least one."""
        self.keeper = VolumeKeeper(plans, rules, ports, self)
        self._preferred = plans[0].name
        self._ports = ports
        self._news: VolumeNews | None = None
        self._left_uncut: dict[str, list[SegmentRecord]] = {}
        self._adopted: dict[int, SegmentRecord] = {}
        """Files of an earlier life that are being cut, by key."""
        self._placing = Placing()
        self._early: list[Order] | None = []
        """What was ordered before any volume was looked at; None from then on."""

    @property
    def state(self) -> Volumes:
        """What is known of all volumes."""
        return self.keeper.state

    @property
    def in_use(self) -> str | None:
        """See Writer."""
        return self.state.in_use

    def start(self, news: VolumeNews, uncut: Iterable[SegmentRecord]) -> None:
        """Open all volumes. `uncut`: what the catalog has of files that are to be cut."""
        self._news = news
        for row in uncut:
            self._left_uncut.setdefault(row.volume, []).append(row)
        self.keeper.start()

    def tick(self) -> None:
        """Let time pass."""
        self.keeper.tick()
        self._look_at_early()

    # ------------------------------------------------------------ Writer

    def order(self, order: Order) -> None:
        """See Writer."""
        if self._early is not None:
            self._early.append(order)
        elif isinstance(order, CreateSegment):
            self._create(order)
        elif isinstance(order, CutSegment):
            self._cut(order)
        else:
            placed = self._placing.get(order.key)
            process = None if placed is None or placed.has_failed else self._process_of(placed)
            if process is not None:
                process.order(order)

    def _create(self, order: CreateSegment) -> None:
        name = self.in_use
        found = None if name is None else self.keeper.process(name)
        if name is None or found is None:
            failed = SegmentFailed(order.key, FaultKind.STORAGE_DISCONNECTED, _why_nowhere(self.state), "")
            self._tell_later(failed)
            return
        number, process = found
        self._placing.put(order.key, new_one(order, name, number))
        process.order(order)

    def _cut(self, order: CutSegment) -> None:
        placed = self._placing.get(order.key)
        if placed is None:
            self._tell_later(Cut(order.key, 0))
            return
        placed.cut_bytes, placed.wall_start_ns = order.size_bytes, order.wall_start_ns
        if not self._send_cut(order.key, placed):
            self._tell_later(_not_cut(placed, CutFailed(order.key, AWAY)))

    def _send_cut(self, key: int, placed: Placed) -> bool:
        assert placed.cut_bytes is not None
        process = self._process_of(placed)
        if process is not None:
            process.order(CutSegment(key, placed.cut_bytes, wall_start_ns=placed.wall_start_ns))
            return True
        found = self.keeper.process(placed.volume)
        if found is None or not self.state.of(placed.volume).is_open:
            return False
        placed.process, other = found
        other.order(placed.cut_order(key))
        return True

    def _process_of(self, placed: Placed) -> VolumeProcess | None:
        """The process that a segment was given to, as long as it is the volume's."""
        found = self.keeper.process(placed.volume)
        return None if found is None or found[0] != placed.process else found[1]

    def _look_at_early(self) -> None:
        """What was ordered before any volume was looked at is done now, if one can be used or none will be soon."""
        if self._early is not None and (self.in_use is not None or not self.keeper.is_looking):
            early, self._early = self._early, None
            for order in early:
                self.order(order)

    # ------------------------------------------------------------ Hears

    def opened(self, name: str) -> None:
        """See Hears."""
        for row in self._left_uncut.pop(name, ()):
            key = self._ports.new_key()
            self._adopted[key] = row
            self._placing.put(key, _left_uncut(row))
        for key, placed in self._placing.to_be_cut(name):
            self._send_cut(key, placed)
        assert self._news is not None
        self._news.volume_opened(name)

    def used(self, name: str | None) -> None:
        """See Hears."""
        self._look_at_early()
        if name is not None and self._news is not None:
            self._news.storage_is_back()

    def came_home(self) -> None:
        """See Hears."""
        assert self._news is not None
        self._news.came_home()

    def all_failed(self, failed: FailSegments) -> None:
        """See Hears."""
        for key, placed in self._placing.open_on(failed.name):
            placed.has_failed = True
            self._tell(SegmentFailed(key, failed.kind, failed.sentence, placed.path, None, failed.name))

    def answered(self, name: str, process: int, answer: Answer) -> None:
        """See Hears. What one says that was given up means nothing any more, whatever it had done."""
        placed = self._placing.get(answer.key)
        if placed is None or (placed.volume, placed.process) != (name, process):
            return
        if self._process_of(placed) is None and not isinstance(answer, CutFailed):
            return
        match answer:
            case SegmentFailed():
                if not placed.has_failed:
                    self._failed(name, process, placed, answer)
            case Created(_, path, _):
                placed.path = path
                home = "" if name == self._preferred else self._preferred
                self._tell(replace(answer, volume=name, home=home))
            case Finished() if placed.cut_bytes is not None:
                # It was final before the order to cut it came; that is answered next.
                pass
            case Finished() | Cut():
                self._placing.done(answer.key)
                self._tell(answer)
            case CutFailed():
                self._tell(_not_cut(placed, answer))
            case _:
                if not placed.has_failed:
                    self._tell(answer)

    def _failed(self, name: str, process: int, placed: Placed, answer: SegmentFailed) -> None:
        placed.has_failed = True
        self.keeper.failed(name, process, answer)
        self._tell(replace(answer, path=placed.path or answer.path, volume=name))
        if self.in_use not in {None, name} and self._news is not None:
            self._news.storage_is_back()

    def _tell(self, answer: Answer) -> None:
        row = self._adopted.get(answer.key)
        if row is None:
            assert self._news is not None
            self._news.answered(answer)
        elif isinstance(answer, Cut):
            del self._adopted[answer.key]
            state = SegmentState.FINAL if answer.size_bytes else SegmentState.MISSING
            self._ports.catalog.post(replace(row, state=state, size_bytes=answer.size_bytes, keep_bytes=None))

    def _tell_later(self, answer: Answer) -> None:
        self._ports.later(partial(self._tell, answer))


def _left_uncut(row: SegmentRecord) -> Placed:
    place = row.run_id, row.ordinal
    return Placed(
        row.volume,
        0,
        row.path,
        has_failed=True,
        cut_bytes=row.keep_bytes,
        place=place,
        wall_start_ns=row.wall_start_ns,
    )


def _not_cut(placed: Placed, failed: CutFailed) -> CutFailed | Cut:
    """What to say of a file that cannot be cut yet. One that nobody ever said was there is nothing to wait for."""
    return failed if placed.path else Cut(failed.key, 0)


def _why_nowhere(state: Volumes) -> str:
    sentences = [f"{volume.name}: {volume.sentence}" for volume in state.volumes if volume.sentence]
    return " ".join([NOWHERE, *sentences])
