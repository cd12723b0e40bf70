"""States and faults in the user's words."""

from collections.abc import Mapping

from holdfast.app.language import say, translated
from holdfast.app.moments import local
from holdfast.domain.alarms import AlarmKind, AlarmRecord, Severity
from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import Cause, GapCause, cause_of
from holdfast.domain.segments import SegmentState
from holdfast.domain.volumes import VolumeState
from holdfast.policy.connecting import Phase
from holdfast.recorder.status import RecordingState, SoundState, StreamStatus

PHASES: Mapping[Phase, str] = {
    Phase.DISCONNECTED: "disconnected",
    Phase.CONNECTING: "connecting",
    Phase.CONNECTED: "connected",
    Phase.RECONNECTING: "reconnecting",
    Phase.ERROR: "ERROR",
}
PHASE_STYLE: Mapping[Phase, str] = {
    Phase.DISCONNECTED: "dim",
    Phase.CONNECTING: "yellow",
    Phase.CONNECTED: "green",
    Phase.RECONNECTING: "yellow",
    Phase.ERROR: "bold red",
}
RECORDINGS: Mapping[RecordingState, str] = {
    RecordingState.OFF: "off",
    RecordingState.WAITING: "waiting",
    RecordingState.RECORDING: "recording",
    RecordingState.HELD: "in memory",
}
SOUNDS: Mapping[SoundState, str] = {
    SoundState.OFF: RECORDINGS[RecordingState.RECORDING],
    SoundState.NONE: "recording, no sound",
    SoundState.RECORDED: "recording with sound",
}
"""What is recorded."""
RECORDING_STYLE: Mapping[RecordingState, str] = {
    RecordingState.OFF: "dim",
    RecordingState.WAITING: "yellow",
    RecordingState.RECORDING: "green",
    RecordingState.HELD: "bold red",
}
SEGMENTS: Mapping[SegmentState, str] = {
    SegmentState.OPEN: "open",
    SegmentState.FINAL: "final",
    SegmentState.MISSING: "missing",
    SegmentState.DAMAGED: "damaged",
}
CAUSES: Mapping[Cause, str] = {
    FaultKind.RTSP_NETWORK: "connection lost",
    FaultKind.REFUSED: "connection refused",
    FaultKind.UNREACHABLE: "camera unreachable",
    FaultKind.NAME_NOT_FOUND: "name unknown",
    FaultKind.TLS: "no encrypted connection",
    FaultKind.CERTIFICATE_CHANGED: "another certificate",
    FaultKind.BUSY: "camera busy",
    FaultKind.SERVER_ERROR: "error of the camera",
    FaultKind.AUTHENTICATION: "password refused",
    FaultKind.NOT_FOUND: "stream not found",
    FaultKind.BAD_ADDRESS: "unusable URL",
    FaultKind.CAMERA_CLOSED: "ended by the camera",
    FaultKind.STALLED: "silent connection",
    FaultKind.NO_VIDEO: "no video offered",
    FaultKind.NOT_UNDERSTOOD: "not understood",
    FaultKind.TRANSPORT: "wrong transport",
    FaultKind.NO_KEY_FRAME: "no key frame",
    FaultKind.BAD_STREAM: "unreadable stream",
    FaultKind.NO_TIMES: "frames without times",
    FaultKind.PACKETS_LOST: "packets lost",
    FaultKind.STORAGE_DISCONNECTED: "disk gone",
    FaultKind.DISK_FULL: "disk full",
    FaultKind.FOOTAGE_DROPPED: "memory full",
    FaultKind.DECODER: "decoder failed",
    FaultKind.VIDEO_SINK: "view failed",
    FaultKind.MUX: "recording failed",
    FaultKind.SOUND: "sound failed",
    FaultKind.ELEMENT_MISSING: "software missing",
    FaultKind.WORKER_DIED: "capture process ended",
    FaultKind.WORKER_HUNG: "capture process hung",
    FaultKind.WORKER_MEMORY: "capture process too large",
    GapCause.STARTING: "before the first key frame",
    GapCause.SILENT: "no frames",
    GapCause.STREAMING_ONLY: "streaming only",
    GapCause.RECORDER_STOPPED: "recorder stopped",
    GapCause.RECORDER_KILLED: "recorder not running",
    GapCause.POWER_LOST: "power lost",
    GapCause.DELETED: "deleted",
    GapCause.VOLUME_AWAY: "volume not connected",
}
ALARMS: Mapping[AlarmKind, str] = {
    AlarmKind.NOT_SAVED: "nothing saved",
    AlarmKind.CAMERA_ERROR: "camera in ERROR",
    AlarmKind.VOLUME_SLOW: "volume slow",
    AlarmKind.VOLUME_FULL: "volume full",
    AlarmKind.VOLUME_READ_ONLY: "volume read-only",
    AlarmKind.VOLUME_GONE: "volume gone",
    AlarmKind.VOLUME_HUNG: "volume hangs",
    AlarmKind.VOLUME_REFUSED: "volume refused",
    AlarmKind.NO_VOLUME: "no volume",
    AlarmKind.RETENTION: "limit not kept",
    AlarmKind.MEMORY: "memory filling up",
    AlarmKind.CATALOG: "catalog not written",
    AlarmKind.CATALOG_MISMATCH: "catalog and files differ",
    AlarmKind.BACKUP: "backup not complete",
}
VOLUMES: Mapping[VolumeState, str] = {
    VolumeState.CHECKING: "being checked",
    VolumeState.HEALTHY: "healthy",
    VolumeState.SLOW: "slow",
    VolumeState.FULL: "full",
    VolumeState.READ_ONLY: "read-only",
    VolumeState.GONE: "gone",
    VolumeState.HUNG: "hangs",
    VolumeState.REFUSED: "refused",
}
SEVERITIES: Mapping[Severity, str] = {Severity.WARNING: "warning", Severity.CRITICAL: "critical"}
CODECS: Mapping[str, str] = {"avc1": "H.264", "avc3": "H.264", "hvc1": "H.265", "hev1": "H.265"}
"""By the first part of the codec as a file names it (RFC 6381)."""
AGES = ((172_800, 86_400, "{count} d"), (7_200, 3_600, "{count} h"), (120, 60, "{count} min"), (0, 1, "{count} s"))
"""From how many seconds on, seconds of the unit, words."""


def phase_words(phase: Phase) -> str:
    """The phase for people."""
    return say(PHASES[phase])


def recording_words(status: StreamStatus) -> str:
    """What becomes of the frames, for people."""
    if status.recording is RecordingState.OFF and status.switched_off:
        return say("switched off")
    if status.recording is RecordingState.WAITING:
        if status.phase is Phase.DISCONNECTED:
            return "-"
        if not status.mode.records:
            return say("off by mode")
    if status.recording is RecordingState.RECORDING:
        return say(SOUNDS[status.sound])
    return say(RECORDINGS[status.recording])


def config_words(lines: str) -> str:
    """What is wrong with a configuration, FILE:LINE: SECTION: SENTENCE: the sentence is ours, the rest is not."""
    return "\n".join(map(_config_line, lines.split("\n")))


def _config_line(line: str) -> str:
    parts = line.split(": ")
    for at in range(len(parts)):
        rest = ": ".join(parts[at:])
        if translated(rest) != rest:
            return ": ".join([*parts[:at], translated(rest)])
    return line


def fault_words(status: StreamStatus) -> str:
    """The sentence of the last fault."""
    return translated(status.fault)


def segment_words(state: SegmentState) -> str:
    """How far a file can be relied on, for people."""
    return say(SEGMENTS[state])


def cause_words(cause: str) -> str:
    """Why footage is missing, in a few words; as it is when a newer program named it."""
    try:
        return say(CAUSES[cause_of(cause)])
    except ValueError:
        return cause


def volume_words(state: str) -> str:
    """How a volume is doing, in a word or two; as it is when a newer program named it."""
    try:
        return say(VOLUMES[VolumeState(state)])
    except ValueError:
        return state


def alarm_words(kind: str) -> str:
    """What an alarm is about, in a few words; as it is when a newer program named it."""
    try:
        return say(ALARMS[AlarmKind(kind)])
    except ValueError:
        return kind


def severity_words(severity: str) -> str:
    """How much an alarm matters; as it is when a newer program named it."""
    try:
        return say(SEVERITIES[Severity(severity)])
    except ValueError:
        return severity


def alarm_line(alarm: AlarmRecord) -> str:
    """An open alarm in one line."""
    sentence = translated(alarm.sentence)
    what = f"{alarm.subject}: {sentence}" if alarm.subject else sentence
    severity, moment = severity_words(alarm.severity), local(alarm.raised_wall_ns)
    return say("{severity} since {moment}: {what}", severity=severity, moment=moment, what=what)


def codec_words(codec: str) -> str:
    """The name by which people know a codec."""
    short = codec.partition(".")[0]
    return CODECS.get(short, short)


def age_words(seconds: float) -> str:
    """How long ago, in the unit that fits."""
    for least_s, unit_s, words in AGES:
        if seconds >= least_s:
            return say(words, count=int(seconds // unit_s))
    return say("{count} s", count=0)


MB, GB = 10**6, 10**9


def space_words(size_bytes: int) -> str:
    """So many bytes for people. What they write in a configuration is in its own words (`size_words`)."""
    if size_bytes >= GB:
        return f"{size_bytes / GB:.1f} GB"
    return f"{size_bytes / MB:.0f} MB" if size_bytes >= 100 * MB else f"{size_bytes / MB:.1f} MB"
