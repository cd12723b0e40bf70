"""What to tell a person about the cause of a gap."""

from collections.abc import Mapping

from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapCause, cause_of
from holdfast.policy import faults

SENTENCES: Mapping[GapCause, str] = {
    GapCause.STARTING: "Recording was switched on, and the camera's first key frame had not come yet.",
    GapCause.SILENT: "The camera sent no frames, and neither it nor the network said why.",
    GapCause.STREAMING_ONLY: "The camera was switched to streaming only, which writes nothing.",
    GapCause.RECORDER_STOPPED: "The recorder was stopped.",
    GapCause.RECORDER_KILLED: "The recorder did not run: it was killed, or it crashed.",
    GapCause.POWER_LOST: "The machine had no power, or was reset, and started again.",
    GapCause.DELETED: "The footage was deleted.",
    GapCause.VOLUME_AWAY: "The volume that holds the footage is not connected.",
}
UNKNOWN_CAUSE = "The cause is not known to this version."


def sentence_of(cause: str) -> str:
    """The sentence for a cause, in English; a newer program's cause has one, too."""
    try:
        known = cause_of(cause)
    except ValueError:
        return UNKNOWN_CAUSE
    return faults.SENTENCES[known] if isinstance(known, FaultKind) else SENTENCES[known]
