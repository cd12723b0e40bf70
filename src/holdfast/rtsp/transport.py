"""The Transport header (RFC 2326 12.39): the channels on which a track comes."""

import re
from dataclasses import dataclass

_PAIR = re.compile(r"(\d{1,3})\s*(?:-\s*(\d{1,3}))?")
_MAX_CHANNEL = 255


@dataclass(frozen=True, slots=True)
class Channels:
    """The interleaved channels of one track."""

    packets: int
    reports: int

    def __str__(self) -> str:
        """As the header has it."""
        return f"{self.packets}-{self.reports}"


def ask_for(channels: Channels) -> str:
    """The value for a SETUP request."""
    return f"RTP/AVP/TCP;unicast;interleaved={channels}"


def agreed(value: str, asked: Channels) -> Channels | None:
    """What the camera answers; None when it sends over UDP only, whatever was asked for.

    Cameras leave the header out, name one channel only, or none; then it is what was asked for. What they say of the
    SSRC is not needed (Hikvision writes it with a space in it).
    """
    specification, *parameters = value.partition(",")[0].split(";")
    found = _interleaved(parameters)
    if found is not None:
        return found
    protocol = specification.strip().upper()
    over_udp = protocol in ("RTP/AVP", "RTP/AVP/UDP") and any("port" in parameter.lower() for parameter in parameters)
    return None if over_udp else asked


def _interleaved(parameters: list[str]) -> Channels | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        pair = _PAIR.match(value.strip(' \t"'))
        if name.strip().lower() != "interleaved" or pair is None:
            continue
        packets = int(pair[1])
        reports = int(pair[2]) if pair[2] else packets + 1
        if max(packets, reports) <= _MAX_CHANNEL and packets != reports:
            return Channels(packets, reports)
    return None
