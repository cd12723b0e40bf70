"""What there is of a stream's recording, over all its lanes."""

from collections.abc import Mapping
from typing import Protocol

from holdfast.domain.faults import Fault
from holdfast.domain.times import MonoNs
from holdfast.recorder.recording import Recording
from holdfast.recorder.segment_writing import SegmentInWriting


def held_bytes(recording: Recording) -> int:
    """What one recording has in memory, sound included."""
    return recording.ring.size_bytes + recording.sound.size_bytes


class HasRecording(Protocol):
    """A lane, as far as it is looked at here."""

    @property
    def recording(self) -> Recording:
        """Its recording."""

    def mono_of(self, pts_ns: int) -> MonoNs:
        """When the frame of this media time was taken."""


class LaneTotals:
    """Looks at lanes; changes nothing."""

    def __init__(self, lanes: Mapping[int, HasRecording]) -> None:
        """`lanes` by session, oldest first; what is added there later is seen, too."""
        self._seen = lanes

    @property
    def current(self) -> SegmentInWriting | None:
        """The newest open segment."""
        segments = (lane.recording.current for lane in reversed(list(self._seen.values())))
        return next((segment for segment in segments if segment is not None), None)

    @property
    def storage_fault(self) -> Fault | None:
        """Why nothing reaches the disk."""
        faults = (lane.recording.storage_fault for lane in self._seen.values())
        return next((fault for fault in faults if fault is not None), None)

    @property
    def synced_at_ns(self) -> int | None:
        """When something was last safe on the disk."""
        times = (lane.recording.synced_at_ns for lane in self._seen.values())
        return max((at_ns for at_ns in times if at_ns is not None), default=None)

    @property
    def held_bytes(self) -> int:
        """What is in memory."""
        return sum(held_bytes(lane.recording) for lane in self._seen.values())

    @property
    def held_ns(self) -> int:
        """How much media time is in memory, of the session that has most."""
        spans = (lane.recording.ring.span_ns for lane in self._seen.values())
        return max(spans, default=0)

    @property
    def sound_at_ns(self) -> int | None:
        """When sound was last written into a file."""
        times = (lane.recording.sound.written_at_ns for lane in self._seen.values())
        return max((at_ns for at_ns in times if at_ns is not None), default=None)

    @property
    def open_paths(self) -> list[str]:
        """Files that are not final yet. May be called from any thread."""
        return [path for lane in list(self._seen.values()) for path in lane.recording.open_paths]

    @property
    def is_idle(self) -> bool:
        """Nothing is open and nothing waits to be written."""
        return all(lane.recording.is_idle for lane in self._seen.values())

    def received_bytes(self, session: int) -> int:
        """What a session delivered so far."""
        lane = self._seen.get(session)
        return 0 if lane is None else lane.recording.received_bytes

    def mono_of(self, session: int, pts_ns: int) -> MonoNs | None:
        """When a frame of a session was taken; None when that is not known."""
        lane = self._seen.get(session)
        return None if lane is None or lane.recording.clock.media.delay_ns is None else lane.mono_of(pts_ns)
