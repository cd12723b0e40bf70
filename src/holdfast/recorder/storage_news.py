"""What becomes of volumes, told to every stream."""

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.ports.volumes import Answer
from holdfast.recorder.recorder import Recorder


@dataclass(frozen=True, slots=True)
class StorageNews:
    """Implements `volumes.VolumeNews`."""

    recorder: Recorder
    opened: Callable[[str], None]
    """A volume is open."""

    def answered(self, answer: Answer) -> None:
        """See VolumeNews."""
        self.recorder.answered(answer)

    def storage_is_back(self) -> None:
        """See VolumeNews."""
        for supervisor in self.recorder.everyone:
            self.recorder.alone.do(supervisor.stream, supervisor.recording.try_again)

    def came_home(self) -> None:
        """See VolumeNews."""
        for supervisor in self.recorder.everyone:
            self.recorder.alone.do(supervisor.stream, supervisor.recording.come_home)

    def volume_opened(self, volume: str) -> None:
        """See VolumeNews."""
        self.opened(volume)
