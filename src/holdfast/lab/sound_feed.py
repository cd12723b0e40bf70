"""The sound of a simulated camera, packet by packet, as it is and as it should not be."""

import asyncio
import struct
import time
from random import Random
from typing import Literal

from holdfast.lab import rtp
from holdfast.lab.camera import REPORT_INTERVAL_S, Camera
from holdfast.lab.sound import SoundClip

Manner = Literal["right", "none", "nonsense", "flood", "random times"]
"""How it sounds: as it should, not at all, random bytes in place of the payloads, much too much, at random times."""
MANNERS: tuple[Manner, ...] = ("right", "none", "nonsense", "flood", "random times")

FLOOD = 60
"""Packets of nonsense with each right one."""
_FLOOD_BYTES = 1300
_MARKER = 0x80


class SoundFeed:
    """Packet n has the samples from t0 + n * d on, and is sent when the last of them was taken."""

    def __init__(self, camera: Camera, clip: SoundClip, chance: Random) -> None:
        self.manner: Manner = "right"
        self._camera, self._clip, self._chance = camera, clip, chance
        self._ssrc, self._base, self._seq = chance.getrandbits(32), chance.getrandbits(32), chance.getrandbits(16)
        self._packets = self._octets = 0
        self._number = 0
        self._reported_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, start_s: float) -> None:
        """Begin in the running loop, with the first sample at `start_s` of its clock."""
        self._loop = asyncio.get_running_loop()
        self._start_s = start_s
        self._timer = self._loop.call_at(self._taken_s(1), self._tick)

    def stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _taken_s(self, number: int) -> float:
        return self._start_s + number * self._clip.samples / self._clip.clock_hz

    def _tick(self) -> None:
        while self._taken_s(self._number + 1) <= self._loop.time():
            self._emit()
            self._number += 1
        self._timer = self._loop.call_at(self._taken_s(self._number + 1), self._tick)

    def _emit(self) -> None:
        payload = self._clip.payloads[self._number % len(self._clip.payloads)]
        right = self._base + self._number * self._clip.samples
        match self.manner:
            case "none":
                return
            case "right":
                self._report(right)
                self._send(payload, right)
            case "nonsense":
                self._send(self._chance.randbytes(len(payload)), right)
            case "random times":
                self._send(payload, self._chance.getrandbits(32))
            case "flood":
                self._send(payload, right)
                for _ in range(FLOOD):
                    self._send(self._chance.randbytes(_FLOOD_BYTES), right + self._chance.randrange(-99_999, 99_999))

    def _send(self, payload: bytes, rtp_time: int) -> None:
        kind = self._clip.payload_type | _MARKER
        header = struct.pack(">BBHII", 0x80, kind, self._seq, rtp_time & 0xFFFFFFFF, self._ssrc)
        self._seq = (self._seq + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        for client in self._camera.listeners():
            if client.sound_channel is not None and client.pipe.pending() < self._camera.spec.buffer_limit_bytes // 2:
                client.pipe.write(rtp.interleaved(client.sound_channel, header + payload))

    def _report(self, rtp_time: int) -> None:
        """Sender reports, as of the picture: of the same clock."""
        if not self._camera.spec.reports:
            return
        now_s = self._loop.time()
        due = now_s - self._reported_at_s >= REPORT_INTERVAL_S
        listeners = [client for client in self._camera.listeners() if due or not client.sound_reported]
        if not listeners:
            return
        self._reported_at_s = now_s if due else self._reported_at_s
        wall_ns = time.time_ns() - round((now_s - self._taken_s(self._number)) * 1e9)
        report = rtp.sender_report(self._ssrc, wall_ns, rtp_time, self._packets, self._octets)
        for client in listeners:
            client.sound_reported = True
            if client.sound_channel is not None:
                client.pipe.write(rtp.interleaved(client.sound_channel + 1, report))
