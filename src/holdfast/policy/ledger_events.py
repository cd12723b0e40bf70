"""What the gap ledger of one stream is told, and what it says. All times are nanoseconds of monotonic time."""

from dataclasses import dataclass

from holdfast.domain.times import MonoNs
from holdfast.policy.holes import NEVER


@dataclass(frozen=True, slots=True)
class Note:
    """A fault, or another reason for footage to be missing."""

    cause: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing time. `to_ns` None: still open."""

    number: int
    """Stays, however the gap changes."""
    from_ns: int
    to_ns: int | None
    note: Note
    """The first fault since the last recorded frame."""
    session: int | None = None
    also: tuple[Note, ...] = ()
    """Further kinds of fault while it lasted."""
    noted_ns: int | None = None
    """When the fault came; None when there is none, or when it is known to be the cause."""
    breaks: bool = True
    """Whether that fault broke the session. Otherwise a frame that was taken later says that it is not the cause."""

    @property
    def end_ns(self) -> int:
        """The end, or the end of all time."""
        return NEVER if self.to_ns is None else self.to_ns


@dataclass(frozen=True, slots=True)
class Wanted:
    """The user switched recording on. Faults of before are forgotten: say again what is wrong at this moment."""

    at_ns: MonoNs


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The user switched recording off."""

    at_ns: MonoNs


@dataclass(frozen=True, slots=True)
class EarlierLife:
    """Footage of an earlier life of the recorder ended at `until_ns`, and recording has been wanted since.

    May come again, with a better `until_ns`. `carried`: the gap that was open when that life ended.
    """

    until_ns: MonoNs
    note: Note
    carried: Gap | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Footage of a lane was taken into the recording; of one lane in order. Lanes may interleave."""

    lane: int
    from_ns: MonoNs
    to_ns: MonoNs
    interval_ns: int
    """Usual time between two frames."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """Trouble. `breaks`: no frames come from now on, until a session delivers anew."""

    note: Note
    session: int | None
    at_ns: MonoNs
    breaks: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """What was, or should have been, between these moments of recorded time is known to be lost."""

    from_ns: MonoNs
    to_ns: MonoNs
    note: Note
    session: int | None


@dataclass(frozen=True, slots=True)
class Redated:
    """The media clock of a lane got better: its footage lies so much later (negative: earlier) than was said."""

    lane: int
    by_ns: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""

    at_ns: MonoNs


Event = Wanted | Unwanted | EarlierLife | Recorded | Faulted | Lost | Redated | Ticked


@dataclass(frozen=True, slots=True)
class PutGap:
    """A gap is new, or is not what it was."""

    gap: Gap


@dataclass(frozen=True, slots=True)
class DropGap:
    """This gap turned out to be none."""

    number: int


Action = PutGap | DropGap
