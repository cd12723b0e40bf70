import pytest

from holdfast.lab.storage.needs import NotHere, demand, reason_against


def test_without_root_there_are_no_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert reason_against() == "needs root, to mount"
    with pytest.raises(NotHere, match="needs root"):
        demand("fuse")


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    monkeypatch.setattr("pathlib.Path.exists", lambda _: True)
    assert reason_against("xfs") == "there is no mkfs.xfs (Debian package xfsprogs)"
    assert reason_against("fuse") == "there is no libfuse 3 (Debian package fuse3)"
    assert reason_against("loop", "ext4") == "there is no losetup (Debian package mount)"
