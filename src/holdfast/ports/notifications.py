"""Notifications: how the recorder tells the world outside of an alarm, and that it is alive."""

from typing import Protocol

from holdfast.domain.alarms import AlarmRecord


class Notifications(Protocol):
    """Hands over. Neither call ever waits or raises, whatever becomes of what was handed over."""

    def tell(self, alarm: AlarmRecord) -> None:
        """It was raised; or cleared, when it says so."""

    def alive(self) -> None:
        """The recorder's event loop is at work at this moment.

        Called about once a second. The sign of life that others watch is sent only when this was asked for.
        """


class NobodyListens:
    """Tells nobody."""

    def tell(self, alarm: AlarmRecord) -> None:
        """Nothing."""

    def alive(self) -> None:
        """Nothing."""
