"""The sign of life: a request now and then, for a watcher elsewhere that raises the alarm when none comes any more."""

import logging
import threading
import time
from collections.abc import Callable

from holdfast.notify.undelivered import Undelivered

LOG = logging.getLogger("holdfast.alarms")
AGAIN_S = 10.0
"""One that did not get through is followed by the next so soon."""
FRESH_S = 5.0
"""A sign that was asked for longer ago is not sent any more: the recorder may hang by now."""


class Beats:
    """Sends a sign when it is due and the recorder has just asked for it: a recorder that hangs asks for none."""

    def __init__(self, place: str, send: Callable[[], None], every_s: float) -> None:
        """`send` may take its time, and raises Undelivered."""
        self._place, self._send, self._every_s = place, send, every_s
        self._change = threading.Condition()
        # Guarded by it; seconds of the monotonic clock.
        self._asked_s = float("-inf")
        self._due_s = time.monotonic()
        self._is_closed = False
        self._is_failing = False
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """The recorder is at work at this moment. Never waits."""
        now_s = time.monotonic()
        with self._change:
            self._asked_s = now_s
            if now_s >= self._due_s:
                self._change.notify_all()

    def close(self) -> None:
        """Send no more."""
        with self._change:
            self._is_closed = True
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._is_closed or self._is_due())
                if self._is_closed:
                    return
            next_s = self._every_s if self._try() else min(AGAIN_S, self._every_s)
            with self._change:
                self._due_s = time.monotonic() + next_s

    def _is_due(self) -> bool:
        now_s = time.monotonic()
        return now_s >= self._due_s and now_s - self._asked_s < FRESH_S

    def _try(self) -> bool:
        failure: object = None
        try:
            self._send()
        except Undelivered as undelivered:
            failure = undelivered
        except Exception:  # the boundary of the thread: whatever it was, the next sign is to be sent
            LOG.exception("a mistake of the recorder itself while it sent a sign of life to %s", self._place)
            return False
        was_failing, self._is_failing = self._is_failing, failure is not None
        if failure is not None:
            level = logging.DEBUG if was_failing else logging.WARNING
            LOG.log(level, "the sign of life could not be sent to %s: %s", self._place, failure)
        elif was_failing:
            LOG.info("signs of life are sent to %s again", self._place)
        return failure is None
