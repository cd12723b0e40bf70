"""The values of a connection: its sessions, what happens to it, what it asks for. The decisions are in `connection`."""

from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.domain.faults import Fault
from holdfast.policy.backoff import Backoff
from holdfast.policy.rhythm import Rhythm


class Phase(StrEnum):
    """What people are shown (requirement F3). CONNECTED means that frames arrive (F2)."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Limits of patience."""

    backoff: Backoff = field(default_factory=Backoff)
    suspect_s: float = 2.0
    """A session that delivers nothing for this long is suspected at the latest, unless the stream itself is slower."""
    answer_s: float = 4.0
    """So is one that has not delivered anything yet."""
    first_frame_s: float = 20.0
    """A session that delivers nothing for this long after it was opened is given up."""
    stall_s: float = 10.0
    """One that delivers nothing for this long is given up, when nothing is recorded and so no rival is opened."""
    give_up_s: float = 120.0
    """One that delivered, and for which no rival wins, is given up after so much silence."""
    one_session: bool = False
    """The camera is known to admit one session only; otherwise that is found out."""
    only_session_s: float = 4.0
    """The same for a camera that admits one session only."""
    drain_s: float = 30.0
    """What was held back of a session that lost to its rival is waited for so long."""
    settled_s: float = 5.0
    """Frames must have flowed for this long before the count of failures begins anew (requirement C4)."""
    quick_s: float = 0.5
    quick_for_s: float = 120.0
    """After a session that had worked, tries follow one another this quickly, and for this long."""
    busy_s: float = 2.0
    """The same of a camera that says it is busy: it has to forget its last session first."""
    look_s: float = 0.5
    look_again_s: float = 2.0
    """The camera's port is looked at this often while it does not answer, and while it does."""
    alarm_failures: int = 10
    alarm_after_s: float = 60.0
    """So many failures in a row, over at least this time, are shown as ERROR and raise one alarm (requirement C5)."""
    max_retries: int | None = None
    """After so many failures in a row no more tries are made. The default is never to give up (requirement C5)."""


@dataclass(frozen=True, slots=True)
class Live:
    """A session that may deliver."""

    number: int
    opened_at_s: float
    begun: bool = False
    """A capture process is at work on it, not only about to start."""
    first_at_s: float | None = None
    """When frames were first known to come."""
    last_at_s: float | None = None
    delivered_at_s: float | None = None
    """When a piece of the recording last came; only these make the rhythm."""
    rhythm: Rhythm = field(default_factory=Rhythm)

    def silent_s(self, at_s: float) -> float:
        """For how long nothing came."""
        return at_s - (self.opened_at_s if self.last_at_s is None else self.last_at_s)

    def withheld_s(self, at_s: float, *, records: bool) -> float:
        """For how long nothing came of what is to come: pieces of the recording, where there were any.

        That frames were seen is told every two seconds only, and may be as old.
        """
        if records and self.delivered_at_s is not None:
            return at_s - self.delivered_at_s
        return self.silent_s(at_s)


@dataclass(frozen=True, slots=True)
class Draining:
    """A session that lost to its rival; what was held back of it may still come until then."""

    number: int
    until_s: float


@dataclass(frozen=True, slots=True)
class Connection:
    """One stream's connection. `session` is the highest number that was given, 0 before the first."""

    enabled: bool = False
    records: bool = True
    """The recording valve is open: there is something that a rival could save."""
    session: int = 0
    primary: Live | None = None
    rival: Live | None = None
    draining: tuple[Draining, ...] = ()
    closing: frozenset[int] = frozenset()
    """Sessions that were closed or have failed, and of which the end is not yet confirmed."""
    failures: int = 0
    refusals: int = 0
    """The last failures in a row after which quick tries do harm."""
    fault: Fault | None = None
    failed_at_s: float | None = None
    next_try_at_s: float | None = None
    quick_until_s: float | None = None
    lost_at_s: float | None = None
    """Since when there is trouble; None while frames flow."""
    alarmed: bool = False
    given_up: bool = False
    suspected: bool = False
    rival_failures: int = 0
    next_rival_at_s: float = 0.0
    kicks: int = 0
    """How often in a row a primary died when its rival began."""
    admits_one: bool = False
    """The camera does not serve two sessions at a time."""
    port_down: bool = False
    """The camera's port did not answer when it was last looked at."""
    next_look_at_s: float = 0.0

    @property
    def in_trouble(self) -> bool:
        """Something is remembered of failures that frames have not outlived yet."""
        return bool(self.failures or self.alarmed or self.lost_at_s is not None or self.quick_until_s is not None)

    @property
    def open(self) -> bool:
        """A session may deliver."""
        return self.primary is not None

    @property
    def is_down(self) -> bool:
        """No session is open, and none is ending."""
        return not (self.primary or self.rival or self.draining or self.closing)

    @property
    def phase(self) -> Phase:
        """What to show."""
        if not self.enabled:
            return Phase.DISCONNECTED
        if self.primary is not None and self.primary.first_at_s is not None and not self.suspected:
            return Phase.CONNECTED
        if self.alarmed or self.given_up:
            return Phase.ERROR
        return Phase.CONNECTING if self.fault is None else Phase.RECONNECTING


@dataclass(frozen=True, slots=True)
class Enabled:
    """The stream shall be captured."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """The stream shall not be captured any more."""


@dataclass(frozen=True, slots=True)
class ModeSet:
    """The recording valve was opened or closed: whether pieces of a recording are to be expected."""

    records: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A capture process has begun to connect. Before, it had itself to start."""

    session: int


@dataclass(frozen=True, slots=True)
class FramesSeen:
    """Frames left the source of a session."""

    session: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A piece of the recording came. `begins`: from here on a session has what no other had (a new key frame)."""

    session: int
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """A session cannot go on. `ended`: it is gone already, its end will not be confirmed."""

    session: int
    fault: Fault
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A session is closed."""

    session: int


@dataclass(frozen=True, slots=True)
class Drained:
    """A draining session has come to where its winner began."""

    session: int


@dataclass(frozen=True, slots=True)
class PortLooked:
    """The camera's port was looked at."""

    answers: bool


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed. `skipped_s`: how much longer than usual nobody looked (the recorder itself was stopped)."""

    skipped_s: float = 0.0


Event = Enabled | Disabled | ModeSet | Begun | FramesSeen | Delivered | Failed | Ended | Drained | PortLooked | Ticked


@dataclass(frozen=True, slots=True)
class Open:
    """Open a session of this number."""

    session: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the session of this number."""

    session: int


@dataclass(frozen=True, slots=True)
class Promote:
    """The rival is the primary from here on; the other drains."""

    session: int
    drains: int


@dataclass(frozen=True, slots=True)
class LookAtPort:
    """See whether the camera's port answers; `PortLooked` follows."""


@dataclass(frozen=True, slots=True)
class Report:
    """A fault that people shall know of. `ends`: the session ended by it."""

    session: int
    fault: Fault
    ends: bool = True


@dataclass(frozen=True, slots=True)
class Alarm:
    """A person has to look: said once in an outage."""

    fault: Fault


Action = Open | Close | Promote | LookAtPort | Report | Alarm
Step = tuple[Connection, tuple[Action, ...]]
