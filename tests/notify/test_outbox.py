"""The queue before a receiver: in order, tried again, bounded, and never in anybody's way."""

import threading
import time
from collections.abc import Callable

import pytest

from holdfast.notify.message import Message
from holdfast.notify.outbox import Outbox
from holdfast.notify.undelivered import Undelivered


class Receiver:
    """Takes what it is told, unless `trouble` says otherwise; waits while it is `held`."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.tried: list[object] = []
        self.trouble: Callable[[object], BaseException | None] = lambda _: None
        self.free = threading.Event()
        self.free.set()

    def deliver(self, message: Message) -> None:
        self.tried.append(message["id"])
        self.free.wait(60)
        trouble = self.trouble(message["id"])
        if trouble is not None:
            raise trouble
        self.taken.append(message["id"])

    def await_tries(self, count: int) -> None:
        deadline_s = time.monotonic() + 20
        while len(self.tried) < count:
            assert time.monotonic() < deadline_s
            time.sleep(0.005)


def put(outbox: Outbox, *names: str) -> None:
    for name in names:
        outbox.put({"id": name})


def test_messages_are_delivered_in_order() -> None:
    receiver = Receiver()
    outbox = Outbox("r", receiver.deliver)
    put(outbox, "a", "b", "c")
    assert outbox.close(20)
    assert receiver.taken == ["a", "b", "c"]


@pytest.mark.expects_log("WARNING holdfast.alarms: an alarm could not be delivered to r: no luck")
def test_what_fails_is_tried_again_and_keeps_its_place() -> None:
    receiver = Receiver()
    receiver.trouble = lambda _: Undelivered("no luck") if len(receiver.tried) < 4 else None
    outbox = Outbox("r", receiver.deliver, first_retry_s=0.001)
    put(outbox, "a", "b")
    assert outbox.close(20)
    assert receiver.tried == ["a", "a", "a", "a", "b"]
    assert receiver.taken == ["a", "b"]


@pytest.mark.expects_log("an alarm could not be delivered to r: refused")
def test_what_makes_no_sense_is_not_tried_again_and_holds_up_nothing() -> None:
    receiver = Receiver()
    receiver.trouble = lambda name: Undelivered("refused", tries={"a": 1, "b": 3}[str(name)]) if name != "c" else None
    outbox = Outbox("r", receiver.deliver, first_retry_s=0.001)
    put(outbox, "a", "b", "c")
    assert outbox.close(20)
    assert receiver.tried == ["a", "b", "b", "b", "c"]
    assert receiver.taken == ["c"]


@pytest.mark.expects_log("WARNING holdfast.alarms: too many alarms wait for r; the oldest are not delivered")
def test_when_too_many_wait_the_oldest_go_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    receiver.free.clear()
    outbox = Outbox("r", receiver.deliver, most_waiting=3)
    put(outbox, "first")
    receiver.await_tries(1)
    put(outbox, *map(str, range(100)))
    receiver.free.set()
    assert outbox.close(20)
    assert receiver.taken == ["first", "97", "98", "99"]
    assert [record.message for record in caplog.records].count(
        "too many alarms wait for r; the oldest are not delivered"
    ) == 1


def test_a_receiver_that_never_answers_holds_up_nobody() -> None:
    receiver = Receiver()
    receiver.free.clear()
    outbox = Outbox("r", receiver.deliver)
    put(outbox, "a", "b")
    assert not outbox.close(0.05)
    receiver.free.set()


@pytest.mark.expects_log("an alarm could not be delivered to r: no luck")
def test_an_end_does_not_wait_for_the_next_try() -> None:
    receiver = Receiver()
    receiver.trouble = lambda _: Undelivered("no luck")
    outbox = Outbox("r", receiver.deliver, first_retry_s=600)
    put(outbox, "a")
    receiver.await_tries(1)
    assert not outbox.close(0.05)


@pytest.mark.expects_log("ERROR holdfast.alarms: a mistake of the recorder itself while it told r of an alarm")
def test_a_mistake_of_our_own_does_not_end_the_thread() -> None:
    receiver = Receiver()
    receiver.trouble = lambda name: ZeroDivisionError() if name == "a" else None
    outbox = Outbox("r", receiver.deliver)
    put(outbox, "a", "b")
    assert outbox.close(20)
    assert receiver.taken == ["b"]
