"""What a configuration says, as frozen values. docs/reference/configuration.md has every key."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from holdfast.domain.segments import MAIN_VOLUME
from holdfast.domain.streams import StreamAddress

CATEGORIES = (
    "rtsp",
    "reconnect",
    "storage",
    "recording",
    "recording_retry",
    "disk",
    "decoder",
    "videosink",
    "buffering",
    "connection_sync",
    "ui_sync",
    "alarms",
    "recorder",
    "config",
    "catalog",
)
"""What log lines are about: `holdfast.<category>` is the logger (docs/reference/logs.md)."""
LEVELS = ("debug", "info", "warning", "error")


class LogFormat(StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Timings and limits for all cameras."""

    retry_base_s: float = 0.5
    retry_cap_s: float = 60.0
    max_retries: int | None = None
    """None: tries never end."""
    suspect_after_s: float = 2.0
    cameras_per_worker: int = 1
    worker_memory_bytes: int = 768 << 20
    segment_s: float = 900.0
    segment_size_bytes: int | None = None
    pre_record_s: float = 0.0


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """One place for recordings. Those of a configuration are in order of preference."""

    path: Path
    name: str = MAIN_VOLUME


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """What holds for all volumes."""

    state: Path | None = None
    """Folder of what must outlive every volume; None: as the service manager and the user have it."""
    memory_bytes: int | None = None
    """Limit of the footage that is held in memory; None: a share of what the machine has."""
    hang_after_s: float = 15.0
    reserve_bytes: int = 500 << 20
    """What stays free on every volume; less on small ones."""
    retry_every_s: float | None = None
    """None: at once, and then ever more seldom."""
    retries: int | None = None
    """None: tries never end."""
    move_rate_bytes: int = 20 << 20
    """How much is moved home in a second at most."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """What is deleted by itself. Without any of it nothing ever is."""

    enabled: bool = False
    """False: nothing is, whatever else is set."""
    max_age_s: float | None = None
    min_free_bytes: int = 0
    """Free on every volume, as min_free_percent: the larger of both. 0: not wanted."""
    min_free_percent: float = 0.0


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """Which log lines are written, and how."""

    format: LogFormat = LogFormat.TEXT
    level: str = "info"
    levels: tuple[tuple[str, str], ...] = ()
    """Pairs of a category and its own level."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera."""

    id: str
    main: StreamAddress
    name: str = ""
    sub: StreamAddress | None = None
    record: bool = True
    record_sub: bool = False
    one_session: bool = False
    """The camera serves one session at a time. False: the recorder finds out."""
    segment_s: float | None = None
    """None: as the recorder's."""
    audio: bool = False
    """Record sound, too."""
    max_age_s: float | None = None
    """None: as for all."""
    quota_bytes: int | None = None
    """Of all its footage on all volumes."""


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """Who is told of alarms, and from when on something is one. What is empty is not used."""

    command: tuple[str, ...] = ()
    command_timeout_s: float = 30.0
    webhook: str = field(default="", repr=False)
    """A URL, which may itself be the secret."""
    webhook_timeout_s: float = 10.0
    heartbeat: str = field(default="", repr=False)
    heartbeat_method: str = "GET"
    heartbeat_every_s: float = 60.0
    unsaved_after_s: float = 30.0
    error_after_s: float = 10.0
    slow_after_s: float = 10.0
    memory_percent: int = 50
    clear_after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Backups that are made by themselves. One of `at_minute` and `every_s` is given."""

    to: Path
    at_minute: int | None = None
    """Of the local day: 180 for three in the morning."""
    every_s: float | None = None
    cameras: tuple[str, ...] = ()
    """Empty: all of them."""
    rate_bytes: int = 20 << 20
    """Read and written in a second at most."""
    remove: bool = False
    """Remove here what is in the backup."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration that holds together."""

    volumes: tuple[VolumeSettings, ...]
    cameras: tuple[CameraSettings, ...]
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    backup: BackupSettings | None = None
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    files: tuple[Path, ...] = ()
    """The file itself, and every file with a secret that it names."""

    @property
    def volume(self) -> Path:
        """The folder of the most preferred volume."""
        return self.volumes[0].path
