"""States and faults in the user's words."""

from collections.abc import Mapping

from holdfast.app.language import say
from holdfast.domain.faults import FaultKind
from holdfast.policy.connection import Phase
from holdfast.policy.faults import SENTENCES
from holdfast.recorder.status import RecordingState, StreamStatus

PHASES: Mapping[Phase, str] = {
    Phase.DISCONNECTED: "disconnected",
    Phase.CONNECTING: "connecting",
    Phase.CONNECTED: "connected",
    Phase.RECONNECTING: "reconnecting",
    Phase.ERROR: "ERROR, still trying",
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
    RecordingState.WAITING: "waiting for frames",
    RecordingState.RECORDING: "recording",
    RecordingState.HELD: "held in memory",
}
RECORDING_STYLE: Mapping[RecordingState, str] = {
    RecordingState.OFF: "dim",
    RecordingState.WAITING: "yellow",
    RecordingState.RECORDING: "green",
    RecordingState.HELD: "bold red",
}


def phase_words(phase: Phase) -> str:
    """The phase for people."""
    return say(PHASES[phase])


def recording_words(state: RecordingState) -> str:
    """What becomes of the frames, for people."""
    return say(RECORDINGS[state])


def fault_words(status: StreamStatus) -> str:
    """The sentence of the last fault. What is particular about it stays in parentheses, in the words of its source."""
    general = SENTENCES[FaultKind(status.fault_kind)]
    translated = say(general)
    if translated == general:
        return status.fault
    if status.fault == general:
        return translated
    particular = status.fault.removeprefix(general).strip(" ()")
    return f"{translated} ({particular})"
