"""One limit for all that is held in memory."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from holdfast.recorder.memory import Memory


class Held:
    """Groups of pictures, by size."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.dropped: list[int] = []

    @property
    def held_bytes(self) -> int:
        return sum(self.groups)

    def drop_oldest(self) -> None:
        self.dropped.append(self.groups.pop(0))


class Stuck(Held):
    def drop_oldest(self) -> None:
        self.dropped.append(0)


def fill(memory: Memory, holder: Held, *sizes: int) -> None:
    for size in sizes:
        holder.groups.append(size)
        memory.holds(holder, holder.held_bytes)


def test_the_oldest_group_goes_of_the_stream_that_holds_most() -> None:
    memory, small, large = Memory(100), Held(), Held()
    fill(memory, small, 10, 10)
    fill(memory, large, 30, 30)
    fill(memory, small, 10, 15)
    assert (small.dropped, large.dropped) == ([], [30])
    assert memory.held_bytes == 75


def test_what_left_memory_meanwhile_is_not_counted() -> None:
    memory, one, other = Memory(100), Held(), Held()
    fill(memory, one, 40, 40)
    one.groups.clear()
    fill(memory, other, 50, 40)
    assert one.dropped == other.dropped == []


def test_a_stream_that_is_gone_is_not_counted() -> None:
    memory, one, other = Memory(100), Held(), Held()
    fill(memory, one, 90)
    del one
    gc.collect()
    fill(memory, other, 60)
    assert other.dropped == []
    assert memory.held_bytes == 60


def test_one_that_cannot_drop_anything_holds_nobody_up() -> None:
    memory, stuck = Memory(10), Stuck()
    fill(memory, stuck, 20, 20)
    assert len(stuck.dropped) == 2


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), max_size=80))
def test_the_limit_is_kept_and_nobody_below_the_share_loses(groups: list[tuple[int, int]]) -> None:
    memory, holders = Memory(100), [Held() for _ in range(5)]
    for number, size in groups:
        before = [holder.held_bytes + (size if holder is holders[number] else 0) for holder in holders]
        lost = [len(holder.dropped) for holder in holders]
        fill(memory, holders[number], size)
        assert memory.held_bytes <= 100
        for holder, held, dropped in zip(holders, before, lost, strict=True):
            assert len(holder.dropped) == dropped or held >= 100 / 5
