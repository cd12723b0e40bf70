"""What a socket did not take yet, as the objects that it was given in."""

import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from holdfast.storage.volume_wire import Buffer

FRAMES_AT_ONCE = 64
"""Three parts each at most: far below the 1024 that one call takes (sendmsg(2), IOV_MAX)."""
TURN_BYTES = 4 << 20
"""No more is sent at once, however fast the other side reads: the event loop has more to do."""


@dataclass(slots=True)
class Frame:
    """One order on its way."""

    key: int | None
    """Of its segment."""
    parts: list[Buffer]
    size_bytes: int
    is_begun: bool = False
    """Its first bytes were sent, so the rest has to follow."""

    def advance(self, sent_bytes: int) -> None:
        """Forget what was sent."""
        self.is_begun = True
        self.size_bytes -= sent_bytes
        while sent_bytes >= len(self.parts[0]):
            sent_bytes -= len(self.parts.pop(0))
        self.parts[0] = memoryview(self.parts[0])[sent_bytes:]


class Unsent:
    """Frames in order."""

    def __init__(self, control: socket.socket) -> None:
        """Nothing waits. The socket does not block."""
        self._control = control
        self._frames: deque[Frame] = deque()
        self.size_bytes = 0

    def add(self, key: int | None, parts: Sequence[Buffer], size_bytes: int) -> None:
        """One more frame at the end."""
        self._frames.append(Frame(key, list(parts), size_bytes))
        self.size_bytes += size_bytes

    def send(self) -> None:
        """Send what the socket takes, up to a limit. Raises OSError when the other side is gone."""
        left_bytes = TURN_BYTES
        while self._frames and left_bytes > 0:
            parts = [part for frame in islice(self._frames, FRAMES_AT_ONCE) for part in frame.parts]
            try:
                sent_bytes = self._control.sendmsg(parts)
            except BlockingIOError:
                return
            left_bytes -= sent_bytes
            self._sent(sent_bytes)

    def _sent(self, sent_bytes: int) -> None:
        self.size_bytes -= sent_bytes
        while sent_bytes:
            first = self._frames[0]
            if sent_bytes < first.size_bytes:
                first.advance(sent_bytes)
                return
            sent_bytes -= first.size_bytes
            self._frames.popleft()

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()
        self.size_bytes = 0
