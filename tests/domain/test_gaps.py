import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapCause, GapRecord, GapRemoved, cause_of
from holdfast.domain.times import WallNs


@pytest.mark.parametrize("cause", [*FaultKind, *GapCause])
def test_every_cause_is_known_by_its_name(cause: FaultKind | GapCause) -> None:
    assert cause_of(cause.value) is cause


def test_no_name_means_two_causes() -> None:
    assert not {kind.value for kind in FaultKind} & {cause.value for cause in GapCause}


def test_a_cause_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="moonlight"):
        cause_of("moonlight")


def test_a_gap_is_of_this_node_and_open_unless_it_says_otherwise() -> None:
    gap = GapRecord(
        gap_id="a", camera="cam_01", stream="main", cause="silent", sentence="Nothing.", from_wall_ns=WallNs(1)
    )
    assert (gap.to_wall_ns, gap.session, dict(gap.detail), gap.node) == (None, None, {}, "local")
    assert GapRemoved(gap_id="a").node == gap.node
