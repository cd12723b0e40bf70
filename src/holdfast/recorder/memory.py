"""One limit for what is held in memory, over all streams (invariant I3).

Every stream has the same share. When the limit is reached, the oldest group of pictures goes of the stream that is
furthest over its share, which is the one that holds most.
"""

from typing import Protocol
from weakref import WeakKeyDictionary

DEFAULT_LIMIT_BYTES = 1 << 30


class Holder(Protocol):
    """A stream's recording, as far as its memory goes."""

    @property
    def held_bytes(self) -> int:
        """What it holds."""

    def drop_oldest(self) -> None:
        """Drop the oldest group of pictures; whoever is concerned is told what was lost by it."""


class Memory:
    """Counts, and keeps the limit. Those that are gone are counted no more."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        """Nothing is held yet."""
        self.limit_bytes = limit_bytes
        self._held: WeakKeyDictionary[Holder, int] = WeakKeyDictionary()
        self._total = 0

    @property
    def held_bytes(self) -> int:
        """What all of them hold now."""
        return sum(holder.held_bytes for holder in list(self._held))

    def holds(self, holder: Holder, held_bytes: int) -> None:
        """One of them holds so much now. Called for every fragment: it is the sum that is kept, not the addends."""
        self._total += held_bytes - self._held.get(holder, 0)
        self._held[holder] = held_bytes
        if self._total > self.limit_bytes:
            self._keep_limit()

    def _keep_limit(self) -> None:
        held = {holder: holder.held_bytes for holder in self._held}
        while sum(held.values()) > self.limit_bytes:
            largest = max(held, key=held.__getitem__)
            largest.drop_oldest()
            if largest.held_bytes >= held[largest]:
                break
            held[largest] = largest.held_bytes
        self._held.update(held)
        self._total = sum(held.values())
