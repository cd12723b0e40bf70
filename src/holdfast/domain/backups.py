"""What a backup knows of what was saved. Frozen values, as the lines of its record have them."""

from dataclasses import dataclass

from holdfast.domain.times import WallNs

SegmentKey = tuple[str, int, int]
"""Run, ordinal, bytes: names a segment wherever it lies, and tells it from what it was before it was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSegment:
    """A file of a backup that was read back and compared."""

    path: str
    """Relative to the backup's folder, with `/`."""
    size_bytes: int
    sha256: str
    camera: str
    stream: str
    run_id: str
    session: int
    ordinal: int
    wall_start_ns: WallNs
    duration_ns: int
    frames: int
    recorder_id: str
    verified_wall_ns: WallNs
    """When it was found to be whole."""

    @property
    def key(self) -> SegmentKey:
        """Which segment it is."""
        return self.run_id, self.ordinal, self.size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDone:
    """One run of a backup, as far as it came."""

    begun_wall_ns: WallNs
    ended_wall_ns: WallNs
    files: int
    """Saved in this run."""
    size_bytes: int
    left: int
    """Files that were to be saved and are not."""
