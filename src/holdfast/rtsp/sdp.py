"""What a camera offers: session descriptions (RFC 4566) as they are really written."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
