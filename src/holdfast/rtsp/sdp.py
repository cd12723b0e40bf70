"""What a camera offers: session descriptions (RFC 4566) as they are really written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from holdfast.rtsp import urls
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import text_of

MAX_LINES = 4096
MAX_TRACKS = 64
MAX_PARAMETERS = 128
RECORDABLE = ("H264", "H265")
"""Encodings of video that this client understands."""
AUDIBLE = ("MPEG4-GENERIC", "PCMU", "PCMA")
"""Encodings of sound that it understands."""

_VIDEO_CLOCK_HZ = 90_000
_STATIC: Mapping[int, tuple[str, int]] = {
    0: ("PCMU", 8000),
    3: ("GSM", 8000),
    4: ("G723", 8000),
    8: ("PCMA", 8000),
    9: ("G722", 8000),
    14: ("MPA", 90_000),
    18: ("G729", 8000),
    26: ("JPEG", 90_000),
    31: ("H261", 90_000),
    32: ("MPV", 90_000),
    33: ("MP2T", 90_000),
    34: ("H263", 90_000),
}
"""Payload types that need no rtpmap (RFC 3551 section 6)."""
_ALIASES = {"HEVC": "H265", "AVC": "H264", "G711U": "PCMU", "G711A": "PCMA"}
_MEDIA = re.compile(r"\s*(\S+)\s+\S+\s+\S+\s*(.*)")
_RTPMAP = re.compile(r"\s*(\d{1,3})\s+([^\s/]+)\s*(?:/\s*(\d{1,9})\s*(?:/\s*(\d{1,3}))?)?")
_FMTP = re.compile(r"\s*(\d{1,3})\s+(.*)", re.DOTALL)
_NUMBER = re.compile(r"\d{1,3}")
_MAX_PAYLOAD_TYPE = 127
_MAX_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """One `m=` section of a session description."""

    kind: str
    """"video", "audio" or another word, such as "application"."""
    encoding: str
    """The name in `rtpmap`, in upper case: "H264", "H265", "MPEG4-GENERIC", "PCMU", "PCMA"."""
    payload_type: int
    """0 to 127."""
    clock_rate: int
    """Ticks of an RTP time stamp per second."""
    channels: int = 1
    fmtp: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the format, names in lower case, values as written."""
    control: str = ""
    """URL of the track, absolute."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a camera offers at a URL."""

    control: str
    """URL of all tracks together, absolute."""
    tracks: tuple[MediaTrack, ...]
    """Those that the camera sends, in its order; channels back to the camera (ONVIF) are not among them."""


@dataclass(slots=True)
class _Section:
    """The lines of one `m=` section, or those before the first."""

    kind: str = ""
    formats: tuple[int, ...] = ()
    rtpmaps: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    control: str = ""
    direction: str = ""


def read_description(body: bytes, base: str) -> Description:
    """Read a session description; `base` is the URL that its controls are relative to (see `urls.base_of`).

    What makes no sense is left out, down to a description without a track. Raises RtspError beyond the limits of this
    module.
    """
    session, *sections = _sections(body)
    video_is_sent = any(section.kind == "video" and section.direction == "sendonly" for section in sections)
    control = urls.joined(base, session.control)
    # RFC 2326 C.1.1 knows the base only; but cameras are made to work with clients for which a whole URL replaces it.
    tracks_base = control if urls.is_absolute(session.control) else base
    tracks = [
        _track(section, urls.joined(tracks_base, section.control) if section.control else control)
        for section in sections
        if _is_sent(section, video_is_sent=video_is_sent)
    ]
    return Description(control, tuple(track for track in tracks if track is not None))


def _sections(body: bytes) -> list[_Section]:
    lines = re.split(r"[\r\n]+", text_of(body))
    if len(lines) > MAX_LINES:
        sentence = "The camera's description of its stream is too long."
        raise RtspError(sentence)
    found = [_Section()]
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "m":
            found.append(_begun(value))
        elif name == "a":
            _note(found[-1], value)
        if len(found) > MAX_TRACKS + 1:
            sentence = "The camera's description of its stream has too many tracks."
            raise RtspError(sentence)
    return found


def _begun(value: str) -> _Section:
    """The section that an `m=` line begins; one without a kind when the line makes no sense."""
    media = _MEDIA.fullmatch(value)
    if media is None:
        return _Section()
    formats = [int(word) for word in media[2].split() if _NUMBER.fullmatch(word)]
    return _Section(media[1].lower(), tuple(number for number in formats if number <= _MAX_PAYLOAD_TYPE))


def _note(section: _Section, attribute: str) -> None:
    name, _, value = attribute.partition(":")
    match name.strip().lower():
        case "control":
            section.control = section.control or value.strip()
        case "rtpmap" if found := _RTPMAP.match(value):
            encoding = found[2].upper()
            mapped = (_ALIASES.get(encoding, encoding), int(found[3] or 0), int(found[4] or 1))
            section.rtpmaps.setdefault(int(found[1]), mapped)
        case "fmtp" if found := _FMTP.match(value):
            section.fmtps.setdefault(int(found[1]), found[2])
        case "sendonly" | "recvonly" | "sendrecv" | "inactive" as direction:
            section.direction = direction
        case _:
            pass


def _is_sent(section: _Section, *, video_is_sent: bool) -> bool:
    """Whether the camera sends it.

    Directions are those of the client, so that sound with `sendonly` goes to the camera (ONVIF Streaming 5.3). A camera
    that writes its own direction says `sendonly` of its video, too.
    """
    if section.direction == "inactive":
        return False
    return section.kind != "audio" or section.direction != "sendonly" or video_is_sent


def _track(section: _Section, control: str) -> MediaTrack | None:
    """The format that can be recorded, or else the first; None when there is none."""
    choice = [found for number in _payload_types(section) if (found := _format(section, number, control)) is not None]
    fitting = (track for track in choice if track.encoding in RECORDABLE + AUDIBLE)
    return next(fitting, choice[0] if choice else None)


def _payload_types(section: _Section) -> Iterator[int]:
    """Those of the `m=` line, and then those that have an rtpmap only."""
    yield from section.formats
    yield from (number for number in section.rtpmaps if number not in section.formats and number <= _MAX_PAYLOAD_TYPE)


def _format(section: _Section, number: int, control: str) -> MediaTrack | None:
    fmtp = _parameters(section.fmtps.get(number) or _only(section.fmtps))
    encoding, clock_rate, channels = section.rtpmaps.get(number) or (*_STATIC.get(number, ("", 0)), 1)
    if not encoding and section.kind == "video":
        encoding = _guessed(fmtp)
    if not section.kind or not encoding:
        return None
    if encoding in RECORDABLE or not clock_rate:
        # RFC 6184 8.2.1 and RFC 7798 7.1 know this one only; cameras that write another have this one all the same.
        clock_rate = _VIDEO_CLOCK_HZ if section.kind == "video" else _STATIC.get(number, ("", 8000))[1]
    channels = min(max(channels, 1), _MAX_CHANNELS)
    return MediaTrack(section.kind, encoding, number, clock_rate, channels, fmtp, control)


def _only(fmtps: Mapping[int, str]) -> str:
    """Parameters that are filed under a payload type that nothing has."""
    return next(iter(fmtps.values())) if len(fmtps) == 1 else ""


def _guessed(fmtp: Mapping[str, str]) -> str:
    """The encoding of a video track without rtpmap, by the parameters that only it has."""
    if "sprop-parameter-sets" in fmtp:
        return "H264"
    return "H265" if "sprop-sps" in fmtp else ""


def _parameters(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for parameter in text.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]:
        name, _, value = parameter.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found
