"""Notifications that keep what they are told."""

from dataclasses import dataclass, field

from holdfast.domain.alarms import AlarmRecord


@dataclass
class FakeNotifications:
    """`told` has every alarm as it was told; `signs` counts signs of life."""

    told: list[AlarmRecord] = field(default_factory=list)
    signs: int = 0

    def tell(self, alarm: AlarmRecord) -> None:
        self.told.append(alarm)

    def alive(self) -> None:
        self.signs += 1
