"""A queue with a thread: messages for one receiver, in order, with a limit, tried again while that makes sense."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from holdfast.notify.message import Message
from holdfast.notify.undelivered import Undelivered

LOG = logging.getLogger("holdfast.alarms")
MOST_WAITING = 1000
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 300.0
"""The wait doubles from the first to the last."""


class Outbox:
    """Delivers to one receiver. All methods are thread-safe; only `close` waits."""

    def __init__(
        self,
        place: str,
        deliver: Callable[[Message], None],
        *,
        most_waiting: int = MOST_WAITING,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        """`deliver` may take its time, and raises Undelivered. `place`: how the receiver is called in the log."""
        self._place, self._deliver = place, deliver
        self._most_waiting, self._first_retry_s = most_waiting, first_retry_s
        self._change = threading.Condition()
        # Everything up to the thread is guarded by it.
        self._waiting: deque[Message] = deque()
        self._is_busy = False
        self._is_closed = False
        self._dropping_said = False
        self._is_failing = False
        # A daemon: a server that never answers must not keep the recorder from ending.
        self._thread = threading.Thread(target=self._work, name="alarms", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Take it in. When too many wait, the oldest goes; that is said once."""
        with self._change:
            self._waiting.append(message)
            is_full = len(self._waiting) > self._most_waiting
            if is_full:
                self._waiting.popleft()
            is_news = is_full and not self._dropping_said
            self._dropping_said |= is_full
            self._change.notify_all()
        if is_news:
            LOG.warning("too many alarms wait for %s; the oldest are not delivered", self._place)

    def close(self, patience_s: float) -> bool:
        """Deliver what waits and take no more; False when something could not be delivered in time."""
        with self._change:
            done = self._change.wait_for(lambda: not self._waiting and not self._is_busy, patience_s)
            self._is_closed = True
            self._waiting.clear()
            self._change.notify_all()
        return done

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._waiting) or self._is_closed)
                if self._is_closed:
                    return
                # It is out of the queue while it is tried, so that it cannot be dropped meanwhile.
                message = self._waiting.popleft()
                self._is_busy = True
            self._persist(message)
            with self._change:
                self._is_busy = False
                self._change.notify_all()

    def _persist(self, message: Message) -> None:
        tried, wait_s = 0, self._first_retry_s
        while True:
            tried += 1
            failure = self._try(message)
            if failure is None or (failure.tries is not None and tried >= failure.tries):
                return
            with self._change:
                if self._change.wait_for(lambda: self._is_closed, wait_s):
                    return
            wait_s = min(2 * wait_s, LAST_RETRY_S)

    def _try(self, message: Message) -> Undelivered | None:
        try:
            self._deliver(message)
        except Undelivered as failure:
            self._note(failure)
            return failure
        except Exception:  # the boundary of the thread: whatever it was, the next alarm is to be told
            LOG.exception("a mistake of the recorder itself while it told %s of an alarm", self._place)
            return Undelivered("a mistake of our own", tries=1)
        self._note(None)
        return None

    def _note(self, failure: Undelivered | None) -> None:
        """Say once that it fails, and once that it works again."""
        was_failing, self._is_failing = self._is_failing, failure is not None
        if failure is not None:
            level = logging.DEBUG if was_failing else logging.WARNING
            LOG.log(level, "an alarm could not be delivered to %s: %s", self._place, failure)
        elif was_failing:
            with self._change:
                self._dropping_said = False
            LOG.info("alarms are delivered to %s again", self._place)
