"""Volumes: places for segments, with an identity and a state."""

from dataclasses import dataclass
from enum import StrEnum

RESERVE_SHARE = 20
"""A reserve is at most this part of its volume: otherwise nothing could be recorded on a small one."""


class VolumeState(StrEnum):
    """How a volume is doing, as observed (docs/design/storage.md)."""

    CHECKING = "checking"
    HEALTHY = "healthy"
    SLOW = "slow"
    FULL = "full"
    READ_ONLY = "read_only"
    GONE = "gone"
    HUNG = "hung"
    REFUSED = "refused"
    """There is a file system, and it is not the one that belongs here: a person has to act."""

    @property
    def is_writable(self) -> bool:
        """Whether new segments may go there."""
        return self in {VolumeState.HEALTHY, VolumeState.SLOW}


@dataclass(frozen=True, slots=True)
class FileSystem:
    """The file system that a volume lies on."""

    kind: str
    """Such as "ext4"."""
    source: str
    """What is mounted, such as "/dev/sdb1"."""
    mount_point: str
    mount_id: int
    """Of /proc/self/mountinfo; another one after each mount."""
    device: str
    """major:minor, such as "8:17"."""
    is_read_only: bool = False
    """Mounted so, or turned so by the kernel."""

    def is_same_mount(self, other: "FileSystem | None") -> bool:
        """Whether it is the same file system, mounted by the same act."""
        return other is not None and (self.mount_id, self.device) == (other.mount_id, other.device)


@dataclass(frozen=True, slots=True)
class VolumeIdentity:
    """What a volume's marker says."""

    volume_id: str
    """A UUID, made with the volume."""
    recorder_id: str
    """A UUID of the recorder that it belongs to."""
    name: str
    """Which it had when it was made."""


@dataclass(frozen=True, slots=True)
class VolumeSpace:
    """In bytes, for this user."""

    free_bytes: int
    total_bytes: int

    def reserve_bytes(self, wanted_bytes: int) -> int:
        """How much stays free: what is wanted, but no more than a share of a small volume."""
        return min(wanted_bytes, self.total_bytes // RESERVE_SHARE)
