"""The account: which frames were written completely to which client's socket."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class ServedFrame(NamedTuple):
    """A frame whose last byte the operating system has taken; `wall_ns` is when the camera sent it."""

    session: int
    frame: int
    wall_ns: int
    is_key: bool


@dataclass(slots=True)
class SessionAccount:
    """What one client session got, from its PLAY to its end, in sending order."""

    session: int
    opened_ns: int
    frames: list[ServedFrame] = field(default_factory=list)
    ended_ns: int | None = None
    end: str = ""
    _pending: deque[tuple[int, ServedFrame]] = field(default_factory=deque)

    def sent(self, frame: ServedFrame, end_offset: int, written_offset: int) -> None:
        """Note a frame that ends at a byte offset of the connection, and how far the socket has taken bytes."""
        if written_offset >= end_offset and not self._pending:
            self.frames.append(frame)
            return
        self._pending.append((end_offset, frame))
        self.settle(written_offset)

    def settle(self, written_offset: int) -> None:
        """Move the frames that are now written completely into the account."""
        while self._pending and self._pending[0][0] <= written_offset:
            self.frames.append(self._pending.popleft()[1])

    def close(self, wall_ns: int, end: str) -> None:
        """The session is over; the first reason counts."""
        if self.ended_ns is None:
            self.ended_ns = wall_ns
            self.end = end

    def summary(self) -> dict[str, Any]:
        """The account without its frames, for JSON."""
        return {
            "session": self.session,
            "opened_ns": self.opened_ns,
            "ended_ns": self.ended_ns,
            "end": self.end,
            "frames": len(self.frames),
            "unwritten": len(self._pending),
        }
