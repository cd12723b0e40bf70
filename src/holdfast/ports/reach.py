"""Reach: whether a camera's port answers, without a word being said to the camera."""

from dataclasses import dataclass
from typing import Protocol

from holdfast.domain.faults import ErrorReport
from holdfast.domain.streams import StreamId


@dataclass(frozen=True, slots=True)
class PortSeen:
    """A look at a port. `error` says why it does not answer; None when it does."""

    stream: StreamId
    error: ErrorReport | None
    url: str = ""
    """What was looked at; empty when there is no doubt."""


class Reach(Protocol):
    """Looks at ports. Calls never block and never raise; `PortSeen` follows."""

    def look(self, stream: StreamId, url: str) -> None:
        """See whether the port of this RTSP URL answers within a second."""
