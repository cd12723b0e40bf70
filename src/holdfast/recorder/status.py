"""What is shown of a stream: observed, not assumed (invariant I8)."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from holdfast.domain.streams import Mode
from holdfast.domain.times import NS_PER_S
from holdfast.policy.connecting import Phase
from holdfast.recorder.lane_totals import LaneTotals

SYNCED_LATELY_S = 5.0


class RecordingState(StrEnum):
    """What becomes of the frames."""

    OFF = "off"
    """The user does not want a recording."""
    WAITING = "waiting"
    """Wanted, and nothing is there to be written yet."""
    RECORDING = "recording"
    """Bytes reached the disk within the last seconds."""
    HELD = "held"
    """Nothing reaches the disk; footage is held in memory."""


class SoundState(StrEnum):
    """What becomes of the sound."""

    OFF = "off"
    """Nobody wants it."""
    NONE = "none"
    """Wanted, and the camera has or sends none, or nothing is recorded."""
    RECORDED = "recorded"
    """It went into a file within the last seconds."""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream at one moment."""

    camera: str
    stream: str
    name: str
    phase: Phase
    recording: RecordingState
    mode: Mode
    session: int
    fps: float
    bits_per_s: float
    file: str
    """Path of the open segment, relative to the recording folder; empty when none is open."""
    fault: str
    """Sentence of the last fault, empty when there was none."""
    fault_kind: str
    fault_age_s: float | None
    next_try_s: float | None
    """Seconds until the next try to connect."""
    held_bytes: int
    """Footage in RAM."""
    missing_s: float | None
    """For how long footage has been missing; None while none is."""
    frames: int
    """Frames that the camera delivered in this session."""
    source: str = ""
    """The client that fetches the stream: "native" or "rtspsrc"."""
    source_reason: str = ""
    """Why it is not the native one, when the camera did not let it be; empty otherwise."""
    switched_off: bool = False
    """The user switched the recording off by hand; else it is off as configured."""
    sound: SoundState = SoundState.OFF
    held_s: float = 0.0
    """Media time of the footage in RAM."""

    def as_json(self) -> dict[str, object]:
        """For the API."""
        return asdict(self)


def sound_state(recording: LaneTotals, at_s: float, *, wanted: bool) -> SoundState:
    """What becomes of the sound, at this moment of the monotonic clock."""
    if not wanted:
        return SoundState.OFF
    written_ns = recording.sound_at_ns
    lately = written_ns is not None and at_s - written_ns / NS_PER_S < SYNCED_LATELY_S
    return SoundState.RECORDED if lately else SoundState.NONE


def recording_state(recording: LaneTotals, at_s: float, *, wanted: bool) -> RecordingState:
    """What becomes of the frames, at this moment of the monotonic clock (requirement F2)."""
    if recording.storage_fault is not None and wanted:
        return RecordingState.HELD
    if recording.current is not None:
        synced_ns = recording.synced_at_ns
        lately = synced_ns is not None and at_s - synced_ns / NS_PER_S < SYNCED_LATELY_S
        return RecordingState.RECORDING if lately else RecordingState.WAITING
    return RecordingState.WAITING if wanted else RecordingState.OFF
