"""The folder for recordings is tried before anything begins, and held against a second recorder."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from holdfast.app import folder
from holdfast.app.folder import (
    control_sockets,
    folder_of_recordings,
    hold,
    low_space,
    private_folder,
    state_folder,
    usable_folder,
)
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import recorder_is_running


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


def refusal(path: Path) -> str:
    with pytest.raises(Problem) as refused:
        usable_folder(path)
    assert refused.value.exit_code is Exit.FOLDER
    assert str(path) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", ["footage", "with spaces", "녹화 폴더", "a'b\"c"])
def test_the_last_part_of_a_folder_is_made_and_nothing_is_left_in_it(name: str, tmp_path: Path) -> None:
    assert usable_folder(tmp_path / name) == tmp_path / name
    assert list((tmp_path / name).iterdir()) == []
    assert usable_folder(tmp_path / name) == tmp_path / name


def test_a_folder_whose_parent_is_missing_may_be_on_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    assert "mounted" in refusal(tmp_path / "disk" / "footage")
    assert not (tmp_path / "disk").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in refusal(tmp_path / "file")
    assert "cannot be written" in refusal(tmp_path / "file" / "x") or "does not exist" in refusal(
        tmp_path / "file" / "x"
    )


def test_a_dangling_link_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "File exists" in refusal(tmp_path / "link")


def test_a_full_disk_is_noticed_before_the_first_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in refusal(tmp_path / "footage")


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    place = Path("/proc/holdfast-cannot-be-made")
    assert "cannot be written" in refusal(place)


def test_recordings_can_only_be_looked_at_in_a_folder(tmp_path: Path) -> None:
    assert folder_of_recordings(tmp_path) == tmp_path
    with pytest.raises(Problem, match="is not a folder") as refused:
        folder_of_recordings(tmp_path / "nowhere")
    assert refused.value.exit_code is Exit.FOLDER


def test_little_space_is_told_in_bytes_and_enough_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LOW_SPACE_BYTES", 0)
    assert low_space(tmp_path) is None
    monkeypatch.setattr(folder, "LOW_SPACE_BYTES", 1 << 62)
    assert low_space(tmp_path) == os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize


def test_what_is_not_footage_is_for_this_user_only(tmp_path: Path) -> None:
    assert state_folder(tmp_path).stat().st_mode & 0o777 == 0o700


def test_a_second_recorder_is_refused_until_the_first_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "HOLD_PATIENCE_S", 0.05)
    with hold(tmp_path):
        assert recorder_is_running(tmp_path)
        with pytest.raises(Problem, match="Another recorder") as refused:
            hold(tmp_path)
        assert refused.value.exit_code is Exit.BUSY
    assert not recorder_is_running(tmp_path)
    hold(tmp_path).close()


def test_a_killed_recorder_holds_nothing(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from holdfast.app.folder import hold
held = hold(Path(sys.argv[1]))
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    assert killed.returncode == -9
    assert not recorder_is_running(tmp_path)
    hold(tmp_path).close()


def test_a_socket_has_a_short_name_of_its_own_for_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    deep = tmp_path / ("깊은 폴더" * 20)
    places = [control_sockets(root)[0] for root in (tmp_path, deep)]
    assert len(set(places)) == 2
    assert all(len(place.name) < 30 for place in places)
    assert control_sockets(tmp_path / "a" / "..")[0] == places[0]


def test_a_runtime_folder_with_too_long_a_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(long))
    assert len(os.fsencode(control_sockets(tmp_path)[0])) < 108


def test_a_recorder_of_a_service_is_found_from_a_login_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    in_service = control_sockets(tmp_path)[0]
    # The folders of tests have names too long for a socket.
    with tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as run:
        monkeypatch.setenv("XDG_RUNTIME_DIR", run)
        in_shell = control_sockets(tmp_path)
    assert in_shell[0].is_relative_to(run)
    assert in_service in in_shell


def test_the_folder_of_sockets_lets_nobody_else_in(tmp_path: Path) -> None:
    private_folder(tmp_path / "sockets")
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700
    (tmp_path / "sockets").chmod(0o755)
    private_folder(tmp_path / "sockets")
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


def test_a_folder_of_sockets_that_somebody_else_laid_there_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError, match="somebody else"):
        private_folder(tmp_path / "link")
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(PermissionError, match="somebody else"):
        private_folder(tmp_path / "real")
