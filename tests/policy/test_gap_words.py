import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapCause
from holdfast.policy import faults
from holdfast.policy.gap_words import UNKNOWN_CAUSE, sentence_of


@pytest.mark.parametrize("cause", GapCause)
def test_every_cause_is_told_in_a_sentence_of_its_own(cause: GapCause) -> None:
    assert sentence_of(cause).endswith(".")
    assert [other for other in GapCause if sentence_of(other) == sentence_of(cause)] == [cause]


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_is_told_as_it_was_when_it_came(kind: FaultKind) -> None:
    assert sentence_of(kind) == faults.SENTENCES[kind]


def test_the_cause_of_a_newer_program_is_admitted_not_to_be_known() -> None:
    assert sentence_of("moonlight") == UNKNOWN_CAUSE
