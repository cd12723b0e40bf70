"""What the operating system says about a disk, for a person."""

import errno
import os
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.storage.errors import fault_of

PATH = Path("/srv/footage/cam_01/a.mp4")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_its_own_kind_of_fault(code: int) -> None:
    kind, sentence = fault_of(OSError(code, "whatever"), PATH)
    assert kind is FaultKind.DISK_FULL
    assert "recording goes on by itself" in sentence


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_error_has_a_sentence_with_the_place_the_reason_and_a_remedy(code: int) -> None:
    _, sentence = fault_of(OSError(code, "whatever"), PATH)
    assert sentence.startswith(f"{PATH} cannot be written ({os.strerror(code)}). ")
    assert sentence.endswith(".")


def test_an_error_without_a_number_says_what_it_has_to_say() -> None:
    kind, sentence = fault_of(OSError("all names are taken"), PATH)
    assert kind is FaultKind.STORAGE_DISCONNECTED
    assert sentence == f"{PATH} cannot be written (all names are taken). Check the disk."
