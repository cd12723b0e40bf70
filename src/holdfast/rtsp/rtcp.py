"""RTCP (RFC 3550 section 6): what the camera reports of its clock, and what is reported to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct

from holdfast.rtsp.rtp import VERSION, Reception

SENDER_REPORT = 200
RECEIVER_REPORT = 201
DESCRIPTION = 202
BYE = 203
NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970."""
_HEADER = Struct(">BBH")
_SENDER = Struct(">IIII")
"""Source, seconds and fraction of the wall clock, time stamp; packets and octets follow."""
_BLOCK = Struct(">IIIIII")
_CNAME = 1
_ERA_S = 1 << 32
_U32_MASK = (1 << 32) - 1
_MAX_CUMULATIVE = (1 << 23) - 1
_MAX_FRACTION = 255


@dataclass(frozen=True, slots=True)
class SenderReport:
    """One moment on two clocks of the camera: what ties its tracks together."""

    ntp_ns: int
    """Unix time. A camera whose clock was never set may be decades off; all its tracks are then off alike."""
    ticks: int
    """On the scale of the receiver's units."""


class Reports:
    """Reports both ways for one track."""

    def __init__(self, ssrc: int, ticks_of: Callable[[int], int | None], *, name: str = "holdfast") -> None:
        """`ssrc` is our own; `ticks_of` the receiver's method; `name` our CNAME, at most 255 bytes of UTF-8."""
        self.has_ended = False
        """Whether the camera said that it sends no more."""
        self._ssrc = ssrc
        self._ticks_of = ticks_of
        self._name = name.encode()
        self._moment: tuple[int, int] | None = None
        self._sender: SenderReport | None = None
        # Of the last sender report: the middle 32 bits of its time, and when it came.
        self._last: tuple[int, float] | None = None
        self._reported = Reception(0, 0, 0, 0)

    @property
    def sender(self) -> SenderReport | None:
        """The last sender report that said the time; None before, and before the receiver's first unit."""
        if self._moment is not None:
            ntp_ns, stamp = self._moment
            ticks = self._ticks_of(stamp)
            if ticks is not None:
                self._sender = SenderReport(ntp_ns, ticks)
                self._moment = None
        return self._sender

    def receive(self, data: bytes, spans: Sequence[tuple[int, int]], now_s: float) -> None:
        """Take compound packets, each where its span begins and ends in `data`; `now_s` is monotonic.

        What is no report is ignored. A packet that says that it is longer than it is ends the compound one.
        """
        for begin, end in spans:
            at = begin
            while at + _HEADER.size <= end:
                flags, kind, words = _HEADER.unpack_from(data, at)
                if flags >> 6 != VERSION:
                    break
                if kind == SENDER_REPORT and at + _HEADER.size + _SENDER.size <= end:
                    self._receive_sender(data, at + _HEADER.size, now_s)
                elif kind == BYE:
                    self.has_ended = True
                at += _HEADER.size + 4 * words

    def write(self, reception: Reception | None, now_s: float) -> bytes:
        """A receiver report and a source description (sections 6.4.2, 6.5); `reception` None: nothing came so far.

        The jitter is given as 0: over TCP the arrival of packets says nothing of the network.
        """
        blocks = b"" if reception is None else self._block(reception, now_s)
        report = _packet(RECEIVER_REPORT, len(blocks) // _BLOCK.size, self._ssrc, blocks)
        item = bytes((_CNAME, len(self._name))) + self._name
        # At least one zero ends the items of a source, and as many more as fill the word.
        description = item + bytes(4 - len(item) % 4)
        return report + _packet(DESCRIPTION, 1, self._ssrc, description)

    def _receive_sender(self, data: bytes, at: int, now_s: float) -> None:
        _, seconds, fraction, stamp = _SENDER.unpack_from(data, at)
        self._last = ((seconds << 16 | fraction >> 16) & _U32_MASK, now_s)
        if not seconds and not fraction:
            return  # no clock (section 6.4.1)
        if seconds < _ERA_S // 2:
            seconds += _ERA_S  # from 2036 on the count begins again (RFC 5905 section 6)
        self._moment = ((seconds - NTP_EPOCH_S) * 10**9 + (fraction * 10**9 >> 32), stamp)

    def _block(self, now: Reception, now_s: float) -> bytes:
        before = self._reported
        if now.ssrc != before.ssrc or now.expected < before.expected:
            before = Reception(now.ssrc, 0, 0, 0)
        self._reported = now
        expected = now.expected - before.expected
        fraction = min((now.lost - before.lost) * 256 // expected, _MAX_FRACTION) if expected else 0
        last, delay = 0, 0
        if self._last is not None:
            last, came_s = self._last
            delay = min(int(max(now_s - came_s, 0) * 65_536), _U32_MASK)
        lost = fraction << 24 | min(now.lost, _MAX_CUMULATIVE)
        return _BLOCK.pack(now.ssrc, lost, now.highest & _U32_MASK, 0, last, delay)


def _packet(kind: int, count: int, ssrc: int, body: bytes) -> bytes:
    return _HEADER.pack(VERSION << 6 | count, kind, 1 + len(body) // 4) + ssrc.to_bytes(4, "big") + body
