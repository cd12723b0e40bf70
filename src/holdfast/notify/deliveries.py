"""All receivers of alarms together, as a configuration names them; it may change while the recorder runs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from holdfast.domain.alarms import AlarmRecord
from holdfast.notify.beats import Beats
from holdfast.notify.command import Hook
from holdfast.notify.message import Message, json_of, message_of
from holdfast.notify.outbox import Outbox
from holdfast.notify.web import Target, request

CLOSE_S = 5.0
"""An end of the recorder waits so long for what is being delivered."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Who is told. What is empty is not used."""

    command: tuple[str, ...] = ()
    command_timeout_s: float = 30.0
    webhook: str = field(default="", repr=False)
    webhook_timeout_s: float = 10.0
    heartbeat: str = field(default="", repr=False)
    heartbeat_every_s: float = 60.0
    heartbeat_method: str = "GET"
    """Or "POST", with an empty JSON object."""


class Deliveries:
    """Implements `ports.notifications.Notifications`. `configure` and `close` are called by one thread at a time."""

    def __init__(self, settings: DeliverySettings | None = None) -> None:
        """Raises ValueError for a URL that is none."""
        self._settings = DeliverySettings()
        self._hook: Hook | None = None
        self._command: Outbox | None = None
        self._webhook: Outbox | None = None
        self._beats: Beats | None = None
        if settings is not None:
            self.configure(settings)

    def tell(self, alarm: AlarmRecord) -> None:
        """See Notifications."""
        for outbox in (self._command, self._webhook):
            if outbox is not None:
                outbox.put(message_of(alarm))

    def alive(self) -> None:
        """See Notifications."""
        if self._beats is not None:
            self._beats.ask()

    def configure(self, settings: DeliverySettings) -> None:
        """Tell these from now on; what waits for a receiver that is gone is still delivered. Never waits.

        Raises ValueError for a URL that is none; then nothing has changed.
        """
        before = self._settings
        webhook = webhook_of(settings) if settings.webhook else None
        heartbeat = heartbeat_of(settings) if settings.heartbeat else None
        self._settings = settings
        if _about_command(settings) != _about_command(before):
            _let_go(self._command)
            self._hook = Hook(settings.command, settings.command_timeout_s) if settings.command else None
            self._command = None if self._hook is None else Outbox(self._hook.place, self._hook.deliver)
        if _about_webhook(settings) != _about_webhook(before):
            _let_go(self._webhook)
            self._webhook = None if webhook is None else Outbox(Target.of(settings.webhook).place, webhook)
        if _about_heartbeat(settings) != _about_heartbeat(before):
            if self._beats is not None:
                self._beats.close()
            place = Target.of(settings.heartbeat).place if heartbeat is not None else ""
            self._beats = None if heartbeat is None else Beats(place, heartbeat, settings.heartbeat_every_s)

    def close(self, patience_s: float = CLOSE_S) -> None:
        """Deliver what waits, as far as that is possible in this time; then kill what still runs."""
        if self._beats is not None:
            self._beats.close()
        outboxes = [outbox for outbox in (self._command, self._webhook) if outbox is not None]
        closing = [threading.Thread(target=outbox.close, args=(patience_s,), daemon=True) for outbox in outboxes]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()
        if self._hook is not None:
            self._hook.stop()


def webhook_of(settings: DeliverySettings) -> Callable[[Message], None]:
    """What tells the webhook. Raises ValueError for a URL that is none; what is returned raises Undelivered."""
    target = Target.of(settings.webhook)
    return lambda message: request(target, json_of(message), settings.webhook_timeout_s)


def heartbeat_of(settings: DeliverySettings) -> Callable[[], None]:
    """What sends a sign of life; as `webhook_of`."""
    target = Target.of(settings.heartbeat)
    body = b"{}" if settings.heartbeat_method == "POST" else None
    return partial(request, target, body, settings.webhook_timeout_s)


def _let_go(outbox: Outbox | None) -> None:
    if outbox is not None:
        threading.Thread(target=outbox.close, args=(CLOSE_S,), daemon=True).start()


def _about_command(settings: DeliverySettings) -> object:
    return settings.command, settings.command_timeout_s


def _about_webhook(settings: DeliverySettings) -> object:
    return settings.webhook, settings.webhook_timeout_s


def _about_heartbeat(settings: DeliverySettings) -> object:
    return settings.heartbeat, settings.heartbeat_every_s, settings.heartbeat_method, settings.webhook_timeout_s
