"""What is mounted where, by the kernel's table: as text, as a model of the kernel, and as it really is."""

import os
import queue
import string
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.volumes import FileSystem
from holdfast.storage import mount_watch
from holdfast.storage.mount_watch import MountWatch
from holdfast.storage.mounts import Mount, by_id, covering, parse, read_table

PATIENCE_S = 30.0
ROOT_LINE = rb"27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro"


def line(
    mount_id: int, parent_id: int, point: str, device: str = "0:40", *, options: str = "rw", every: str = "rw"
) -> bytes:
    return f"{mount_id} {parent_id} {device} / {point} {options} - tmpfs none {every}".encode()


def table(*lines: bytes) -> tuple[Mount, ...]:
    return parse(b"\n".join(lines) + b"\n")


def test_a_line_is_read_with_all_that_is_needed() -> None:
    (found,) = table(
        rb"36 27 8:17 /sub /mnt/usb rw,noatime master:1 propagate_from:2 - ext4 /dev/sdb1 rw,errors=continue"
    )
    assert found == Mount(FileSystem("ext4", "/dev/sdb1", "/mnt/usb", 36, "8:17"), 27)


def test_spaces_and_other_signs_in_names_are_unescaped_and_any_bytes_may_be_in_them() -> None:
    (found,) = table(rb"36 27 8:17 / /mnt/my\040disk\134\011\012x rw - fuse.s\0433 //nas/a\040b rw")
    assert found.file_system.mount_point == "/mnt/my disk\\\t\nx"
    assert (found.file_system.kind, found.file_system.source) == ("fuse.s#3", "//nas/a b")
    (odd,) = table(b"36 27 8:17 / /mnt/\xff\x85\x0b\xec\x95\x9e rw - ext4 /dev/x rw")
    assert os.fsencode(odd.file_system.mount_point) == b"/mnt/\xff\x85\x0b\xec\x95\x9e"


def test_a_source_may_be_empty_and_a_source_may_be_a_dash() -> None:
    first, second = table(b"36 27 0:5 / /a rw - tmpfs  rw", b"37 27 0:6 / /b rw shared:4 - tmpfs - rw")
    assert (first.file_system.source, second.file_system.source) == ("", "-")


@pytest.mark.parametrize(
    ("options", "every", "is_read_only"),
    [
        ("rw", "rw", False),
        ("ro,noatime", "rw", True),
        ("rw", "rw,ro", True),
        ("rw,nosuid", "ro", True),
        ("rw,rox", "rw", False),
    ],
)
def test_read_only_shows_for_a_mount_and_for_its_file_system(options: str, every: str, is_read_only: bool) -> None:  # noqa: FBT001 - of a table
    (found,) = table(line(36, 27, "/a", options=options, every=every))
    assert found.file_system.is_read_only is is_read_only


@pytest.mark.parametrize(
    "odd",
    [b"", b"nonsense", b"a b c d e f - g h i", b"36 27 8:1 / /x rw", b"36 27 8:1 / /x rw - ext4", b"- - - - - - - -"],
)
def test_a_line_that_is_none_is_left_out(odd: bytes) -> None:
    assert [mount.file_system.mount_id for mount in table(ROOT_LINE, odd, line(36, 27, "/a"))] == [27, 36]


def at(mounts: tuple[Mount, ...], path: str) -> int | None:
    found = covering(mounts, path)
    return None if found is None else found.mount_id


def test_a_path_is_covered_by_the_mount_nearest_above_it() -> None:
    mounts = table(ROOT_LINE, line(36, 27, "/mnt/usb"), line(37, 36, "/mnt/usb/deep"))
    assert at(mounts, "/mnt/usb") == 36
    assert at(mounts, "/mnt/usb/footage") == 36
    assert at(mounts, "/mnt/usb/deep/er") == 37
    assert at(mounts, "/mnt/usb2") == 27
    assert at(mounts, "/mnt") == 27
    assert at(mounts, "/") == 27


def test_of_several_mounts_on_one_point_the_last_wins() -> None:
    assert at(table(ROOT_LINE, line(36, 27, "/a"), line(37, 36, "/a"), line(38, 37, "/a")), "/a/b") == 38
    assert at(table(line(38, 37, "/a"), ROOT_LINE, line(37, 36, "/a"), line(36, 27, "/a")), "/a/b") == 38
    assert at(table(ROOT_LINE, line(36, 27, "/a"), line(37, 27, "/a")), "/a/b") == 37


def test_a_mount_that_is_hidden_below_another_is_not_found() -> None:
    hidden, above = line(36, 27, "/mnt/usb"), line(37, 27, "/mnt")
    assert at(table(ROOT_LINE, hidden, above), "/mnt/usb/footage") == 37


def test_bind_mounts_and_overlays_are_mounts_as_others() -> None:
    bound = rb"40 27 8:17 /footage /srv/footage rw - ext4 /dev/sdb1 rw"
    layered = rb"41 27 0:50 / /var/lib/c rw - overlay overlay rw,lowerdir=/l\072m,upperdir=/u"
    mounts = table(ROOT_LINE, bound, layered)
    assert covering(mounts, "/srv/footage/cam") == FileSystem("ext4", "/dev/sdb1", "/srv/footage", 40, "8:17")
    assert covering(mounts, "/var/lib/c") == FileSystem("overlay", "overlay", "/var/lib/c", 41, "0:50")


def test_the_outermost_mount_may_lie_on_itself_or_on_one_below_it() -> None:
    assert at(table(rb"1 1 0:2 / / rw - rootfs rootfs rw", rb"20 1 8:1 / / rw - ext4 /dev/a rw"), "/x") == 20


def test_in_a_changed_root_only_what_is_mounted_below_it_is_known() -> None:
    mounts = table(line(50, 49, "/srv"), line(51, 50, "/srv/a"))
    assert at(mounts, "/srv/a/b") == 51
    assert at(mounts, "/srv/c") == 50
    assert at(mounts, "/home") is None
    assert covering((), "/") is None


def test_a_table_that_leads_in_a_circle_is_survived() -> None:
    assert at(table(ROOT_LINE, line(36, 37, "/a"), line(37, 36, "/a")), "/a") == 27
    assert at(table(ROOT_LINE, line(36, 36, "/a")), "/a") == 27


NAMES = st.text(st.sampled_from(string.ascii_letters + " \\\n\täé#-"), min_size=1, max_size=4)
PATHS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_what_the_kernel_escapes_is_read_as_it_was(names: list[str]) -> None:
    point = "/" + "/".join(names)
    escaped = "".join(f"\\{ord(sign):03o}" if sign in " \t\n\\#" else sign for sign in point)
    (found,) = table(f"36 27 8:1 / {escaped} rw - ext4 {escaped} rw".encode())
    assert found.file_system.mount_point == found.file_system.source == point


@given(st.binary(max_size=200))
def test_no_table_breaks_the_reading(data: bytes) -> None:
    covering(parse(data), "/a/b")
    covering(parse(ROOT_LINE + b"\n" + data), "/a/b")


@dataclass
class Kernel:
    """Mounts as a stack: each lies on what covered its point when it was made."""

    lines: list[tuple[int, bytes]]
    stacks: dict[str, int]

    @property
    def mounts(self) -> tuple[Mount, ...]:
        return table(*(text for _, text in self.lines))


@given(st.lists(PATHS, max_size=12), st.lists(PATHS, min_size=1, max_size=4))
def test_what_was_mounted_last_covers_its_point_and_taking_it_away_shows_what_was_below(
    points: list[str], paths: list[str]
) -> None:
    kernel = Kernel([(27, ROOT_LINE)], {})
    before: list[tuple[tuple[Mount, ...], dict[str, int | None]]] = []
    for number, point in enumerate(points, 100):
        mounts = kernel.mounts
        before.append((mounts, {path: at(mounts, path) for path in paths}))
        parent = at(mounts, point)
        assert parent is not None
        kernel.lines.append((number, line(number, parent, point)))
        assert at(kernel.mounts, point) == number
        below = point.rstrip("/") + "/x/y"
        assert at(kernel.mounts, below) == number
    for mounts, seen in reversed(before):
        kernel.lines.pop()
        assert kernel.mounts == mounts
        assert {path: at(kernel.mounts, path) for path in paths} == seen


def test_this_machines_own_table_covers_every_path_as_the_kernel_says(tmp_path: Path) -> None:
    mounts = parse(read_table())
    for path in (Path("/"), Path("/proc"), Path("/dev"), tmp_path):
        descriptor = os.open(path.resolve(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            (number,) = [
                int(text.partition(":")[2])
                for text in Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
                if text.startswith("mnt_id:")
            ]
        finally:
            os.close(descriptor)
        found = covering(mounts, str(path.resolve()))
        assert found == by_id(mounts, number)
    assert by_id(mounts, -1) is None


# ------------------------------------------------------------------ being told


@pytest.fixture
def told() -> Iterator[queue.Queue[tuple[Mount, ...]]]:
    changes: queue.Queue[tuple[Mount, ...]] = queue.Queue()
    watch = MountWatch(changes.put)
    yield changes
    watch.close()
    watch.close()


def run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def until(changes: "queue.Queue[tuple[Mount, ...]]", place: Path, wanted: str) -> FileSystem | None:
    """What covers the place once its source is as wanted, ignoring what others mount on this machine meanwhile."""
    while True:
        found = covering(changes.get(timeout=PATIENCE_S), str(place))
        if found is not None and wanted in (found.source, "ro" if found.is_read_only else "rw"):
            return found


@pytest.mark.root
def test_every_change_of_a_real_mount_is_told(tmp_path: Path, told: "queue.Queue[tuple[Mount, ...]]") -> None:
    place = (tmp_path / "my disk (앞)").resolve()
    place.mkdir()
    folder = place / "footage"
    before = covering(parse(read_table()), str(folder))
    try:
        run("mount", "-t", "tmpfs", "first", place)
        first = until(told, folder, "first")
        assert first is not None
        assert first.mount_point == str(place)
        run("mount", "-t", "tmpfs", "second", place)
        second = until(told, folder, "second")
        assert not first.is_same_mount(second)
        run("mount", "-o", "remount,ro", place)
        read_only = until(told, folder, "ro")
        assert second is not None
        assert second.is_same_mount(read_only)
        run("umount", "-l", place)
        assert until(told, folder, "first") == first
    finally:
        while os.path.ismount(place):
            run("umount", "-l", place)
    assert before is not None
    assert until(told, folder, before.source) == before


@pytest.mark.root
def test_a_disk_is_gone_from_the_table_though_what_is_open_can_still_be_written(
    tmp_path: Path, told: "queue.Queue[tuple[Mount, ...]]"
) -> None:
    place = tmp_path.resolve() / "disk"
    place.mkdir()
    run("mount", "-t", "tmpfs", "pulled", place)
    mounted = until(told, place, "pulled")
    with (place / "file").open("wb", buffering=0) as file:
        run("umount", "-l", place)
        file.write(b"into nowhere")
        os.fsync(file.fileno())
        gone = told.get(timeout=PATIENCE_S)
        while covering(gone, str(place)) == mounted:
            gone = told.get(timeout=PATIENCE_S)
        assert mounted is not None
        assert by_id(gone, mounted.mount_id) != mounted


def test_a_change_of_which_nobody_tells_is_found_by_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount_watch, "LOOK_EVERY_MS", 10)
    changes: queue.Queue[tuple[Mount, ...]] = queue.Queue()
    file = tmp_path / "table"
    file.write_bytes(b"")
    watch = MountWatch(changes.put, file)
    try:
        file.write_bytes(ROOT_LINE)
        assert [mount.file_system.mount_id for mount in changes.get(timeout=PATIENCE_S)] == [27]
    finally:
        watch.close()


@pytest.mark.expects_log("a change of what is mounted was not understood")
def test_a_listener_that_fails_is_told_of_the_next_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount_watch, "LOOK_EVERY_MS", 10)
    changes: queue.Queue[tuple[Mount, ...]] = queue.Queue()

    def listen(mounts: tuple[Mount, ...]) -> None:
        changes.put(mounts)
        assert len(mounts) > 1

    file = tmp_path / "table"
    file.write_bytes(b"")
    watch = MountWatch(listen, file)
    try:
        file.write_bytes(ROOT_LINE)
        assert len(changes.get(timeout=PATIENCE_S)) == 1
        file.write_bytes(ROOT_LINE + b"\n" + line(36, 27, "/a"))
        assert len(changes.get(timeout=PATIENCE_S)) == 2
    finally:
        watch.close()


def test_without_a_table_there_is_no_watch_and_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        MountWatch(lambda _: None, tmp_path / "none")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    watch = MountWatch(lambda _: None)
    watch.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
