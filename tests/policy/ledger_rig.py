"""A ledger told in seconds, and what it says as the catalog would keep it."""

from dataclasses import dataclass, field

from holdfast.domain.times import NS_PER_S, MonoNs
from holdfast.policy import ledger
from holdfast.policy.ledger import Ledger, LedgerSettings
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

Shown = tuple[float, float | None, str]
"""From, to, cause."""


def ns(seconds: float) -> MonoNs:
    return MonoNs(round(seconds * NS_PER_S))


@dataclass
class Rig:
    """`gaps` is what stands in the catalog; `said` all actions, in order."""

    settings: LedgerSettings = field(default_factory=LedgerSettings)
    now: Ledger = field(default_factory=Ledger)
    gaps: dict[int, Gap] = field(default_factory=dict)
    said: list[Action] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.now, actions = ledger.step(self.now, event, self.settings)
        for action in actions:
            self.said.append(action)
            match action:
                case PutGap(gap):
                    assert self.gaps.get(gap.number) != gap, "nothing is said twice"
                    self.gaps[gap.number] = gap
                case DropGap(number):
                    self.gaps.pop(number, None)

    def wanted(self, at: float) -> None:
        self.tell(Wanted(ns(at)))

    def unwanted(self, at: float) -> None:
        self.tell(Unwanted(ns(at)))

    def recorded(self, lane: int, from_s: float, to_s: float, *, interval: float = 0.04, pieces: float = 0.5) -> None:
        """Footage in fragments, as it comes."""
        while to_s - from_s > pieces:
            self.tell(Recorded(lane, ns(from_s), ns(from_s + pieces), ns(interval)))
            from_s += pieces
        self.tell(Recorded(lane, ns(from_s), ns(to_s), ns(interval)))

    def fault(self, cause: str, at: float, *, breaks: bool = True, session: int | None = 1) -> None:
        self.tell(Faulted(Note(cause, f"{cause} said"), session, ns(at), breaks))

    def lost(self, from_s: float, to_s: float, cause: str = "packets_lost", session: int = 1) -> None:
        self.tell(Lost(ns(from_s), ns(to_s), Note(cause), session))

    def redated(self, lane: int, by: float) -> None:
        self.tell(Redated(lane, ns(by)))

    def earlier(self, until: float, cause: str = "recorder_killed", carried: Gap | None = None) -> None:
        self.tell(EarlierLife(ns(until), Note(cause), carried))

    def tick(self, at: float) -> None:
        self.tell(Ticked(ns(at)))

    def open_number(self) -> int | None:
        gap = self.now.open_gap
        return None if gap is None else gap.number

    @property
    def shown(self) -> list[Shown]:
        ordered = sorted(self.gaps.values(), key=lambda gap: gap.from_ns)
        return [
            (
                round(gap.from_ns / NS_PER_S, 3),
                None if gap.to_ns is None else round(gap.to_ns / NS_PER_S, 3),
                str(gap.note.cause),
            )
            for gap in ordered
        ]
