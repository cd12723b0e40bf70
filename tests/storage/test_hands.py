"""Tasks are performed beside one another when the disk is slow, by few threads when it is not."""

import select
import threading
import time
from collections.abc import Iterator
from math import inf

import pytest

from holdfast.ports.volumes import Finished
from holdfast.storage import hands as hands_module
from holdfast.storage.hands import FEW_THREADS, Hands
from holdfast.storage.volume_files import Outcome, Tell

PATIENCE_S = 30.0


class Slow:
    """Tasks that do not end before they may."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = 0

    def __call__(self, tell: Tell) -> None:
        self.begun += 1
        assert self.may_end.wait(PATIENCE_S)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.may_end.set()


def all_of(hands: Hands, count: int) -> list[tuple[int, Outcome]]:
    found: list[tuple[int, Outcome]] = []
    wake = select.poll()
    wake.register(hands.wake_fd, select.POLLIN)
    while len(found) < count:
        assert wake.poll(PATIENCE_S * 1000)
        found += hands.collect()
    return found


def wait_for(slow: Slow, count: int) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while slow.begun < count:
        assert time.monotonic() < until_s
        time.sleep(0.005)


def started_since(before: set[threading.Thread]) -> int:
    return len(set(threading.enumerate()) - before)


def test_what_a_task_told_and_why_it_ended_comes_back() -> None:
    hands = Hands()
    assert hands.collect() == []
    hands.run(1, lambda tell: tell(Finished(1, 2)))
    ((key, outcome),) = all_of(hands, 1)
    assert (key, outcome.answers, outcome.error) == (1, [Finished(1, 2)], None)
    hands.run(2, lambda _: 1 / 0)  # type: ignore[arg-type] # what a task returns is nobody's business
    ((key, outcome),) = all_of(hands, 1)
    assert key == 2
    assert isinstance(outcome.error, ZeroDivisionError)


def test_fast_tasks_are_done_by_few_threads() -> None:
    hands = Hands()
    before = set(threading.enumerate())
    for key in range(100):
        hands.run(key, lambda _: None)
    assert sorted(key for key, _ in all_of(hands, 100)) == list(range(100))
    assert started_since(before) == FEW_THREADS


def test_when_tasks_take_long_all_are_at_work_and_the_helpers_go_when_nothing_waits(slow: Slow) -> None:
    hands = Hands()
    before = set(threading.enumerate())
    for key in range(10):
        hands.run(key, slow)
    wait_for(slow, FEW_THREADS)
    hands.hurry()
    assert slow.begun == FEW_THREADS, "not before they have waited a little"
    time.sleep(max(0.0, hands.hurry_at_s - time.monotonic()))
    hands.hurry()
    wait_for(slow, 10)
    assert hands.hurry_at_s == inf
    slow.may_end.set()
    all_of(hands, 10)
    until_s = time.monotonic() + PATIENCE_S
    while started_since(before) > FEW_THREADS and time.monotonic() < until_s:
        time.sleep(0.005)
    assert started_since(before) == FEW_THREADS


def test_there_are_never_more_threads_than_the_limit(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands_module, "MAX_THREADS", 5)
    hands = Hands()
    before = set(threading.enumerate())
    for key in range(10):
        hands.run(key, slow)
    for _ in range(3):
        monkeypatch.setattr(hands, "hurry_at_s", 0.0)
        hands.hurry()
    wait_for(slow, 5)
    assert started_since(before) == 5
    slow.may_end.set()
    assert len(all_of(hands, 10)) == 10
