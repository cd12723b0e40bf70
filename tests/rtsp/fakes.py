"""A camera that answers from a script, and receivers that only note what they are given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.lab.camera_answers import DESCRIPTIONS, OTHERS, PLAYS, SETUPS, sent
from holdfast.rtsp.auth import Credentials
from holdfast.rtsp.client import DEFAULT_PATIENCE, Client, Patience
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Event, Sound, Units
from holdfast.rtsp.receivers import TicksOf
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.wire import Span

URL = "rtsp://192.0.2.5/live"
OPTIONS = OTHERS["options"]
SOUNDING = DESCRIPTIONS["static type without rtpmap, base64 without its end"]
SETUP = SETUPS["with a space in the SSRC"]
PLAY = PLAYS["with times"]
BYE, BAD = b"bye", b"bad"


@dataclass
class FakeReceiver:
    """Every packet is a unit; one that waits for the next is told at the end. Bad packets raise."""

    track: MediaTrack
    ended: list[bytes] = field(default_factory=list)
    lost: int = 0
    reception: Any = "reception"

    def receive(self, data: bytes, spans: Sequence[Span]) -> list[Any]:
        packets = [data[begin:end] for begin, end in spans]
        if BAD in packets:
            raise RtspError("bad packet")
        self.lost += packets.count(b"")
        return [packet for packet in packets if packet]

    def ticks_of(self, stamp: int) -> int | None:
        return stamp

    def end(self) -> list[Any]:
        ended, self.ended = self.ended, []
        return list(ended)

    def take_lost(self) -> int:
        lost, self.lost = self.lost, 0
        return lost

    def take_damaged(self) -> int:
        return 0


@dataclass
class FakeReports:
    report: bytes = b"report"
    sender: SenderReport | None = None
    has_ended: bool = False
    received: list[bytes] = field(default_factory=list)

    def receive(self, data: bytes, spans: Sequence[Span], now_s: float) -> None:
        self.received += [data[begin:end] for begin, end in spans]
        self.has_ended |= BYE in self.received

    def write(self, reception: object, now_s: float) -> bytes:
        assert reception == "reception"
        return self.report


@dataclass
class FakeReceivers:
    made: dict[str, FakeReceiver] = field(default_factory=dict)
    reported: dict[str, FakeReports] = field(default_factory=dict)
    refuses_sound: bool = False

    def video(self, track: MediaTrack) -> FakeReceiver:
        return self.made.setdefault("video", FakeReceiver(track))

    def sound(self, track: MediaTrack) -> FakeReceiver:
        if self.refuses_sound:
            raise RtspError("no config")
        return self.made.setdefault("sound", FakeReceiver(track))

    def reports(self, ssrc: int, ticks_of: TicksOf) -> FakeReports:
        kind = "audio" if "sound" in self.made else "video"
        assert ticks_of(3) == 3
        return self.reported.setdefault(kind, FakeReports())


def units(given: Sequence[Any], lost: int = 0, damaged: int = 0) -> Units:
    """What the fake receiver of pictures gives: bytes in place of access units."""
    return Units(given, lost, damaged)


def sound(given: Sequence[Any]) -> Sound:
    """What the fake receiver of sound gives."""
    return Sound(given)


def packet(channel: int, payload: bytes) -> bytes:
    return b"$" + bytes([channel]) + len(payload).to_bytes(2, "big") + payload


class Scripted:
    """A client, and the camera's side of its connection: `answer` is to the last request."""

    def __init__(
        self,
        url: str = URL,
        *,
        user: str = "",
        password: str = "",
        wants_sound: bool = False,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self.receivers = FakeReceivers()
        self.client = Client(
            url,
            receivers=self.receivers,
            cnonce=lambda: "c0ffee",
            ssrc=7,
            agent="holdfast",
            credentials=Credentials(user, password),
            wants_sound=wants_sound,
            patience=patience,
        )
        self.now_s = 100.0
        self.requests: list[str] = []
        self.client.start(self.now_s)
        self.take()

    def take(self) -> bytes:
        """What the client sends; requests are noted."""
        output = self.client.take_output()
        parts = output.decode("latin-1").split("\r\n\r\n")
        self.requests += [part for part in parts if "User-Agent" in part]
        return output

    @property
    def last(self) -> list[str]:
        """The lines of the last request."""
        return self.requests[-1].split("\r\n")

    def header(self, name: str) -> str:
        """Of the last request, "" when there is none."""
        return next((line.partition(": ")[2] for line in self.last[1:] if line.startswith(f"{name}: ")), "")

    def answer(self, text: str, then: bytes = b"") -> list[Event]:
        return self.receive(sent(text, int(self.header("CSeq"))) + then)

    def receive(self, data: bytes) -> list[Event]:
        events = self.client.receive(data, self.now_s)
        self.take()
        return events

    def tick(self, now_s: float) -> list[Event]:
        self.now_s = now_s
        events = self.client.tick(now_s)
        self.take()
        return events

    def open(self, description: str = SOUNDING, setup: str = SETUP) -> list[Event]:
        """Up to the question to play."""
        events = self.answer(OPTIONS) + self.answer(description) + self.answer(setup)
        return events if self.last[0].startswith("PLAY") else events + self.answer(setup.replace("0-1", "2-3"))

    def play(self, description: str = SOUNDING, setup: str = SETUP) -> list[Event]:
        return self.open(description, setup) + self.answer(PLAY)
