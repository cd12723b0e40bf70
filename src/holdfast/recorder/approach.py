"""How a stream is fetched: over which transport and by which client, after what has failed."""

import logging
from dataclasses import replace

from holdfast.domain.faults import Fault, FaultKind
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.recorder.pins import Pins

IN_VAIN = frozenset({FaultKind.STALLED, FaultKind.RTSP_NETWORK})
LOG = logging.getLogger("holdfast.rtsp")


class Approach:
    """The address as it is used at present."""

    def __init__(self, stream: StreamId, planned: StreamAddress, pins: Pins) -> None:
        """Begin as planned."""
        self.reason = ""
        """Why the native client was given up for this camera; empty when it was not."""
        self._stream, self._planned, self._pins = stream, planned, pins
        self._address = planned

    @property
    def address(self) -> StreamAddress:
        """With the certificate that is pinned by now."""
        return replace(self._address, pin=self._pins.of(self._planned))

    def saw(self, fingerprint: str) -> None:
        """The camera showed this certificate."""
        self._pins.saw(self._planned, self._stream.camera, fingerprint)

    def trust(self) -> str:
        """Take the next certificate, whichever it is. The fingerprint that is forgotten, empty when there is none."""
        return self._pins.forget(self._planned)

    def failed(self, fault: Fault, *, had_frames: bool) -> None:
        """Try it differently, when the fault says that this may help."""
        usual = self._address.transport if had_frames else self._planned.transport
        address = _after(fault, self._address, usual)
        if address.chosen_source != self._address.chosen_source:
            self.reason = fault.detail if address.chosen_source == "rtspsrc" else ""
            LOG.info("%s: the client is %s now: %s", self._stream, address.chosen_source, fault.detail)
        self._address = address


def _after(fault: Fault, address: StreamAddress, usual: str) -> StreamAddress:
    """A camera that does not send over TCP may send over UDP, and the other way round.

    `usual`: what to go back to when nothing came over this one either: it said so once only, or a firewall is between.
    """
    if fault.kind is FaultKind.NOT_UNDERSTOOD and address.source == "auto":
        return replace(address, source="rtspsrc")
    if fault.kind is FaultKind.TRANSPORT:
        return replace(address, transport="udp" if address.transport == "tcp" else "tcp")
    return replace(address, transport=usual) if fault.kind in IN_VAIN else address
