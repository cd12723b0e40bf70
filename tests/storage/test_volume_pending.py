"""What is not answered yet, and since when."""

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import (
    AppendData,
    Created,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    FinishSegment,
    Order,
    SegmentFailed,
    Synced,
)
from holdfast.storage.volume_pending import Pending

CREATE, FINISH, CUT = CreateSegment(1, ("a",), b""), FinishSegment(1, b"", 0, b""), CutSegment(1, 0)
FAILED = SegmentFailed(1, FaultKind.DISK_FULL, "full", "a")


def append(token: int, key: int = 1) -> AppendData:
    return AppendData(key, b"", token)


def after(*orders: Order) -> Pending:
    """Orders given one second after the other, from 1 on."""
    pending = Pending()
    for number, order in enumerate(orders, 1):
        assert pending.accepts(order)
        pending.ordered(order, number)
    return pending


def test_nothing_waits_before_the_first_order() -> None:
    assert Pending().since_s() is None


def test_it_waits_since_the_first_order_that_is_not_answered() -> None:
    pending = after(CREATE, append(1), append(2))
    assert pending.since_s() == 1
    pending.answered(Created(1, "a", 0.0), 10)
    assert pending.since_s() == 10
    pending.answered(Synced(1, 1, 0), 11)
    assert pending.since_s() == 11
    pending.answered(Synced(1, 2, 0), 12)
    assert pending.since_s() is None
    pending.ordered(append(3), 20)
    assert pending.since_s() == 20


def test_the_segment_that_has_waited_longest_counts() -> None:
    pending = after(CREATE, CreateSegment(2, ("b",), b""))
    assert pending.since_s() == 1
    pending.answered(Created(1, "a", 0.0), 5)
    assert pending.since_s() == 2


def test_of_a_segment_that_is_final_only_its_cut_is_waited_for() -> None:
    pending = after(CREATE, append(1), FINISH)
    assert pending.answered(Finished(1, 9), 5)
    assert pending.since_s() is None
    pending = after(CREATE, append(1), FINISH, CUT)
    assert pending.answered(Finished(1, 9), 5)
    assert pending.since_s() == 5
    assert pending.answered(Cut(1, 4), 6)
    assert pending.since_s() is None


def test_nothing_is_written_to_a_segment_that_is_not_there() -> None:
    pending = after(CREATE)
    assert not pending.accepts(append(1, key=2))
    pending.answered(FAILED, 5)
    assert not pending.accepts(append(1))
    assert not pending.accepts(FINISH)
    assert pending.accepts(CUT)
    for last in (CUT, FINISH):
        assert not after(CREATE, last).accepts(append(1))


def test_a_cut_waits_until_it_is_answered_even_when_the_segment_fails_meanwhile() -> None:
    for answer in (Cut(1, 0), CutFailed(1, "")):
        pending = after(CREATE, append(1), CUT)
        assert pending.answered(FAILED, 5)
        assert pending.since_s() == 5
        assert pending.answered(answer, 6)
        assert pending.since_s() is None
        assert pending.answered(Cut(1, 5), 7), "it could be cut later"
        assert not pending.answered(Synced(1, 1, 5), 7)


def test_of_what_was_given_up_only_its_cut_is_told() -> None:
    pending = after(CREATE, append(1))
    pending.answered(Created(1, "a", 0.0), 2)
    assert pending.give_up(1, "too much") == [SegmentFailed(1, FaultKind.STORAGE_DISCONNECTED, "too much", "a")]
    assert pending.give_up(1, "too much") == []
    assert pending.give_up(2, "too much") == []
    assert not pending.accepts(append(2))
    assert not pending.answered(Synced(1, 1, 5), 3)
    assert not pending.answered(FAILED, 3)
    assert pending.since_s() is None
    pending.ordered(CUT, 4)
    assert not pending.answered(Synced(1, 1, 5), 5)
    assert pending.answered(Cut(1, 5), 6)
    assert pending.since_s() is None


def test_a_cut_that_is_given_up_has_failed() -> None:
    pending = after(CREATE, CUT)
    assert pending.give_up(1, "gone") == [CutFailed(1, "gone")]
    assert pending.since_s() is None


def test_when_the_process_is_gone_everything_has_failed() -> None:
    pending = after(CREATE, CreateSegment(2, ("b",), b""), CutSegment(2, 0), CreateSegment(3, ("c",), b""))
    pending.give_up(3, "too much")
    assert pending.give_up_all("gone") == [
        SegmentFailed(1, FaultKind.STORAGE_DISCONNECTED, "gone", ""),
        CutFailed(2, "gone"),
    ]
    assert pending.since_s() is None
