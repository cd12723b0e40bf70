"""Sources: what brings a camera's frames into a session's pipeline.

A source is a bin named "source". It finds out what the camera offers, takes the video track, and calls back with a
pad that delivers whole access units (`alignment=au`) with presentation times that come from the camera alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress
from holdfast.media.elements import Element, ElementMissing, make
from holdfast.media.gi import Gst, GstRtsp
from holdfast.media.sound_branch import KINDS, SoundListener
from holdfast.media.sync import Reports


class SourceListener(Protocol):
    """Who owns the source. Called from any thread."""

    @property
    def sound(self) -> SoundListener | None:
        """Who takes sound; None: nobody wants it."""

    def source_ready(self, pad: Any, codec: str) -> None:
        """The pad will deliver access units of `codec` ("h264" or "h265")."""

    def source_failed(self, error: ErrorReport) -> None:
        """The source cannot deliver."""

    def source_certificate(self, fingerprint: str) -> None:
        """The camera showed this certificate (SHA-256, in hexadecimal)."""

    def source_lost(self, packets: int) -> None:
        """At least so many packets of the video did not arrive, as the sequence numbers tell."""

    def source_ended(self) -> None:
        """The camera ended the stream in order: no further frame comes."""


class Source(Protocol):
    """One connection to one camera stream."""

    bin: Any
    """The Gst.Bin named "source", to be put into the pipeline."""

    def start(self) -> None:
        """The pipeline plays: connect. Returns at once."""

    def set_pace(self, *, watched: bool) -> None:
        """Whether somebody looks at the frames as they come; otherwise they may come in batches."""

    def drain(self, patience_s: float) -> None:
        """Hand on what the camera has sent up to now; returns when that is done, or after this time."""

    def close(self) -> None:
        """Take leave of the camera. Returns at once."""


SourceFactory = Callable[[StreamAddress, SourceListener], Source]


@dataclass(frozen=True, slots=True)
class Codec:
    """How one video codec is taken out of RTP and parsed."""

    name: str
    depay: str
    parse: str
    caps: str
    timestamper: str


CODECS = {
    "H264": Codec(
        "h264", "rtph264depay", "h264parse", "video/x-h264,stream-format=avc,alignment=au", "h264timestamper"
    ),
    "H265": Codec(
        "h265", "rtph265depay", "h265parse", "video/x-h265,stream-format=hvc1,alignment=au", "h265timestamper"
    ),
}
"""By the encoding name that RTP uses (RFC 6184, RFC 7798)."""


ON_THE_WAY_S = 0.05
"""What the camera had sent when the end was ordered has passed the pipeline by then."""
DEPAYLOADERS = {"MPEG4-GENERIC": "rtpmp4gdepay", "PCMU": "rtppcmudepay", "PCMA": "rtppcmadepay"}
"""Of sound (RFC 3640, RFC 3551), by the encoding name."""
MOST_DIGITS = 3
"""Of a payload type."""


def own_error(code: OwnError, text: str) -> ErrorReport:
    """An error that the source noticed by itself."""
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "source", text)


class RtspSrcSource:
    """GStreamer's rtspsrc with depayloader and parser.

    `buffer-mode=none`: presentation times come from the RTP timestamps only. The default mode makes buffers without
    or with backward times after a stall or a burst, which end mp4mux.
    """

    def __init__(self, address: StreamAddress, listener: SourceListener) -> None:
        """Build the bin. Raises ElementMissing."""
        self._listener = listener
        self._found = False
        self.bin = Gst.Bin.new("source")
        self._rtspsrc = make(
            Element(
                "rtspsrc",
                "rtspsrc",
                {
                    "location": address.url,
                    "protocols": address.transport,
                    "latency": 0 if address.transport == "tcp" else 200,
                    "buffer-mode": "none",
                    "user-agent": "Holdfast",
                    "tcp-timeout": 10_000_000,
                    # A camera that is gone cannot answer a TEARDOWN: do not wait long for it.
                    "teardown-timeout": 200_000_000,
                },
            )
        )
        if address.user:
            self._rtspsrc.set_property("user-id", address.user)
            self._rtspsrc.set_property("user-pw", address.password)
        self.bin.add(self._rtspsrc)
        self._rtspsrc.connect("on-sdp", self._on_sdp)
        self._rtspsrc.connect("select-stream", self._on_select_stream)
        self._rtspsrc.connect("pad-added", self._on_pad_added)
        self._rtspsrc.connect("new-manager", _tell_of_losses)
        if listener.sound is not None:
            self._reports = Reports(listener.sound)
            self._rtspsrc.connect("new-manager", self._reports.watch)
            self._rtspsrc.connect("before-send", self._on_request, listener.sound)

    def start(self) -> None:
        """See Source: rtspsrc connects by itself, on threads of its own."""

    def set_pace(self, *, watched: bool) -> None:
        """See Source: rtspsrc hands on every packet by itself."""

    def drain(self, patience_s: float) -> None:
        """See Source: what arrived is on its way through threads of rtspsrc."""
        time.sleep(min(patience_s, ON_THE_WAY_S))

    def close(self) -> None:
        """See Source: rtspsrc takes leave when the pipeline ends."""

    def _on_sdp(self, _rtspsrc: Any, sdp: Any) -> None:
        """Say at once when there is nothing that can be recorded (RFC 4566 section 5.14)."""
        media = [sdp.get_media(n) for n in range(sdp.medias_len())]
        videos = [m for m in media if m.get_media() == "video"]
        if not videos:
            kinds = ", ".join(sorted({m.get_media() for m in media})) or "nothing"
            self._listener.source_failed(
                own_error(OwnError.NO_VIDEO_TRACK, f"the camera offers no video track at this URL, but {kinds}")
            )
            return
        names = [_encoding_name(video) for video in videos]
        if not any(name in CODECS for name in names):
            self._listener.source_failed(
                own_error(OwnError.UNSUPPORTED_CODEC, f"the camera sends {', '.join(names)}, not H.264 or H.265")
            )

    def _on_select_stream(self, _rtspsrc: Any, number: int, caps: Any) -> bool:
        structure = caps.get_structure(0)
        if structure.get_string("media") == "audio":
            return self._selects_sound(number, structure)
        if self._found or structure.get_string("media") != "video":
            return False
        self._found = structure.get_string("encoding-name") in CODECS
        if self._found and self._listener.sound is not None:
            self._reports.video, self._reports.is_newest_sound = number, False
        return self._found

    def _on_request(self, _rtspsrc: Any, message: Any, sound: SoundListener) -> bool:
        """A track is set up right after it was selected; any other request says that the camera agreed to it."""
        is_setup = (
            message.type is GstRtsp.RTSPMsgType.REQUEST and message.parse_request()[1] is GstRtsp.RTSPMethod.SETUP
        )
        sound.is_asked_for = is_setup and self._reports.is_newest_sound
        return True

    def _selects_sound(self, number: int, structure: Any) -> bool:
        """Take the first track of sound that can be recorded, if sound is wanted."""
        if self._listener.sound is None or self._reports.sound is not None:
            return False
        name = structure.get_string("encoding-name") or "an unknown format"
        is_usable = name in DEPAYLOADERS and (name != "MPEG4-GENERIC" or _is_aac(structure))
        if is_usable:
            self._reports.sound, self._reports.is_newest_sound = number, True
        else:
            self._listener.sound.unusable(f"the camera's sound is {name}, not AAC or G.711")
        return is_usable

    def _on_pad_added(self, _rtspsrc: Any, pad: Any) -> None:
        caps = pad.get_current_caps() or pad.query_caps(None)
        name = caps.get_structure(0).get_string("encoding-name") or ""
        if self._listener.sound is not None and name in DEPAYLOADERS and self.bin.get_static_pad("sound") is None:
            sound = Gst.GhostPad.new("sound", pad)
            sound.set_active(True)
            self.bin.add_pad(sound)
            self._listener.sound.ready(sound, KINDS[name].behind(DEPAYLOADERS[name]))
            return
        codec = CODECS.get(name)
        if codec is None or self.bin.get_static_pad("src") is not None:
            return
        try:
            chain = [
                make(Element(codec.depay, "depay")),
                make(Element(codec.parse, "parse")),
                make(Element("capsfilter", "access-units", {"caps": codec.caps})),
            ]
        except ElementMissing as missing:
            self._listener.source_failed(own_error(OwnError.ELEMENT_MISSING, str(missing)))
            return
        for element in chain:
            self.bin.add(element)
        chain[0].link(chain[1])
        chain[1].link(chain[2])
        ghost = Gst.GhostPad.new("src", chain[2].get_static_pad("src"))
        ghost.set_active(True)
        self.bin.add_pad(ghost)
        self._listener.source_ready(ghost, codec.name)
        for element in chain:
            element.sync_state_with_parent()
        # Before the parser, which sends an event of its own with nearly every frame.
        pad.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_event)
        pad.link(chain[0].get_static_pad("sink"))

    def _on_event(self, _pad: Any, info: Any) -> Any:
        event = info.get_event()
        if event.type == Gst.EventType.EOS:
            self._end()
        elif event.has_name("GstRTPPacketLost"):
            self._listener.source_lost(1)
            # It is for the account only: whoever depays sees the gap in the sequence numbers by itself.
            return Gst.PadProbeReturn.DROP
        return Gst.PadProbeReturn.OK

    def _end(self) -> None:
        """The end is told when it has passed the parser, which still holds the last frame."""
        ghost = self.bin.get_static_pad("src")
        if ghost.get_current_caps() is None:
            # There was no frame, and the parser will only complain of that.
            self._listener.source_ended()
        else:
            ghost.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_parsed)

    def _on_parsed(self, _pad: Any, info: Any) -> Any:
        if info.get_event().type == Gst.EventType.EOS:
            self._listener.source_ended()
        return Gst.PadProbeReturn.OK


def _tell_of_losses(_rtspsrc: Any, manager: Any) -> None:
    manager.set_property("do-lost", True)


def _is_aac(structure: Any) -> bool:
    """RFC 3640 carries other things as well, such as CELP."""
    return (structure.get_string("mode") or "").lower().startswith("aac")


def _encoding_name(media: Any) -> str:
    payload = media.get_format(0) if media.formats_len() else ""
    # A camera may say anything; RTP has 128 payload types (RFC 3550 section 5.1).
    is_payload = payload.isascii() and payload.isdigit() and len(payload) <= MOST_DIGITS
    caps = media.get_caps_from_media(int(payload)) if is_payload else None
    name = caps.get_structure(0).get_string("encoding-name") if caps is not None else None
    return name or "an unknown format"
