"""Capture that opens nothing: it keeps what it was asked for."""

from dataclasses import dataclass, field

from holdfast.domain.streams import Mode, StreamId
from holdfast.ports.capture import OpenSession


@dataclass
class FakeCapture:
    """`asked` has every call in order: ("open", stream, session) and so on; `opened` the whole commands."""

    asked: list[tuple[str, StreamId, int]] = field(default_factory=list)
    opened: list[OpenSession] = field(default_factory=list)
    modes: list[Mode] = field(default_factory=list)

    def open(self, command: OpenSession) -> None:
        self.asked.append(("open", command.stream, command.session))
        self.opened.append(command)

    def close(self, stream: StreamId, session: int) -> None:
        self.asked.append(("close", stream, session))

    def set_mode(self, stream: StreamId, session: int, mode: Mode) -> None:
        self.asked.append(("mode", stream, session))
        self.modes.append(mode)

    def release(self, stream: StreamId) -> None:
        self.asked.append(("release", stream, 0))
