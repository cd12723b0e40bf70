"""What the operating system says about a disk, for a person."""

import errno
import os
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import VolumeState
from holdfast.storage.errors import fault_of, volume_state_of

PATH = Path("/srv/footage/cam_01/a.mp4")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_its_own_kind_of_fault(code: int) -> None:
    kind, sentence = fault_of(OSError(code, "whatever"), PATH)
    assert kind is FaultKind.DISK_FULL
    assert "recording goes on by itself" in sentence.lower()


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_error_has_a_sentence_with_the_place_the_reason_and_a_remedy(code: int) -> None:
    _, sentence = fault_of(OSError(code, "whatever"), PATH)
    assert sentence.startswith(f"{PATH} cannot be written ({os.strerror(code)}). ")
    assert sentence.endswith(".")


def test_an_error_without_a_number_says_what_it_has_to_say() -> None:
    kind, sentence = fault_of(OSError("all names are taken"), PATH)
    assert kind is FaultKind.STORAGE_DISCONNECTED
    assert sentence == f"{PATH} cannot be written (all names are taken). Check the disk."


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (errno.ENOSPC, VolumeState.FULL),
        (errno.EDQUOT, VolumeState.FULL),
        (errno.EROFS, VolumeState.READ_ONLY),
        (errno.EIO, VolumeState.GONE),
        (errno.ENODEV, VolumeState.GONE),
        (errno.ESTALE, VolumeState.GONE),
        (errno.ENXIO, VolumeState.GONE),
        (errno.ENOENT, VolumeState.GONE),
        (errno.ENOTCONN, VolumeState.GONE),
        (errno.ETIMEDOUT, VolumeState.GONE),
        (errno.EACCES, None),
        (errno.ENAMETOOLONG, None),
        (errno.EMFILE, None),
    ],
)
def test_what_an_error_says_of_the_volume_and_that_one_of_a_single_file_says_nothing(
    code: int, state: VolumeState | None
) -> None:
    assert volume_state_of(OSError(code, "whatever")) is state
    assert volume_state_of(OSError("all names are taken")) is None
