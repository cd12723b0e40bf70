"""Classifying: which kind of fault an error is, and what to tell a person about it.

In order of trust (requirements B1-B3): domain and code together with the branch; the branch alone; the text, which can
only ever tell network faults from each other.
"""

import re
from collections.abc import Mapping

from holdfast.domain.faults import OWN_DOMAIN, RTSP_DOMAIN, Branch, ErrorReport, Fault, FaultKind, OwnError
from holdfast.domain.secrets import redact

RESOURCE = "gst-resource-error-quark"
STREAM = "gst-stream-error-quark"
CORE = "gst-core-error-quark"

# GstResourceError and its relatives, by number: https://gstreamer.freedesktop.org/documentation/gstreamer/gsterror.html
NOT_FOUND, READ, WRITE, NO_SPACE_LEFT, NOT_AUTHORIZED = 3, 9, 10, 14, 15
FAILED = 1
CODEC_NOT_FOUND, DECODE, MUX = 6, 7, 10
MISSING_PLUGIN = 12

BY_DOMAIN_AND_CODE: Mapping[tuple[Branch, str, int], FaultKind] = {
    (Branch.SOURCE, RESOURCE, NOT_FOUND): FaultKind.NOT_FOUND,
    (Branch.SOURCE, RESOURCE, NOT_AUTHORIZED): FaultKind.AUTHENTICATION,
    (Branch.SOURCE, CORE, MISSING_PLUGIN): FaultKind.ELEMENT_MISSING,
    (Branch.SOURCE, STREAM, CODEC_NOT_FOUND): FaultKind.TRANSPORT,
    (Branch.SOURCE, STREAM, DECODE): FaultKind.BAD_STREAM,
    (Branch.RECORDING, RESOURCE, NO_SPACE_LEFT): FaultKind.DISK_FULL,
    (Branch.RECORDING, STREAM, MUX): FaultKind.MUX,
    (Branch.STREAMING, STREAM, DECODE): FaultKind.DECODER,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.CAMERA_CLOSED): FaultKind.CAMERA_CLOSED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.NO_VIDEO_TRACK): FaultKind.NO_VIDEO,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.UNSUPPORTED_CODEC): FaultKind.NO_VIDEO,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.ELEMENT_MISSING): FaultKind.ELEMENT_MISSING,
    (Branch.RECORDING, OWN_DOMAIN, OwnError.ELEMENT_MISSING): FaultKind.ELEMENT_MISSING,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.WORKER_DIED): FaultKind.WORKER_DIED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.WORKER_HUNG): FaultKind.WORKER_HUNG,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.WORKER_MEMORY): FaultKind.WORKER_MEMORY,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED): FaultKind.STALLED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.NEVER_DELIVERED): FaultKind.STALLED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.NO_TIMES): FaultKind.NO_TIMES,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.REFUSED): FaultKind.REFUSED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.UNREACHABLE): FaultKind.UNREACHABLE,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.NAME_NOT_FOUND): FaultKind.NAME_NOT_FOUND,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.TLS): FaultKind.TLS,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.OTHER_CERTIFICATE): FaultKind.CERTIFICATE_CHANGED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.CONNECTION_LOST): FaultKind.RTSP_NETWORK,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.BAD_ANSWER): FaultKind.NOT_UNDERSTOOD,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.UNSUPPORTED_HERE): FaultKind.NOT_UNDERSTOOD,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.BAD_DATA): FaultKind.BAD_STREAM,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.ANSWERLESS): FaultKind.STALLED,
    (Branch.SOURCE, OWN_DOMAIN, OwnError.STUCK): FaultKind.BAD_STREAM,
    (Branch.RECORDING, OWN_DOMAIN, OwnError.BAD_FRAGMENT): FaultKind.MUX,
}

BY_BRANCH: Mapping[Branch, FaultKind] = {
    Branch.SOURCE: FaultKind.RTSP_NETWORK,
    Branch.RECORDING: FaultKind.MUX,
    Branch.STREAMING: FaultKind.VIDEO_SINK,
    Branch.SOUND: FaultKind.SOUND,
}

BY_STATUS: Mapping[int, FaultKind] = {
    401: FaultKind.AUTHENTICATION,
    403: FaultKind.AUTHENTICATION,
    404: FaultKind.NOT_FOUND,
    453: FaultKind.BUSY,
    454: FaultKind.NOT_FOUND,
    461: FaultKind.TRANSPORT,
    503: FaultKind.BUSY,
}
"""By the status of the camera's answer (RFC 2326 section 11); the others from 500 on are its own trouble."""
SERVER_ERRORS = range(500, 600)
_STATUS = re.compile(r"\((\d{3})\)(?!:)|Error \((\d{3})\):")
"""As rtspsrc writes the answer's status, behind its reason or before it; not the number of a line of its source."""

BY_TEXT: tuple[tuple[str, FaultKind], ...] = (("unsupported", FaultKind.BAD_STREAM),)

UNSPECIFIC = frozenset({(RESOURCE, FAILED), (STREAM, FAILED), (CORE, FAILED), (RESOURCE, READ), (RESOURCE, WRITE)})
"""GST_*_ERROR_FAILED, and what rtspsrc says of any answer it has no code for. Only these are judged by their text, and
no kind that the text leads to does anything but try again."""

SENTENCES: Mapping[FaultKind, str] = {
    FaultKind.RTSP_NETWORK: "The camera cannot be reached. Check its power, cable and address.",
    FaultKind.REFUSED: "The camera's address answers, but nothing listens at this port. The camera may be starting; "
    "otherwise correct the port.",
    FaultKind.UNREACHABLE: "Nothing answers at the camera's address. Check its power, cable and address.",
    FaultKind.NAME_NOT_FOUND: "No address is known for the camera's name. Check the name, or write the address.",
    FaultKind.TLS: "No encrypted connection to the camera comes about. Its certificate may not be trusted here.",
    FaultKind.CERTIFICATE_CHANGED: "The camera shows another certificate than before: it was replaced or reset, or "
    "something else answers in its place. `holdfast trust CAMERA --in DIR` accepts it.",
    FaultKind.BUSY: "The camera is busy: it serves as many viewers as it can. It may still hold an old session.",
    FaultKind.SERVER_ERROR: "The camera answers with an error of its own. Restart it if that goes on.",
    FaultKind.AUTHENTICATION: "The camera refuses the user name or the password. Correct them; tries are rare, "
    "so that the camera does not lock the account.",
    FaultKind.NOT_FOUND: "The camera answers, but has no stream at this path. It may still be starting; "
    "otherwise correct the URL.",
    FaultKind.BAD_ADDRESS: "The URL cannot be used. Correct it.",
    FaultKind.CAMERA_CLOSED: "The camera ended the stream. It may be restarting.",
    FaultKind.STALLED: "The connection is open, but no frames arrive. The camera or the network may be overloaded.",
    FaultKind.NO_VIDEO: "The camera offers nothing that can be recorded here. Choose H.264 or H.265 in the camera, "
    "or another URL.",
    FaultKind.NOT_UNDERSTOOD: "Holdfast's own client does not understand the camera. GStreamer's is used for it.",
    FaultKind.TRANSPORT: "The camera does not send over this transport. The other one (TCP, UDP) is tried next.",
    FaultKind.NO_KEY_FRAME: "Frames arrive, but no key frame, so nothing can be played or recorded yet. "
    "Set a shorter key frame interval (GOP) in the camera.",
    FaultKind.BAD_STREAM: "The camera sends data that cannot be understood.",
    FaultKind.NO_TIMES: "The camera's frames carry no usable times, so they cannot be recorded.",
    FaultKind.PACKETS_LOST: "Packets of the camera did not arrive; the picture is damaged until the next key frame.",
    FaultKind.STORAGE_DISCONNECTED: "The recordings' folder cannot be written. Check the disk and its mount.",
    FaultKind.DISK_FULL: "The disk is full. Free some space: recording goes on by itself.",
    FaultKind.FOOTAGE_DROPPED: "Footage had to be dropped from memory, because it could not be written in time.",
    FaultKind.DECODER: "The picture cannot be decoded; recording is not touched by it.",
    FaultKind.SOUND: "The sound cannot be recorded at the moment; the picture is not touched by it.",
    FaultKind.VIDEO_SINK: "The live view failed; recording is not touched by it.",
    FaultKind.MUX: "The recording branch failed and was built anew.",
    FaultKind.ELEMENT_MISSING: "A part of GStreamer is missing on this machine.",
    FaultKind.WORKER_DIED: "The capture process ended unexpectedly and was replaced.",
    FaultKind.WORKER_HUNG: "The capture process did not react any more and was replaced.",
    FaultKind.WORKER_MEMORY: "The capture process used more memory than allowed and was replaced.",
}


def kind_of(error: ErrorReport) -> FaultKind:
    """The kind of fault that an error is. Total: every error has one."""
    kind = BY_DOMAIN_AND_CODE.get((error.branch, error.domain, error.code))
    if kind is not None:
        return kind
    if error.domain == RTSP_DOMAIN:
        return _kind_by_status(error.code)
    if error.branch is Branch.SOURCE and (error.domain, error.code) in UNSPECIFIC:
        return _kind_by_text(error.debug)
    return BY_BRANCH[error.branch]


def _kind_by_text(text: str) -> FaultKind:
    statuses = [behind or before for behind, before in _STATUS.findall(text)]
    by_text = next((kind for words, kind in BY_TEXT if words in text), FaultKind.RTSP_NETWORK)
    return _kind_by_status(int(statuses[-1]), by_text) if statuses else by_text


def _kind_by_status(status: int, otherwise: FaultKind = FaultKind.RTSP_NETWORK) -> FaultKind:
    if status in SERVER_ERRORS and status not in BY_STATUS:
        return FaultKind.SERVER_ERROR
    return BY_STATUS.get(status, otherwise)


def classify(error: ErrorReport) -> Fault:
    """The fault that an error is, with a sentence for a person and the detail for an engineer."""
    kind = kind_of(error)
    sentence = SENTENCES[kind]
    if error.domain == OWN_DOMAIN and kind in {FaultKind.NO_VIDEO, FaultKind.ELEMENT_MISSING, FaultKind.SOUND}:
        sentence = f"{sentence} ({error.text})"
    detail = f"{error.element}: {error.text} [{error.domain} {error.code}, {error.branch}] {error.debug}"
    return Fault(kind, redact(sentence), redact(" ".join(detail.split())))
