"""What goes wrong with a stream: said once in the log, shown, and written down."""

import logging

from holdfast.domain.faults import Fault, FaultKind
from holdfast.domain.segments import FaultRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock

LOG = logging.getLogger("holdfast.recording")
AGAIN_NS = 60 * NS_PER_S
"""What may come with every piece of a recording is said and written down once in this time; the ledger has it all."""


class Troubles:
    """The faults of one stream; the last one is shown."""

    def __init__(self, stream: StreamId, clock: Clock, catalog: CatalogWrites) -> None:
        """There was none yet."""
        self._stream, self._clock, self._catalog = stream, clock, catalog
        self.last: Fault | None = None
        self._at_ns = 0
        self._said_ns: dict[FaultKind, int] = {}

    @property
    def age_s(self) -> float | None:
        """Seconds since the last fault."""
        return None if self.last is None else (self._clock.mono_ns() - self._at_ns) / NS_PER_S

    def report(self, fault: Fault, session: int, *, again: bool = False, often: bool = False) -> None:
        """`again`: it is one of many in a row, which is said at debug level when it is of the same kind.

        `often`: it may come with every piece of the recording.
        """
        is_new = self.last is None or self.last.kind is not fault.kind or not again
        self.last, self._at_ns = fault, self._clock.mono_ns()
        if often and self._at_ns - self._said_ns.get(fault.kind, -AGAIN_NS) < AGAIN_NS:
            LOG.debug("%s: %s", self._stream, fault.sentence)
            return
        self._said_ns[fault.kind] = self._at_ns
        LOG.log(logging.WARNING if is_new else logging.DEBUG, "%s: %s", self._stream, fault.sentence)
        self._catalog.post(
            FaultRecord(
                kind=fault.kind,
                sentence=fault.sentence,
                wall_ns=self._clock.wall_ns(),
                camera=self._stream.camera,
                stream=self._stream.stream,
                session=session,
                detail={"text": fault.detail} if fault.detail else {},
            )
        )
