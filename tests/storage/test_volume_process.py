"""The process of a volume at work: real processes, real folders."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import VolumeState
from holdfast.ports.volumes import (
    Answer,
    AppendData,
    Created,
    CreateSegment,
    Cut,
    CutSegment,
    Finished,
    Order,
    SegmentFailed,
    Synced,
    VolumeReady,
    VolumeRefused,
    VolumeSeen,
)
from holdfast.storage.volume_host import PROCESS_COMMAND
from holdfast.storage.volume_process import EXIT_LEFT_ALONE
from holdfast.storage.volume_wire import encode_order
from tests.storage.host_rig import PATIENCE_S, HostRig, hosted, odd, opened, volume
from tests.storage.volumes import PARTS, Writing, appends, create, finish, is_final, small_disk


def size_after(fragments: int) -> int:
    return len(PARTS.header) + sum(map(len, PARTS.fragments[:fragments]))


async def test_a_segment_is_created_written_synced_and_made_final(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        rig.order(create(PARTS), *appends(PARTS), finish(PARTS))
        answers = await rig.all_until(Finished)
        assert await rig.host.close(PATIENCE_S)
    created = answers[0]
    assert isinstance(created, Created)
    assert (created.key, created.path) == (1, "cam/a.mp4")
    assert abs(time.monotonic() - created.at_s) < PATIENCE_S
    assert answers[-2:] == [Synced(1, 4, len(PARTS.open_file)), Finished(1, len(PARTS.final_file))]
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.final_file


async def test_it_answers_what_the_thread_answers(tmp_path: Path) -> None:
    """Syncs come when they come; all else in the same order."""
    for way in ("thread", "process"):
        (tmp_path / way).mkdir()
        (tmp_path / way / "cam_3").write_bytes(b"no folder")
    orders: list[Order] = [
        *(create(PARTS, f"cam_{key}/a.mp4", key=key) for key in (1, 2, 3, 4)),
        *(order for several in zip(*(appends(PARTS, key) for key in (1, 2, 3, 4)), strict=True) for order in several),
        finish(PARTS, 1),
        CutSegment(1, 0),
        CutSegment(2, size_after(2)),
        CutSegment(3, 0),
        CutSegment(4, 0),
    ]
    writing = Writing(tmp_path / "thread")
    writing.order(*orders)
    by_thread = writing.close()
    async with opened(tmp_path / "process") as rig:
        rig.order(*orders)
        assert await rig.host.close(PATIENCE_S)
        by_process: list[Answer] = []
        while not rig.events.empty():
            event = rig.events.get_nowait()
            if isinstance(event, Answer):
                by_process.append(event)
    for key in (1, 2, 3, 4):
        assert of_segment(by_process, key) == of_segment(by_thread, key)


def of_segment(answers: list[Answer], key: int) -> list[object]:
    """But for what differs by the clock and the folder."""
    return [
        (type(answer), getattr(answer, "size_bytes", None), getattr(answer, "path", None))
        for answer in answers
        if answer.key == key and not isinstance(answer, Synced)
    ]


async def test_a_volume_that_is_refused_can_be_opened_later_by_the_same_process(tmp_path: Path) -> None:
    root = tmp_path / "a volume with späces"
    root.write_bytes(b"a file")
    async with hosted(root) as rig:
        refused = await rig.next()
        assert isinstance(refused, VolumeRefused)
        assert refused.state is VolumeState.REFUSED
        assert str(root) in refused.sentence
        assert not is_waiting(rig)
        assert Path(f"/proc/{rig.host.pid}/cwd").readlink() == Path("/")
        root.unlink()
        rig.host.open(volume(root))
        assert is_waiting(rig)
        ready = await rig.next()
        assert isinstance(ready, VolumeReady)
        assert 0 < ready.space.free_bytes <= ready.space.total_bytes
        rig.host.open(volume(root))
        rig.order(create(PARTS))
        await rig.until(Created)


def is_waiting(rig: HostRig) -> bool:
    return rig.host.waiting_since_s is not None


async def test_it_tells_the_space_and_the_pace_every_second(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        rig.order(create(PARTS), *appends(PARTS))
        await rig.until(Synced)
        found: list[VolumeSeen] = [await rig.when_seen(), await rig.when_seen()]
    assert all(0 < seen.free_bytes <= seen.total_bytes for seen in found)
    assert any(seen.slowest_s > 0 for seen in found)


@pytest.mark.root
async def test_while_a_disk_refuses_data_as_full_it_says_so_whatever_the_free_space_is(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=16m,nr_inodes=40") as root:
        async with opened(root) as rig:
            assert not (await rig.when_seen()).is_refusing
            use_up_names(root)
            rig.order(create(PARTS))
            await rig.until(SegmentFailed)
            seen = await rig.when_seen()
            assert seen.is_refusing
            assert seen.free_bytes > 8 << 20
            assert (await rig.when_seen()).is_refusing
            shutil.rmtree(root / FILLERS)
            await rig.when_seen()
            assert not (await rig.when_seen()).is_refusing
            rig.order(create(PARTS, key=2))
            await rig.until(Created)
        assert not list(root.glob(".holdfast-try*"))


FILLERS = "fillers"


def use_up_names(root: Path) -> None:
    """Make files until the file system takes no more, however much space is left."""
    (root / FILLERS).mkdir()
    with contextlib.suppress(OSError):
        for number in range(40):
            (root / FILLERS / str(number)).touch()


async def test_signals_that_are_meant_for_the_recorder_do_not_end_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(rig.host.pid, number)
        rig.order(create(PARTS), *appends(PARTS), finish(PARTS))
        await rig.until(Finished)


async def test_its_command_line_says_nothing_about_anybody(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        words = Path(f"/proc/{rig.host.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        mapped = Path(f"/proc/{rig.host.pid}/maps").read_text(encoding="utf-8")
    assert words[:3] == [word.encode() for word in PROCESS_COMMAND]
    assert words[3].isdigit()
    assert "gstreamer" not in mapped


# ------------------------------------------------------------------ disks that are slow or fail


async def test_a_sync_that_does_not_come_back_holds_up_no_footage_and_no_other_segment(tmp_path: Path) -> None:
    async with opened(tmp_path, odd("slow")) as rig:
        (tmp_path / "hold").touch()
        rig.order(create(PARTS), *appends(PARTS)[:2])
        await rig.until(Created)
        while (await rig.when_seen()).slowest_s < 0.1:
            pass
        rig.order(*appends(PARTS, first=2), create(PARTS, "cam/b.mp4", key=2), *appends(PARTS, 2), finish(PARTS, 2))
        assert isinstance(await rig.next(), Created)
        while (tmp_path / "cam" / "a.mp4").stat().st_size < size_after(5):
            await asyncio.sleep(0.01)
        first, second = await rig.when_seen(), await rig.when_seen()
        assert second.slowest_s > first.slowest_s
        waiting_s = asyncio.get_running_loop().time() - (rig.host.waiting_since_s or 0)
        assert waiting_s >= first.slowest_s
        (tmp_path / "hold").unlink()
        assert isinstance((await rig.all_until(Finished))[-1], Finished)
        rig.order(finish(PARTS))
        await rig.until(Finished)
        assert rig.host.waiting_since_s is None
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.final_file


async def test_after_a_sync_that_failed_the_segment_is_given_up_and_can_be_cut(tmp_path: Path) -> None:
    async with opened(tmp_path, odd("broken")) as rig:
        rig.order(create(PARTS), *appends(PARTS)[:3])
        while await rig.until(Synced) != Synced(1, 2, size_after(3)):
            pass
        (tmp_path / "broken").touch()
        rig.order(*appends(PARTS, first=3))
        failed = await rig.until(SegmentFailed)
        assert (failed.kind, failed.path) == (FaultKind.STORAGE_DISCONNECTED, "cam/a.mp4")
        assert failed.sentence.startswith(f"{tmp_path / 'cam' / 'a.mp4'} cannot be written")
        (tmp_path / "broken").unlink()
        rig.order(*appends(PARTS, first=3), CutSegment(1, size_after(3)))
        cut = await rig.next()
        assert cut == Cut(1, (tmp_path / "cam" / "a.mp4").stat().st_size)
    assert is_final(tmp_path / "cam" / "a.mp4")


async def test_what_one_process_left_another_one_cuts(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        rig.order(create(PARTS), *appends(PARTS))
        while await rig.until(Synced) != Synced(1, 4, size_after(5)):
            pass
    async with opened(tmp_path) as rig:
        rig.order(CutSegment(1, size_after(2), "cam/a.mp4"))
        assert isinstance(await rig.next(), Cut)
    assert is_final(tmp_path / "cam" / "a.mp4")


async def test_while_one_process_holds_the_volume_no_other_one_opens_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as first, hosted(tmp_path) as second:
        refused = await second.next()
        assert isinstance(refused, VolumeRefused)
        assert refused.state is VolumeState.HUNG
        assert "earlier process" in refused.sentence
        second.host.open(volume(tmp_path))
        assert await first.host.close(PATIENCE_S)
        await second.until(VolumeReady)


@pytest.mark.root
async def test_what_is_written_after_the_volume_was_unmounted_does_not_land_below_its_mount_point(
    tmp_path: Path,
) -> None:
    root = tmp_path / "disk"
    async with contextlib.AsyncExitStack() as stack:
        with small_disk(root, "size=8m"):
            rig = await stack.enter_async_context(opened(root))
            rig.order(create(PARTS), *appends(PARTS))
            await rig.until(Created)
        rig.order(create(PARTS, "cam/b.mp4", key=2), *appends(PARTS, 2), finish(PARTS, 2))
        assert isinstance((await rig.all_until(Finished))[-1], Finished)
        assert list(root.iterdir()) == []


@pytest.mark.root
async def test_a_read_only_volume_is_refused_as_such(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "ro") as root:
        async with hosted(root) as rig:
            refused = await rig.next()
    assert isinstance(refused, VolumeRefused)
    assert refused.state is VolumeState.READ_ONLY


# ------------------------------------------------------------------ recorders that die


class Alone:
    """A process without a host: the test is its recorder."""

    def __init__(self, root: Path, command: tuple[str, ...] = PROCESS_COMMAND) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            command = (*command, str(theirs.fileno()))
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
        self.control.settimeout(PATIENCE_S)
        self.control.sendall(b"".join(encode_order(volume(root))))
        assert self.control.recv(1 << 16)

    def end(self) -> None:
        self.control.close()
        self.process.kill()
        self.process.communicate()

    def last_words(self) -> bytes:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def send(self, *orders: Order) -> None:
        for order in orders:
            self.control.sendall(b"".join(map(bytes, encode_order(order))))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    made = Alone(tmp_path)
    yield made
    made.end()


def test_what_a_recorder_sent_before_it_died_is_written_and_synced_and_the_process_ends(
    alone: Alone, tmp_path: Path
) -> None:
    alone.send(create(PARTS), *appends(PARTS))
    alone.control.close()
    assert alone.process.wait(PATIENCE_S) == 0
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.open_file


def test_half_an_order_is_not_carried_out(alone: Alone, tmp_path: Path) -> None:
    alone.send(create(PARTS), appends(PARTS)[0])
    alone.control.sendall(b"".join(map(bytes, encode_order(appends(PARTS)[1])))[:-1])
    alone.control.close()
    assert alone.process.wait(PATIENCE_S) == 0
    assert (tmp_path / "cam" / "a.mp4").stat().st_size == size_after(1)


def test_a_large_order_is_taken_whole(alone: Alone, tmp_path: Path) -> None:
    media = os.urandom(5 << 20)
    alone.send(CreateSegment(1, ("a.mp4",), b"header"))
    alone.send(AppendData(1, b"moof", 1, media), AppendData(1, b"moof", 2, b""))
    alone.control.close()
    assert alone.process.wait(PATIENCE_S) == 0
    assert (tmp_path / "a.mp4").read_bytes() == b"headermoof" + media + b"moof"


@pytest.mark.parametrize("data", [b"\0" * 100, b"".join(encode_order(volume(Path("/"))))], ids=["noise", "again"])
def test_orders_that_make_no_sense_end_it(alone: Alone, data: bytes) -> None:
    alone.control.sendall(data)
    assert alone.process.wait(PATIENCE_S) == 70
    assert alone.last_words()


def test_nothing_is_done_before_the_volume_is_open(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        process = subprocess.Popen([*PROCESS_COMMAND, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        ours.sendall(b"".join(encode_order(create(PARTS))))
        assert process.wait(PATIENCE_S) == 70
    assert "before the volume is open" in capfd.readouterr().err


def test_a_process_that_is_not_wanted_any_more_before_the_volume_is_open_ends() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        process = subprocess.Popen([*PROCESS_COMMAND, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    ours.close()
    assert process.wait(PATIENCE_S) == 0


def test_a_process_whose_disk_hangs_does_not_outlive_its_recorder_for_long(tmp_path: Path) -> None:
    alone = Alone(tmp_path, odd("slow"))
    (tmp_path / "hold").touch()
    alone.send(create(PARTS), *appends(PARTS))
    alone.control.close()
    assert alone.process.wait(PATIENCE_S) == EXIT_LEFT_ALONE
    alone.end()


RECORDER = """
import os, signal, socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
command = [*sys.argv[1:], str(theirs.fileno())]
process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdout=subprocess.DEVNULL)
theirs.close()
ours.sendall(sys.stdin.buffer.read())
ours.recv(1)
os.kill(process.pid, signal.SIGSTOP)
print(process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_even_a_process_that_is_stopped_ends_when_its_recorder_is_killed(tmp_path: Path) -> None:
    recorder = subprocess.run(
        [sys.executable, "-c", RECORDER, *PROCESS_COMMAND],
        input=b"".join(encode_order(volume(tmp_path))),
        stdout=subprocess.PIPE,
        check=False,
    )
    pid = int(recorder.stdout)
    until_s = time.monotonic() + PATIENCE_S
    while state_of(pid) not in {"", "Z"}:
        assert time.monotonic() < until_s
        time.sleep(0.02)


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
