"""A reach that looks at nothing: it keeps what it was asked for."""

from dataclasses import dataclass, field

from holdfast.domain.streams import StreamId


@dataclass
class FakeReach:
    """`asked` has every look in order."""

    asked: list[tuple[StreamId, str]] = field(default_factory=list)

    def look(self, stream: StreamId, url: str) -> None:
        self.asked.append((stream, url))
