"""What the catalog knows from before: session numbers, and what the user switched by hand.

Read once, before the first camera is captured: later questions must not wait for a disk.
"""

import logging
from dataclasses import dataclass, field
from typing import Protocol, Self

from holdfast.domain.segments import IntentRecord, StreamExtent
from holdfast.domain.streams import StreamId
from holdfast.ports.catalog import CatalogError

LOG = logging.getLogger("holdfast.catalog")


class Remembers(Protocol):
    """What is asked of the catalog. Raises CatalogError."""

    def cameras(self) -> tuple[StreamExtent, ...]:
        """Every stream ever seen."""

    def last_session(self, camera: str, stream: str) -> int:
        """The highest session number ever used for the stream; 0 when none."""

    def intents(self) -> tuple[IntentRecord, ...]:
        """What the user switched on and off."""


@dataclass(slots=True)
class Past:
    """Kept up to date while the recorder runs, so that a stream that comes back goes on where it ended."""

    sessions: dict[StreamId, int] = field(default_factory=dict)
    switched: dict[StreamId, bool] = field(default_factory=dict)
    """Only what the user switched; what is not in here is as it was configured."""

    @classmethod
    def recall(cls, catalog: Remembers) -> Self:
        """What the catalog tells. When it tells nothing, recording begins all the same, as configured."""
        past = cls()
        try:
            for intent in catalog.intents():
                past.switched[StreamId(intent.camera, intent.stream)] = intent.wanted
            for seen in catalog.cameras():
                stream = StreamId(seen.camera, seen.stream)
                past.sessions[stream] = catalog.last_session(stream.camera, stream.stream)
        except CatalogError as error:
            LOG.warning("what was switched on and off by hand is not known; cameras are as configured: %s", error)
        return past

    def wanted(self, stream: StreamId, *, configured: bool) -> bool:
        """Whether a stream is to be recorded."""
        return self.switched.get(stream, configured)
