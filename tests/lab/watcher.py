"""A client of simulated cameras for these tests: plain sockets, and none of the lab's own packetising."""

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from holdfast.lab import sei
from holdfast.lab.nal import Codec, nal_type


@dataclass
class Seen:
    """One frame as it came over the network."""

    stamp: sei.Stamp
    rtp_time: int
    nal_types: list[int] = field(default_factory=list)
    sets: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


class Watcher:
    """Plays one camera."""

    def __init__(self, url: str, codec: Codec = "h264", timeout_s: float = 10.0, channel: int = 0) -> None:
        parts = urlsplit(url)
        self._codec = codec
        self._url = f"rtsp://{parts.hostname}:{parts.port}{parts.path}"
        self._channel = channel
        self._socket = socket.create_connection((str(parts.hostname), parts.port or 0), timeout=timeout_s)
        self._stream = self._socket.makefile("rb")
        self._cseq = 0
        self.sequence_numbers: list[int] = []
        self.reports = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, method: str, headers: str = "", path: str = "") -> tuple[int, str, str]:
        """Status, header and body of an answer."""
        self._cseq += 1
        self._socket.sendall(f"{method} {self._url}{path} RTSP/1.0\r\nCSeq: {self._cseq}\r\n{headers}\r\n".encode())
        head = ""
        while not head.endswith("\r\n\r\n"):
            line = self._stream.readline()
            if not line:
                raise ConnectionError("closed instead of an answer")
            head += line.decode()
        length = re.search(r"Content-Length: (\d+)", head)
        body = self._stream.read(int(length[1])).decode() if length else ""
        return int(head.split()[1]), head, body

    def play(self) -> str:
        """Set up and play; returns the session description."""
        status, _, description = self.ask("DESCRIBE")
        assert status == 200
        channels = f"{self._channel}-{self._channel + 1}"
        transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}\r\n"
        assert self.ask("SETUP", transport, "/track1")[0] == 200
        assert self.ask("PLAY")[0] == 200
        return description

    def packet(self) -> bytes | None:
        """The next RTP packet; None at the end of the connection. Sender reports are counted."""
        while True:
            head = self._stream.read(4)
            if len(head) < 4:
                return None
            data = self._stream.read(int.from_bytes(head[2:], "big"))
            assert head[:1] == b"$"
            if head[1] == self._channel:
                return data
            assert head[1] == self._channel + 1
            self.reports += 1

    def frame(self) -> Seen | None:
        """The next frame, up to its marker bit; None at the end of the connection."""
        seen: Seen | None = None
        sets: list[bytes] = []
        types: list[int] = []
        sizes: list[int] = []
        while (packet := self.packet()) is not None:
            self.sequence_numbers.append(int.from_bytes(packet[2:4], "big"))
            nals, kind = self._nals(packet[12:])
            types += [kind] if kind >= 0 else [nal_type(self._codec, nal) for nal in nals]
            sets += [nal for nal in nals if nal_type(self._codec, nal) in {7, 8, 32, 33, 34}]
            sizes.append(len(packet))
            stamp = sei.find(self._codec, nals)
            if stamp is not None:
                seen = Seen(stamp, int.from_bytes(packet[4:8], "big"), types, sets, sizes)
            if packet[1] & 0x80:
                assert seen is not None
                return seen
        return None

    def frames(self, count: int) -> list[Seen]:
        """That many frames, or fewer when the connection ends."""
        seen: list[Seen] = []
        while len(seen) < count and (frame := self.frame()) is not None:
            seen.append(frame)
        return seen

    def drop_what_came(self) -> None:
        """Forget what is on its way by now."""
        self._socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while self._socket.recv(1 << 16):
                pass

    def silence_s(self, limit_s: float) -> float:
        """How long nothing comes; at most the limit."""
        begin_s = time.monotonic()
        self._socket.settimeout(limit_s)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return limit_s
        return time.monotonic() - begin_s

    def _nals(self, payload: bytes) -> tuple[list[bytes], int]:
        """Whole NAL units, or none and the type of the one of which this is a fragment."""
        kind = nal_type(self._codec, payload)
        if self._codec == "h264" and kind == 24:
            nals, at = [], 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                nals.append(payload[at + 2 : at + 2 + size])
                at += 2 + size
            return nals, -1
        if self._codec == "h264" and kind == 28:
            return [], payload[1] & 0x1F
        if self._codec == "h265" and kind == 49:
            return [], payload[2] & 0x3F
        return [payload], -1
