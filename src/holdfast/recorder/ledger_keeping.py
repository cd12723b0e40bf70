"""Keeps the gap ledger of one stream: feeds facts to the policy, and writes what it says into the catalog."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from holdfast.domain.faults import Fault
from holdfast.domain.gaps import GapCause, GapRecord, GapRemoved
from holdfast.domain.secrets import one_line
from holdfast.domain.segments import Json
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, WallNs
from holdfast.policy import ledger
from holdfast.policy.gap_words import sentence_of
from holdfast.policy.ledger import EARLIER_LIFE, Ledger
from holdfast.policy.ledger_events import (
    Action,
    DropGap,
    EarlierLife,
    Event,
    Faulted,
    Gap,
    Lost,
    Note,
    PutGap,
    Recorded,
    Redated,
    Ticked,
    Unwanted,
    Wanted,
)
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock

LONGEST_TEXT = 500
"""Letters of what is said of a gap: a camera may answer with a page."""
TICK_NS = NS_PER_S
"""So often what was recorded is held against what was wanted, while all goes well."""
MOST_SAID = 512
"""Gaps whose names are remembered, of which all but the latest are final."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A gap as the catalog has it."""

    gap_id: str
    gap: Gap
    record: GapRecord


class LedgerKeeper:
    """Owns one stream's ledger. All calls come on the recorder's event loop and none of them waits."""

    def __init__(self, stream: StreamId, clock: Clock, catalog: CatalogWrites, new_id: Callable[[], UUID]) -> None:
        """Nothing is missing before `wanted` or `earlier_life`."""
        self._stream, self._clock, self._catalog, self._new_id = stream, clock, catalog, new_id
        self._ledger = Ledger()
        self._said: dict[int, _Said] = {}
        self._piece: Recorded | None = None
        """Footage that the policy was not told of yet."""
        self._ticked_ns = 0

    @property
    def open_gap(self) -> GapRecord | None:
        """The gap that is open now, as the catalog has it."""
        # No piece that waits can change that: while a gap is open, none does, and none opens one.
        gap = self._ledger.open_gap
        return None if gap is None else self._said[gap.number].record

    def wanted(self, *, wanted: bool) -> None:
        """The user switched recording on or off. After switching on, say again with `fault` what is wrong now."""
        now_ns = self._clock.mono_ns()
        self._step(Wanted(now_ns) if wanted else Unwanted(now_ns))

    def recorded(self, lane: int, from_ns: MonoNs, to_ns: MonoNs, interval_ns: int) -> None:
        """Footage of a lane (the number of its session) was taken into the recording; of one lane in order."""
        piece, before = Recorded(lane, from_ns, to_ns, interval_ns), self._piece
        if before is not None and _touch(before, piece):
            piece = Recorded(lane, before.from_ns, max(before.to_ns, to_ns), interval_ns)
        else:
            self._tell_piece()
        self._piece = piece
        if self._ledger.open_gap is not None:
            # That it is over is news.
            self._tell_piece()

    def fault(self, fault: Fault, session: int | None, *, breaks: bool) -> None:
        """Trouble. `breaks`: no frames are recorded from now on, until a session delivers anew.

        A draining session or a rival that fails breaks nothing while another one delivers.
        """
        note = Note(fault.kind, one_line(fault.detail or fault.sentence, LONGEST_TEXT))
        self._step(Faulted(note, session, self._clock.mono_ns(), breaks))

    def valve_shut(self) -> None:
        """Nothing is recorded from now on, as the user wants it."""
        self._step(Faulted(Note(GapCause.STREAMING_ONLY), None, self._clock.mono_ns(), breaks=True))

    def lost(self, from_ns: MonoNs, to_ns: MonoNs, cause: str, text: str, session: int | None) -> None:
        """What was, or should have been, between these moments is known to be lost. `cause`: value of a Cause."""
        self._step(Lost(from_ns, to_ns, Note(cause, one_line(text, LONGEST_TEXT)), session))

    def redated(self, lane: int, by_ns: int) -> None:
        """The lane's footage lies `by_ns` later (negative: earlier) than was said."""
        self._step(Redated(lane, by_ns))

    def earlier_life(self, until_wall_ns: WallNs, cause: str, open_gap: GapRecord | None) -> None:
        """Footage of an earlier life of the recorder ended then, and recording has been wanted since.

        `cause`: recorder_stopped, recorder_killed or power_lost. `open_gap`: what the catalog says was open when it
        ended. May be called again with a better time, when the files have been repaired.
        """
        # A host without a clock of its own may think that this is still to come: then the time between is unknown.
        now_ns = self._clock.mono_ns()
        carried = self._carried(open_gap, now_ns) if open_gap is not None else None
        self._step(EarlierLife(min(_mono_of(self._clock, until_wall_ns), now_ns), Note(cause), carried))

    def tick(self) -> None:
        """Let time pass."""
        now_ns = self._clock.mono_ns()
        if self._ledger.open_gap is not None or now_ns - self._ticked_ns >= TICK_NS:
            self._ticked_ns = now_ns
            self._step(Ticked(now_ns))

    def settle(self) -> None:
        """Nothing more comes: what was recorded last counts as well."""
        self._ticked_ns = 0
        self.tick()

    def _carried(self, record: GapRecord, now_ns: MonoNs) -> Gap:
        also = record.detail.get("also")
        notes = (
            [Note(str(one.get("kind")), str(one.get("text", ""))) for one in also if isinstance(one, dict)]
            if (isinstance(also, list))
            else []
        )
        note = Note(record.cause, str(record.detail.get("text", "")))
        from_ns = min(_mono_of(self._clock, record.from_wall_ns), now_ns)
        gap = Gap(EARLIER_LIFE, from_ns, None, note, record.session, tuple(notes))
        self._said.setdefault(EARLIER_LIFE, _Said(record.gap_id, gap, record))
        return gap

    def _tell_piece(self) -> None:
        piece, self._piece = self._piece, None
        if piece is not None:
            self._carry_on(piece)

    def _step(self, event: Event) -> None:
        self._tell_piece()
        self._carry_on(event)

    def _carry_on(self, event: Event) -> None:
        self._ledger, actions = ledger.step(self._ledger, event)
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case PutGap(gap):
                self._put(gap)
            case DropGap(number):
                said = self._said.get(number)
                if said is not None:
                    self._catalog.post(GapRemoved(gap_id=said.gap_id))

    def _put(self, gap: Gap) -> None:
        said = self._said.pop(gap.number, None)
        gap_id = said.gap_id if said is not None else str(self._new_id())
        record = GapRecord(
            gap_id=gap_id,
            camera=self._stream.camera,
            stream=self._stream.stream,
            cause=gap.note.cause,
            sentence=sentence_of(gap.note.cause),
            from_wall_ns=self._from_wall_ns(gap, said),
            to_wall_ns=self._to_wall_ns(gap, said),
            session=gap.session,
            detail=_detail(gap),
        )
        self._said[gap.number] = _Said(gap_id, gap, record)
        self._forget()
        self._catalog.post(record)

    def _forget(self) -> None:
        if len(self._said) > MOST_SAID:
            del self._said[next(number for number in self._said if number != EARLIER_LIFE)]

    def _from_wall_ns(self, gap: Gap, said: _Said | None) -> WallNs:
        # What was said once stays, wherever the wall clock jumped meanwhile.
        if said is not None and said.gap.from_ns == gap.from_ns:
            return said.record.from_wall_ns
        return _wall_of(self._clock, gap.from_ns)

    def _to_wall_ns(self, gap: Gap, said: _Said | None) -> WallNs | None:
        if gap.to_ns is None:
            return None
        if said is not None and said.gap.to_ns == gap.to_ns:
            return said.record.to_wall_ns
        return _wall_of(self._clock, gap.to_ns)


def _wall_of(clock: Clock, mono_ns: int) -> WallNs:
    return WallNs(mono_ns + clock.wall_ns() - clock.mono_ns())


def _mono_of(clock: Clock, wall_ns: WallNs) -> MonoNs:
    return MonoNs(wall_ns - clock.wall_ns() + clock.mono_ns())


def _touch(before: Recorded, piece: Recorded) -> bool:
    """Whether nothing lies between two pieces of one lane, not even half a frame."""
    near_ns = piece.interval_ns // 2
    return before.lane == piece.lane and before.from_ns <= piece.from_ns <= before.to_ns + near_ns


def _detail(gap: Gap) -> Mapping[str, Json]:
    detail: dict[str, Json] = {}
    if gap.note.text:
        detail["text"] = gap.note.text
    if gap.also:
        detail["also"] = [{"kind": str(one.cause), "text": one.text} for one in gap.also]
    return detail
