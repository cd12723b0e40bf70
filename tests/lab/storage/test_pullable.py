import errno
import os

import pytest

from holdfast.lab.storage.pullable import PullableDisk
from tests.having import skip_without

pytestmark = pytest.mark.root


def pull_while_open(disk: PullableDisk) -> int:
    """The errno that a file gets which was open when the disk was pulled."""
    with (disk.folder / "open").open("wb", buffering=0) as opened:
        opened.write(b"kept")
        os.fsync(opened.fileno())
        disk.pull()
        with pytest.raises(OSError, match="error") as raised:
            opened.write(b"lost")
    return raised.value.errno or 0


def test_a_disk_can_be_pulled_and_put_back_with_what_was_synced_on_it() -> None:
    skip_without("loop", "ext4")
    with PullableDisk() as disk:
        place = disk.folder.parent
        for _ in range(2):
            assert pull_while_open(disk) == errno.EIO
            assert not any(disk.folder.iterdir())
            disk.put_back()
            assert (disk.folder / "open").read_bytes() == b"kept"
    assert not place.exists()


def test_without_root_it_says_why_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert PullableDisk.reason_against() == "needs root, to mount"
