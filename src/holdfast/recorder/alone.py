"""Every stream alone: a mistake in what is done for one of them is logged, and ends nothing for the others."""

import logging
from collections.abc import Callable
from typing import TypeVar

from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.ports.clock import Clock

LOG = logging.getLogger("holdfast.recorder")
AGAIN_NS = 60 * NS_PER_S
Answer = TypeVar("Answer")


class Alone:
    """Calls what may fail, for one stream at a time (invariant I5)."""

    def __init__(self, clock: Clock) -> None:
        """Nothing has failed yet."""
        self._clock = clock
        self._said_ns: dict[StreamId, int] = {}

    def do(self, stream: StreamId, call: Callable[[], Answer]) -> Answer | None:
        """Call it. A mistake is logged with its traceback, of each stream at most once a minute; the answer is None."""
        try:
            return call()
        except Exception:  # the loop's boundary: whatever it was, the other cameras must be recorded
            now_ns = self._clock.mono_ns()
            if now_ns - self._said_ns.get(stream, -AGAIN_NS) >= AGAIN_NS:
                self._said_ns[stream] = now_ns
                LOG.exception("%s: a mistake of the recorder itself; it goes on, as do the other cameras", stream)
            return None
