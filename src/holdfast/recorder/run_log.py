"""The runs of one recording: segments without a break, each known everywhere by a UUID."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from holdfast.domain.segments import RunRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.policy.segmenting import EndReason, FragmentInfo
from holdfast.ports.catalog import CatalogWrites


class RunLog:
    """At most one run is open."""

    def __init__(self, stream: StreamId, catalog: CatalogWrites, new_run_id: Callable[[], UUID]) -> None:
        """No run has begun."""
        self._stream, self._catalog, self._new_run_id = stream, catalog, new_run_id
        self._place: tuple[UUID, int] | None = None
        self._open: RunRecord | None = None

    def next_segment(self, first: FragmentInfo, *, new_run: bool) -> tuple[UUID, int]:
        """The run of the segment that begins with this fragment, and its place there."""
        if self._place is not None and not new_run:
            self._place = (self._place[0], self._place[1] + 1)
            return self._place
        self._place = (self._new_run_id(), 0)
        self._open = RunRecord(
            run_id=str(self._place[0]),
            camera=self._stream.camera,
            stream=self._stream.stream,
            session=first.take[0],
            started_wall_ns=first.wall_ns,
        )
        self._catalog.post(self._open)
        return self._place

    def end(self, ended_wall_ns: WallNs, reason: EndReason) -> None:
        """The run ends, if one is open."""
        if self._open is not None:
            self._catalog.post(replace(self._open, ended_wall_ns=ended_wall_ns, end_reason=reason))
            self._open = None
