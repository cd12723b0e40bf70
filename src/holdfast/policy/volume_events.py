"""Volumes: what is known of each, what happens to them, and what follows. The decisions are in `volumes`.

Times are seconds of a monotonic clock. A volume is looked at through processes, which are numbered: what an older one
still says is ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState

SLOW_S = 1.0
"""A write or sync that takes longer makes a volume slow."""
LATELY_S = 30.0
"""For how long one such makes it so."""


@dataclass(frozen=True, slots=True)
class VolumeRules:
    """What people may set."""

    hang_after_s: float = 15.0
    reserve_bytes: int = 500 << 20
    memory_bytes: int | None = None
    """The limit of what is held in memory, when somebody set one: a volume must not be smaller."""
    retry_every_s: float | None = None
    """The fixed rule of the description (6 s); None: at once, and then as the policy has it."""
    retries: int | None = None
    """None: tries never end."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What is known of one volume."""

    name: str
    state: VolumeState = VolumeState.CHECKING
    since_s: float = 0.0
    """When it came into this state."""
    sentence: str = ""
    """Why it is in this state and what to do, for a person; empty when there is nothing to say."""
    process: int | None = None
    """The process that opens it or has it open."""
    file_system: FileSystem | None = None
    """As it was when it was opened; None while it is not open."""
    volume_id: str = ""
    path: str = ""
    """Without symbolic links, as it was when it was opened."""
    space: VolumeSpace | None = None
    last_process: int = 0
    leaving: frozenset[int] = frozenset()
    """Processes that were given up and are not known to be gone."""
    asked_at_s: float = 0.0
    """When the process was asked to open it."""
    tries: int = 0
    """Openings in vain since something happened that gave hope."""
    next_try_at_s: float | None = None
    """When it is opened again; None while it has a process, and when nothing more is tried."""
    covered_by: FileSystem | None = None
    """What covers its folder by the table of mounts as it was last seen."""
    is_outdated: bool = False
    """The table changed while the volume was being opened: what comes of it may be old."""
    slow_at_s: float | None = None
    """When it was slow last."""
    losses: tuple[float, ...] = ()
    """When it was lost lately."""
    held_until_s: float | None = None
    """Until then it is used only if there is no other: it comes and goes."""

    @property
    def is_open(self) -> bool:
        """Whether a process has it open; it may be full nevertheless."""
        return self.file_system is not None

    @property
    def is_writable(self) -> bool:
        """Whether new segments may go there."""
        return self.state.is_writable

    @property
    def processes(self) -> int:
        """How many of its processes may be alive."""
        return len(self.leaving) + (self.process is not None)


@dataclass(frozen=True, slots=True)
class Volumes:
    """All volumes, in order of preference."""

    rules: VolumeRules = field(default_factory=VolumeRules)
    volumes: tuple[Volume, ...] = ()
    in_use: str | None = None
    """Where new segments go now."""

    def of(self, name: str) -> Volume:
        """A volume by its name. Raises KeyError."""
        for volume in self.volumes:
            if volume.name == name:
                return volume
        raise KeyError(name)


# ------------------------------------------------------------------ what happens


@dataclass(frozen=True, slots=True)
class Opened:
    """A process has opened the volume, and it is ours. The table of mounts is told after it, once more."""

    name: str
    process: int
    identity: VolumeIdentity
    file_system: FileSystem
    space: VolumeSpace
    path: str
    """Without symbolic links."""
    full: str = ""
    """Why nothing can be written there, as a sentence, when there is no space."""


@dataclass(frozen=True, slots=True)
class OpeningRefused:
    """A process has found that the volume cannot be used. It is not needed any more."""

    name: str
    process: int
    state: VolumeState
    """None that can be written."""
    sentence: str


@dataclass(frozen=True, slots=True)
class WritingFailed:
    """An order failed on the disk."""

    name: str
    process: int
    sentence: str
    state: VolumeState | None
    """What the error says of the whole volume (`storage.errors.volume_state_of`); None: nothing, only a file."""


@dataclass(frozen=True, slots=True)
class MountsChanged:
    """The table of mounts is another one: what covers the folder of each volume now, None when that is not known."""

    covering: Mapping[str, FileSystem | None] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a process says about once a second."""

    name: str
    process: int
    space: VolumeSpace
    slowest_s: float
    """The longest write or sync since it said so last."""
    is_refusing: bool = False
    """It takes no data, whatever the space."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A process has not obeyed its oldest order for so long. Told again and again while it goes on."""

    name: str
    process: int
    for_s: float


@dataclass(frozen=True, slots=True)
class Exited:
    """A process is gone, whether it was given up or not."""

    name: str
    process: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


Event = Opened | OpeningRefused | WritingFailed | MountsChanged | Seen | Unanswered | Exited | Ticked


# ------------------------------------------------------------------ what follows


@dataclass(frozen=True, slots=True)
class Use:
    """New segments go there from now on; None: they wait in memory."""

    name: str | None


@dataclass(frozen=True, slots=True)
class ComeHome:
    """A better volume is back: segments that are open elsewhere end at their next key frame and go on here."""

    name: str


@dataclass(frozen=True, slots=True)
class FailSegments:
    """Every segment that is open there has failed."""

    name: str
    kind: FaultKind
    sentence: str


@dataclass(frozen=True, slots=True)
class AbandonVolume:
    """Nothing more is asked of this process: it is ended, or left alone where it cannot be. `Exited` follows."""

    name: str
    process: int


@dataclass(frozen=True, slots=True)
class StartProcess:
    """Start a process of this number and have it open the volume."""

    name: str
    process: int


@dataclass(frozen=True, slots=True)
class Tell:
    """The state of a volume is another one, or nothing more is tried (then both states are the same)."""

    name: str
    old: VolumeState
    new: VolumeState
    sentence: str


Action = Use | ComeHome | FailSegments | AbandonVolume | StartProcess | Tell
Step = tuple[Volumes, tuple[Action, ...]]
VolumeStep = tuple[Volume, tuple[Action, ...]]
