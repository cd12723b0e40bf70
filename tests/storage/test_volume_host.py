"""The host of a volume's process: it never waits, whatever becomes of the process."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import (
    AppendData,
    Created,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    SegmentFailed,
    Synced,
    VolumeExited,
    VolumeLost,
    VolumeReady,
)
from holdfast.storage import volume_host
from tests.storage.host_rig import PATIENCE_S, HostRig, hosted, is_alive, odd, opened
from tests.storage.odd_process import NONSENSE
from tests.storage.volumes import PARTS, appends, create, finish

MEDIA = os.urandom(300_000)
HEADER = b"header"


def create_large(key: int = 1) -> CreateSegment:
    return CreateSegment(key, (f"{key}.mp4",), HEADER)


def large(token: int, key: int = 1) -> AppendData:
    return AppendData(key, b"moof", token, memoryview(MEDIA))


async def stop(rig: HostRig) -> None:
    """Have the process not answer, as when its disk hangs."""
    os.kill(rig.host.pid, signal.SIGSTOP)
    while "T" not in Path(f"/proc/{rig.host.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]:
        await asyncio.sleep(0.01)


def wake(rig: HostRig) -> None:
    os.kill(rig.host.pid, signal.SIGCONT)


async def test_while_the_process_does_not_answer_orders_are_kept_and_the_loop_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        await stop(rig)
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        rig.order(create_large(), *(large(token) for token in range(200)))
        assert loop.time() - begun_s < 5
        assert rig.host.unsent_bytes > 50_000_000
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert loop.time() - begun_s < 10
        assert begun_s <= (rig.host.waiting_since_s or 0) <= loop.time()
        assert rig.events.empty()
        wake(rig)
        while (await rig.until(Synced)).token < 199:
            pass
        assert rig.host.unsent_bytes == 0
        assert rig.host.waiting_since_s is None
        assert await rig.host.close(PATIENCE_S)
    assert (tmp_path / "1.mp4").read_bytes() == HEADER + (b"moof" + MEDIA) * 200


async def test_no_more_is_kept_than_the_limit_and_the_segment_that_goes_over_it_fails(tmp_path: Path) -> None:
    async with opened(tmp_path, max_unsent_bytes=3_000_000) as rig:
        rig.order(create_large(1), create_large(2))
        created = {event.key for event in (await rig.until(Created), await rig.until(Created))}
        assert created == {1, 2}
        await stop(rig)
        rig.order(*(large(token, 1) for token in range(100)))
        assert 2_000_000 < rig.host.unsent_bytes <= 3_000_000
        failed = await rig.until(SegmentFailed)
        assert (failed.key, failed.kind, failed.path) == (1, FaultKind.STORAGE_DISCONNECTED, "1.mp4")
        assert "as fast as it comes" in failed.sentence
        rig.order(CreateSegment(3, ("3.mp4",), MEDIA), large(0, 3), CutSegment(1, 0))
        assert await rig.until(SegmentFailed) == SegmentFailed(3, failed.kind, failed.sentence, "")
        wake(rig)
        assert (await rig.until(Cut)).key == 1
        rig.order(large(1, 1), large(1, 2), finish(PARTS, 2))
        told = await rig.all_until(Finished)
        assert {event.key for event in told if isinstance(event, Synced)} == {2}
    assert not (tmp_path / "1.mp4").exists()


async def test_of_a_segment_that_was_given_up_nothing_more_is_told_but_its_cut(tmp_path: Path) -> None:
    async with opened(tmp_path, max_unsent_bytes=3_000_000) as rig:
        rig.order(create_large(1))
        await rig.until(Created)
        await stop(rig)
        rig.order(*(large(token, 1) for token in range(100)))
        await rig.until(SegmentFailed)
        wake(rig)
        await rig.when_seen()
        await rig.when_seen()
        assert rig.events.empty()
        assert rig.host.waiting_since_s is None
        rig.order(CutSegment(1, 0))
        assert await rig.next() == Cut(1, 0)


@pytest.mark.parametrize("is_stopped", [False, True], ids=["at work", "hung"])
async def test_an_abandoned_process_is_left_alone_at_once_and_reaped_when_it_ends(
    tmp_path: Path, *, is_stopped: bool
) -> None:
    async with opened(tmp_path) as rig:
        rig.order(create(PARTS))
        await rig.until(Created)
        rig.order(create(PARTS, "cam/b.mp4", key=2), CutSegment(2, 0))
        await rig.until(Cut)
        if is_stopped:
            await stop(rig)
        rig.order(*appends(PARTS), *(large(token) for token in range(20)), create(PARTS, key=3), CutSegment(3, 0))
        begun_s = asyncio.get_running_loop().time()
        rig.host.abandon("given up")
        assert asyncio.get_running_loop().time() - begun_s < 5
        assert rig.host.is_lost
        assert rig.host.unsent_bytes == 0
        assert rig.host.waiting_since_s is None
        rig.host.abandon("again")
        events = await rig.all_until(VolumeExited)
        assert [event for event in events if not isinstance(event, Synced)] == [
            SegmentFailed(1, FaultKind.STORAGE_DISCONNECTED, "given up", "cam/a.mp4"),
            CutFailed(3, "given up"),
            VolumeLost("given up"),
            VolumeExited(-signal.SIGKILL),
        ]
        assert rig.host.is_exited
        assert not is_alive(rig.host.pid)
        rig.host.abandon("much too late")
        assert not await rig.host.close(PATIENCE_S)


async def test_what_is_ordered_of_a_volume_that_is_not_open_fails_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        rig.host.abandon("given up")
        await rig.until(VolumeExited)
        rig.order(create(PARTS), *appends(PARTS), finish(PARTS), CutSegment(2, 0))
        failed = await rig.next()
        assert isinstance(failed, SegmentFailed)
        assert (failed.key, failed.path) == (1, "")
        assert str(tmp_path) in failed.sentence
        assert isinstance(await rig.next(), CutFailed)
    async with hosted(tmp_path) as rig:
        rig.order(create(PARTS))
        assert isinstance(await rig.next(), SegmentFailed)
        await rig.until(VolumeReady)
        rig.order(*appends(PARTS))
        assert rig.host.waiting_since_s is None


async def test_a_process_that_was_killed_takes_its_segments_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        rig.order(create(PARTS), *appends(PARTS))
        rig.order(create(PARTS, "cam/b.mp4", key=2), *appends(PARTS, 2), finish(PARTS, 2))
        await rig.until(Finished)
        os.kill(rig.host.pid, signal.SIGKILL)
        events = await rig.all_until(VolumeExited)
        failed, lost, exited = events[-3:]
        assert isinstance(failed, SegmentFailed)
        assert (failed.key, failed.path) == (1, "cam/a.mp4")
        assert isinstance(lost, VolumeLost)
        assert "ended unexpectedly (signal 9)" in lost.sentence
        assert exited == VolumeExited(-signal.SIGKILL)
        assert not is_alive(rig.host.pid)
        rig.order(create(PARTS, key=3))
        assert isinstance(await rig.next(), SegmentFailed)


async def test_orders_to_a_process_that_has_just_died_do_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        os.kill(rig.host.pid, signal.SIGKILL)
        while is_running(rig.host.pid):
            os.sched_yield()
        rig.order(create_large(), *(large(token) for token in range(20)))
        events = await rig.all_until(VolumeExited)
        assert [type(event) for event in events] == [SegmentFailed, VolumeLost, VolumeExited]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


async def test_in_the_end_everything_is_carried_out_even_what_was_not_sent_yet(tmp_path: Path) -> None:
    async with opened(tmp_path) as rig:
        await stop(rig)
        rig.order(create_large(), *(large(token) for token in range(50)))
        closing = asyncio.ensure_future(rig.host.close(PATIENCE_S))
        await asyncio.sleep(0.05)
        assert not closing.done()
        rig.order(create(PARTS, key=2))
        refused = await rig.next()
        assert isinstance(refused, SegmentFailed)
        assert refused.key == 2
        wake(rig)
        assert await closing
        assert (await rig.all_until(VolumeExited))[-2:] == [
            Synced(1, 49, len(HEADER) + 50 * (4 + len(MEDIA))),
            VolumeExited(0),
        ]
        assert await rig.host.close(PATIENCE_S), "once more does no harm"
    assert (tmp_path / "1.mp4").read_bytes() == HEADER + (b"moof" + MEDIA) * 50


async def test_the_end_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    async with opened(tmp_path, odd("slow")) as rig:
        (tmp_path / "hold").touch()
        rig.order(create(PARTS), *appends(PARTS))
        await rig.until(Created)
        assert not await rig.host.close(0.2)
        events = await rig.all_until(VolumeExited)
        assert [type(event) for event in events] == [SegmentFailed, VolumeLost, VolumeExited]
        lost = events[1]
        assert isinstance(lost, VolumeLost)
        assert "did not finish its work in time" in lost.sentence


@pytest.mark.parametrize("behaviour", [behaviour for behaviour in NONSENSE if behaviour != "half"])
async def test_a_process_that_talks_nonsense_is_abandoned(tmp_path: Path, behaviour: str) -> None:
    async with hosted(tmp_path, odd(behaviour)) as rig:
        lost, exited = await rig.next(), await rig.next()
    assert isinstance(lost, VolumeLost)
    assert "talked nonsense" in lost.sentence
    assert exited == VolumeExited(-signal.SIGKILL)


async def test_half_an_answer_of_a_process_that_ends_counts_for_nothing(tmp_path: Path) -> None:
    async with hosted(tmp_path, odd("half")) as rig:
        lost, exited = await rig.next(), await rig.next()
    assert isinstance(lost, VolumeLost)
    assert "(exit code 0)" in lost.sentence
    assert exited == VolumeExited(0)


@pytest.mark.expects_log("the process that writes to .*: cannot go on")
async def test_the_last_words_of_a_process_are_in_the_log(tmp_path: Path) -> None:
    async with hosted(tmp_path, odd("dies")) as rig:
        lost, exited = await rig.next(), await rig.next()
    assert isinstance(lost, VolumeLost)
    assert "(exit code 3)" in lost.sentence
    assert exited == VolumeExited(3)


async def test_a_process_that_says_no_more_and_does_not_end_is_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_host, "EXIT_PATIENCE_S", 0.05)
    async with hosted(tmp_path, odd("mute")) as rig:
        lost, exited = await rig.next(), await rig.next()
    assert isinstance(lost, VolumeLost)
    assert "does not end" in lost.sentence
    assert exited == VolumeExited(-signal.SIGKILL)


async def test_a_process_that_cannot_be_started_leaks_nothing(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        HostRig(tmp_path, (str(tmp_path / "nothing"),), 0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_process_in_opening_waits_to_be_answered_and_can_be_closed(tmp_path: Path) -> None:
    async with hosted(tmp_path, odd("hangs")) as rig:
        assert rig.host.waiting_since_s is not None
        assert not await rig.host.close(0.05)
        assert isinstance(await rig.next(), VolumeLost)
