"""The marker of a volume: what others wrote into it, and what a cut of the power leaves of it."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.domain.volumes import VolumeIdentity, VolumeState
from holdfast.storage import identity, marker
from holdfast.storage.identity import VolumeError, adopt
from holdfast.storage.marker import FOLDER, MOST_BYTES, NAME, make_marker, new_id
from tests.storage.opening import OURS, failing, left_over, marker_of, opened, refused


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 200,
        b'{"format',
        b'{"format": 1, "volume_id": "3333',
        b'{"format": 1, "volume_id": "x", "na' + b"\0" * 100,
    ],
    ids=["empty", "zeros", "few bytes", "half", "half and zeros"],
)
def test_a_marker_that_was_half_written_is_written_anew_unless_the_volume_is_known(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / FOLDER).mkdir()
    marker_of(tmp_path).write_bytes(content)
    known = VolumeIdentity(new_id(), OURS, "main")
    found = refused(tmp_path, known)
    assert found.state is VolumeState.REFUSED
    assert "(it was not written to its end)" in found.sentence
    assert opened(tmp_path).is_new
    assert left_over(tmp_path) == [f"{FOLDER}/{NAME}"]


def fields(**changed: object) -> bytes:
    usual = {"format": 1, "volume_id": new_id(), "recorder_id": OURS, "name": "main", "made": "2026-01-01T00:00:00Z"}
    return json.dumps(usual | changed).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "it cannot be read"),
        (b"\xff\xfe\x00", "it cannot be read"),
        (b"[1, 2]", "it cannot be read"),
        (b"[" * 4000, "it cannot be read"),
        (b"#" * (MOST_BYTES + 1), "it is too large"),
        (fields(format=2), "it was made by a newer release of Holdfast"),
        (fields(volume_id="main"), "its id cannot be used"),
        (fields(volume_id=5), "its id cannot be used"),
        (fields(recorder_id=None), "its id cannot be used"),
        (fields(name=5), "its name cannot be used"),
        (fields(name="a\x1b[31m"), "its name cannot be used"),
        (fields(name="x" * 256), "its name cannot be used"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:20]),
)
def test_a_marker_that_somebody_else_wrote_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / FOLDER).mkdir()
    marker_of(tmp_path).write_bytes(content)
    found = refused(tmp_path)
    assert found.state is VolumeState.REFUSED
    assert f"({reason})" in found.sentence
    assert "holdfast adopt" in found.sentence
    assert marker_of(tmp_path).read_bytes() == content
    adopted = adopt(tmp_path, "main", OURS)
    assert opened(tmp_path, adopted).identity == adopted


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.binary(max_size=300))
def test_no_marker_breaks_the_opening(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    marker_of(tmp_path).write_bytes(content)
    try:
        found = opened(tmp_path)
    except VolumeError as error:
        assert error.state is VolumeState.REFUSED  # noqa: PT017 - it need not be raised
    else:
        assert found.is_new


def test_a_marker_that_is_a_link_a_pipe_or_a_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(fields())
    root = tmp_path / "root"
    (root / FOLDER).mkdir(parents=True)
    place = marker_of(root)
    makers: tuple[Callable[[], None], ...] = (lambda: place.symlink_to(outside), lambda: os.mkfifo(place))
    for make in makers:
        make()
        found = refused(root)
        assert found.state is VolumeState.REFUSED
        place.unlink()
    place.mkdir()
    assert refused(root).state is VolumeState.REFUSED


def test_a_state_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / FOLDER).symlink_to(elsewhere)
    found = refused(root)
    assert (found.state, "it is no file, or a symbolic link" in found.sentence) == (VolumeState.REFUSED, True)
    with pytest.raises(VolumeError):
        adopt(root, "main", OURS)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_can_be_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with monkeypatch.context() as patched:
        failing(patched, "link", code)
        made = opened(tmp_path)
    assert made.is_new
    assert opened(tmp_path, made.identity).identity == made.identity
    assert left_over(tmp_path) == [f"{FOLDER}/{NAME}"]


def test_when_two_make_the_marker_the_first_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(tmp_path).identity
    real, calls = marker.read_marker, []

    def blind_once(root: int) -> VolumeIdentity | None:
        calls.append(root)
        return None if len(calls) == 1 else real(root)

    with monkeypatch.context() as patched:
        patched.setattr(identity, "read_marker", blind_once)
        assert opened(tmp_path).identity == first
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileExistsError):
            make_marker(folder, first)
    finally:
        os.close(folder)
    assert left_over(tmp_path) == [f"{FOLDER}/{NAME}"]


CUT = ("open", "write", "fsync", "link", "unlink", "mkdir", "rename")


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_wherever_the_making_of_a_marker_is_cut_the_volume_can_be_opened_afterwards(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    links: bool,  # noqa: FBT001 - of a table
) -> None:
    """Each call in turn is the last one that is made: what follows, cleaning up included, does not happen."""
    for last in range(60):
        root = tmp_path / str(last)
        root.mkdir()
        left = last
        folder = os.open(root, os.O_RDONLY)
        with monkeypatch.context() as patched:

            def counted(name: str) -> None:
                real = getattr(os, name)

                def call(*args: object, **named: object) -> object:
                    nonlocal left
                    left -= 1
                    if left < 0:
                        raise OSError(errno.EIO, "the power is gone")
                    if name == "link" and not links:
                        raise OSError(errno.EPERM, "no links")
                    return real(*args, **named)

                patched.setattr(os, name, call)

            for name in CUT:
                counted(name)
            try:
                make_marker(folder, VolumeIdentity(new_id(), OURS, "main"))
            except OSError:
                is_whole = False
            else:
                is_whole = True
        os.close(folder)
        opened(root)
        if is_whole:
            return
    pytest.fail("it never ends")
