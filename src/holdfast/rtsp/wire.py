"""A byte stream cut into messages and interleaved packets (RFC 2326 section 10.12), found again after nonsense.

This is the hot path: a camera of 4 Mbit/s sends 400 packets a second. They are handled as pairs of numbers in the bytes
that were read, and nothing is copied but what a read left incomplete.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import (
    MAX_HEAD_BYTES,
    Message,
    content_length,
    read_first_line,
    read_headers,
)

Span: TypeAlias = tuple[int, int]

MAX_SKIPPED_BYTES = 1 << 20
MAX_RESYNCHRONISATIONS = 1024
"""So much nonsense, so often, is borne without two good packets in a row in between."""

_DOLLAR = 0x24
_HEAD_BYTES = 4
"""`$`, channel, length in two bytes."""
_MAX_LINE_BYTES = 4096
_ANSWER = b"RTSP/1.0"
_LINE_ENDS = re.compile(rb"[\r\n]+")
_FIRST_LINE = re.compile(rb"[A-Za-z][\t\x20-\x7e\x80-\xff]*\r?")
_HEAD_END = re.compile(rb"\n\r?\n")
_CANDIDATE = re.compile(rb"\$|RTSP/1\.0|R(?:T(?:S(?:P(?:/(?:1\.?)?)?)?)?)?\Z")


@dataclass(slots=True)
class Batch:
    """What was read: packets, and behind them at most one message."""

    data: bytes
    spans: dict[int, list[Span]] = field(default_factory=dict)
    """By channel: where in `data` each packet, without the four bytes before it, begins and ends."""
    message: Message | None = None


class Wire:
    """Cuts what a camera sends. How the network had cut it makes no difference to what comes out.

    At most one incomplete unit is kept: a packet (64 KiB) or a message (64 KiB of head, 1 MiB of body).
    """

    def __init__(self) -> None:
        self.skipped_bytes = 0
        """What made no sense, so far."""
        self._channels: frozenset[int] | None = None
        self._held = bytearray()
        """What may be the beginning of a unit."""
        self._needed = 0
        """With fewer bytes than this, `_held` tells nothing new. 0 while there is something to be cut."""
        self._seeks_head_end = False
        self._rest: tuple[bytes, int] | None = None
        """Where to go on behind a message."""
        self._lost = False
        """The next begin of a unit is searched for."""
        self._skipped = 0
        self._resynchronisations = 0
        self._base = 0
        self._proof = 0
        """So many bytes from `_base` on must make sense, and more than them, until the last find was a good one."""

    @property
    def channels(self) -> frozenset[int] | None:
        """The channels that were agreed on, which help to tell packets from nonsense; None as long as any will do."""
        return self._channels

    @channels.setter
    def channels(self, channels: Iterable[int] | None) -> None:
        self._channels = None if channels is None else frozenset(channels)

    def feed(self, data: bytes) -> Batch:
        """The packets in what was read, up to the first message. Raises RtspError beyond the limits of this module.

        Behind a message there may be more: feed(b"") until the batch has none. Packets on channels that were not
        agreed on are left out.
        """
        at = 0
        if self._rest is not None:
            rest, at = self._rest
            self._rest = None
            data, at = (rest[at:] + data, 0) if data else (rest, at)
        elif self._held:
            joined = self._join(data)
            if joined is None:
                return Batch(b"")
            data = joined
        return self._cut(data, at)

    def _join(self, data: bytes) -> bytes | None:
        """What was held back with what came, or None while that tells nothing new. No byte is looked at twice."""
        held = self._held
        size = len(held) + len(data)
        if self._seeks_head_end and size < MAX_HEAD_BYTES:
            tells = _HEAD_END.search(held[-2:] + data) is not None
        else:
            tells = size >= self._needed
        if not tells:
            held += data
            return None
        self._held = bytearray()
        return b"".join((held, data))

    def _cut(self, data: bytes, at: int) -> Batch:
        batch = Batch(data)
        adders = _Adders(batch.spans, self._channels)
        self._needed, self._seeks_head_end, self._base = 0, False, at
        while not self._needed and batch.message is None:
            if self._lost:
                at = self._search(data, at)
                continue
            at = self._packets(data, at, adders)
            if not self._needed:
                at = self._other(data, at, batch)
        if not self._lost:
            self._settle(at)
        if batch.message is not None:
            self._rest = (data, at)
        elif at < len(data):
            self._held += data[at:]
        return batch

    def _packets(self, data: bytes, at: int, adders: "_Adders") -> int:
        """Add the packets from `at` on; returns where something else begins, or one that is not complete."""
        end = len(data)
        try:
            while data[at] == _DOLLAR:
                begin = at + 4
                stop = begin + (data[at + 2] << 8 | data[at + 3])
                if stop > end:
                    self._needed = stop - at
                    return at
                adders[data[at + 1]]((begin, stop))
                at = stop
        except IndexError:
            # Behind the last packet, or in the four bytes before the next one.
            self._needed = _HEAD_BYTES
        except KeyError:
            # Not a channel that was agreed on.
            return at
        return at

    def _other(self, data: bytes, at: int, batch: Batch) -> int:
        """What is no packet on a known channel; returns where to go on."""
        if data[at] == _DOLLAR:
            return self._strange(data, at)
        # Some cameras write an empty line between messages, or count one too few in a length.
        if between := _LINE_ENDS.match(data, at):
            return between.end()
        line = _FIRST_LINE.match(data, at, at + _MAX_LINE_BYTES)
        stop = at if line is None else line.end()
        if line is not None and stop == len(data) and stop - at < _MAX_LINE_BYTES:
            self._needed = stop - at + 1
            return at
        first = read_first_line(data[at:stop]) if data[stop : stop + 1] == b"\n" else None
        return self._lose(at) if first is None else self._message(data, at, stop, first, batch)

    def _message(self, data: bytes, at: int, line_end: int, first: Message, batch: Batch) -> int:
        head = _HEAD_END.search(data, line_end, at + MAX_HEAD_BYTES)
        if head is None and len(data) - at < MAX_HEAD_BYTES:
            self._needed, self._seeks_head_end = len(data) - at + 1, True
            return at
        if head is None:
            sentence = "The head of the camera's answer has no end."
            raise RtspError(sentence)
        headers = read_headers(data[line_end + 1 : head.end()])
        stop = head.end() + content_length(headers)
        if stop > len(data):
            self._needed = stop - at
            return at
        batch.message = replace(first, headers=headers, body=data[head.end() : stop])
        return stop

    def _strange(self, data: bytes, at: int) -> int:
        """A packet on a channel that nobody agreed on: it is passed over if a unit begins behind it."""
        stop = _packet_end(data, at)
        begins = self._begins(data, stop, strange=True)
        if begins is None:
            self._needed = max(stop, len(data)) - at + 1
            return at
        return stop if begins else self._lose(at)

    # ------------------------------------------------------------ nonsense

    def _lose(self, at: int) -> int:
        self._settle(at)
        self._lost = True
        self._resynchronisations += 1
        if self._resynchronisations > MAX_RESYNCHRONISATIONS:
            sentence = "The camera sends data that is no RTSP again and again."
            raise RtspError(sentence)
        self._skip(1)
        return at + 1

    def _search(self, data: bytes, at: int) -> int:
        """Skip to the next place where a unit plausibly begins."""
        for candidate in _CANDIDATE.finditer(data, at):
            begin = candidate.start()
            found = self._is_unit(data, begin)
            if found is False:
                continue
            self._skip(begin - at)
            self._lost = found is None
            self._base = begin
            return begin
        self._skip(len(data) - at)
        self._needed = 1
        return len(data)

    def _is_unit(self, data: bytes, at: int) -> bool | None:
        """Whether a packet on a known channel, with a begin of a unit behind it, or an answer is here.

        None: that cannot be said before there are `_needed` bytes.
        """
        stop = at
        if data[at] == _DOLLAR:
            self._needed = _HEAD_BYTES
            if len(data) - at < _HEAD_BYTES:
                return None
            self._needed = 0
            if self._channels is not None and data[at + 1] not in self._channels:
                return False
            stop = _packet_end(data, at)
        begins = self._begins(data, stop)
        if begins is None:
            self._needed = max(stop, len(data)) - at + 1
        elif begins:
            self._proof = stop - at
        return begins

    def _begins(self, data: bytes, at: int, *, strange: bool = False) -> bool | None:
        """Whether a packet on a known channel (`strange`: on any) or an answer begins here. None: too few bytes."""
        head = data[at : at + len(_ANSWER)]
        if head[:1] == b"$" and len(head) > 1:
            return strange or self._channels is None or head[1] in self._channels
        if len(head) < len(_ANSWER) and (_ANSWER.startswith(head) or head == b"$"):
            return None
        return head == _ANSWER

    def _skip(self, count: int) -> None:
        self.skipped_bytes += count
        self._skipped += count
        if self._skipped > MAX_SKIPPED_BYTES:
            sentence = "What the camera sends is no RTSP."
            raise RtspError(sentence)

    def _settle(self, at: int) -> None:
        """All up to `at` made sense: enough of it ends the counting of nonsense."""
        passed, self._base = at - self._base, at
        if passed > self._proof:
            self._skipped = self._resynchronisations = self._proof = 0
        else:
            self._proof -= passed


def _packet_end(data: bytes, at: int) -> int:
    return at + _HEAD_BYTES + (data[at + 2] << 8 | data[at + 3])


class _Adders(dict[int, Callable[[Span], None]]):
    """By channel: what adds a span to its list. Raises KeyError for a channel that was not agreed on."""

    def __init__(self, spans: dict[int, list[Span]], channels: frozenset[int] | None) -> None:
        self._spans = spans
        self._channels = channels

    def __missing__(self, channel: int) -> Callable[[Span], None]:
        if self._channels is not None and channel not in self._channels:
            raise KeyError(channel)
        add = self._spans.setdefault(channel, []).append
        self[channel] = add
        return add
