"""What is written down of sessions: when each began, when it ended, and why."""

from dataclasses import replace

from holdfast.domain.segments import SessionRecord
from holdfast.domain.streams import StreamId
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock


class SessionLog:
    """The sessions of one stream that have not ended."""

    def __init__(self, stream: StreamId, clock: Clock, catalog: CatalogWrites) -> None:
        """None is open."""
        self._stream, self._clock, self._catalog = stream, clock, catalog
        self._open: dict[int, SessionRecord] = {}

    def began(self, session: int) -> None:
        """A session was opened."""
        record = SessionRecord(
            camera=self._stream.camera,
            stream=self._stream.stream,
            number=session,
            started_wall_ns=self._clock.wall_ns(),
        )
        self._open[session] = record
        self._catalog.post(record)

    def ended(self, session: int, reason: str) -> None:
        """It ended, or failed; the first reason counts."""
        record = self._open.pop(session, None)
        if record is not None:
            self._catalog.post(replace(record, ended_wall_ns=self._clock.wall_ns(), end_reason=reason))
