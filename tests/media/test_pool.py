"""The pool of capture workers, with workers that misbehave in every way."""

import asyncio
import os
import signal
import time
from dataclasses import replace

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.streams import Mode, StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.media.pool import PoolSettings
from holdfast.policy.faults import classify
from holdfast.ports.capture import (
    BranchFailed,
    Progress,
    SessionEnded,
    SessionFailed,
    TakeBytes,
    TakeClosed,
    TakeOpened,
    WorkerLost,
)
from tests.media.pool_rig import STREAM, PoolRig, children, fake, pool_of, until_true

OTHER = StreamId("cam_02")


async def loss(rig: PoolRig) -> tuple[FaultKind, str]:
    """How the next session is lost."""
    lost = await rig.until(WorkerLost)
    return classify(lost.error).kind, lost.error.text


async def test_a_session_is_opened_in_a_worker_and_ends_when_it_is_told_to() -> None:
    async with pool_of(fake("well")) as rig:
        rig.open()
        await rig.until(BranchFailed)
        (pid,) = rig.pool.pids
        assert rig.pool.pids == {pid: (STREAM,)}
        rig.pool.close(STREAM, 1)
        assert await rig.next() == SessionEnded(STREAM, 1)
        rig.pool.close(STREAM, 1)
        rig.open(session=2)
        await rig.until(Progress)
        assert list(rig.pool.pids) == [pid], "the next session of a stream lives in the same worker"


async def test_a_worker_that_never_becomes_ready_is_replaced() -> None:
    async with pool_of(fake("never ready", start_s=0.3)) as rig:
        rig.open()
        kind, text = await loss(rig)
        assert kind is FaultKind.WORKER_HUNG
        assert "no sign of life" in text
        assert not rig.pool.pids


async def test_a_worker_that_falls_silent_is_replaced() -> None:
    async with pool_of(fake("hangs", pulse_s=0.5)) as rig:
        rig.open()
        assert (await loss(rig))[0] is FaultKind.WORKER_HUNG


async def test_a_worker_that_is_stopped_is_replaced_and_what_it_had_written_is_delivered() -> None:
    async with pool_of(fake("takes", pulse_s=0.5)) as rig:
        rig.open()
        seen = await rig.all_until(BranchFailed)
        (pid,) = rig.pool.pids
        os.kill(pid, signal.SIGSTOP)
        seen += await rig.all_until(WorkerLost)
        assert TakeBytes(STREAM, 1, 2, b"second") in seen
        assert seen[-2] == TakeClosed(STREAM, 1, 2)


async def test_a_worker_that_dies_is_replaced_with_its_last_words_and_bytes() -> None:
    async with pool_of(fake("dies with words")) as rig:
        rig.open()
        assert (await rig.until(TakeBytes)).data == b"last words"
        assert await rig.next() == TakeClosed(STREAM, 1, 1)
        lost = await rig.next()
        assert isinstance(lost, WorkerLost)
        assert classify(lost.error).kind is FaultKind.WORKER_DIED
        assert "something terrible happened" in lost.error.text
        rig.open(session=2)
        assert (await rig.until(TakeOpened)).session == 2


async def test_a_worker_that_dies_before_it_is_ready_is_replaced_with_its_last_words() -> None:
    async with pool_of(fake("dies at once")) as rig:
        rig.open()
        kind, text = await loss(rig)
        assert kind is FaultKind.WORKER_DIED
        assert "no display, no sound, no hope" in text


@pytest.mark.parametrize("behaviour", ["garbage", "closes"])
async def test_a_worker_that_does_not_keep_to_the_protocol_is_killed(behaviour: str) -> None:
    async with pool_of(fake(behaviour)) as rig:
        rig.open()
        kind, text = await loss(rig)
        assert kind is FaultKind.WORKER_DIED
        assert "no message of the worker protocol" in text or behaviour == "closes"


async def test_a_worker_that_takes_too_much_memory_is_killed() -> None:
    async with pool_of(fake("memory", memory_limit_bytes=100 << 20)) as rig:
        rig.open()
        kind, text = await loss(rig)
        assert kind is FaultKind.WORKER_MEMORY
        assert "100 MiB allowed" in text


async def test_a_worker_that_cannot_be_started_loses_its_session_at_once() -> None:
    async with pool_of(PoolSettings(command=("/nowhere/worker",))) as rig:
        rig.open()
        kind, text = await loss(rig)
        assert kind is FaultKind.WORKER_DIED
        assert "no capture worker can be started" in text


async def test_the_death_of_one_worker_is_nothing_to_another() -> None:
    async with pool_of(fake("well")) as rig:
        rig.open()
        rig.open(stream=OTHER)
        homes = {stream: pid for pid, streams in rig.pool.pids.items() for stream in streams}
        assert len(set(homes.values())) == 2
        os.kill(homes[OTHER], signal.SIGKILL)
        assert (await rig.until(WorkerLost)).stream == OTHER
        rig.pool.close(STREAM, 1)
        assert (await rig.until(SessionEnded)).stream == STREAM


async def test_streams_share_a_worker_as_far_as_there_is_room() -> None:
    streams = [StreamId(f"cam_{number}") for number in range(5)]
    async with pool_of(fake("well", streams_per_worker=2)) as rig:
        for stream in streams:
            rig.open(stream=stream)
        assert sorted(len(found) for found in rig.pool.pids.values()) == [1, 2, 2]
        (pid,) = [pid for pid, found in rig.pool.pids.items() if streams[0] in found]
        os.kill(pid, signal.SIGKILL)
        assert {(await rig.until(WorkerLost)).stream for _ in range(2)} == set(streams[:2])


async def test_a_worker_is_let_go_with_the_last_stream_that_lives_in_it() -> None:
    async with pool_of(replace(fake("well"), streams_per_worker=2)) as rig:
        for stream in (STREAM, OTHER):
            rig.open(stream=stream)
            await rig.until(BranchFailed)
            rig.pool.close(stream, 1)
            await rig.until(SessionEnded)
        (pid,) = rig.pool.pids
        rig.pool.release(STREAM)
        rig.pool.release(STREAM)
        assert rig.pool.pids == {pid: (OTHER,)}
        rig.pool.release(OTHER)
        assert not rig.pool.pids
        rig.open(session=2)
        await rig.until(BranchFailed)
        assert list(rig.pool.pids) != [pid]


async def test_a_session_closed_before_its_worker_is_ready_is_never_opened() -> None:
    async with pool_of(fake("well")) as rig:
        rig.open()
        rig.pool.close(STREAM, 1)
        assert await rig.next() == SessionEnded(STREAM, 1)
        rig.open(session=2)
        assert (await rig.until(Progress)).session == 2


async def test_a_mode_chosen_before_the_worker_is_ready_is_the_one_it_opens_in() -> None:
    async with pool_of(fake("well")) as rig:
        rig.open(mode=Mode.STREAMING_ONLY)
        rig.pool.set_mode(STREAM, 1, Mode.BOTH)
        rig.pool.set_mode(OTHER, 1, Mode.BOTH)
        assert (await rig.until(Progress)).frames == 2
        rig.pool.set_mode(STREAM, 1, Mode.RECORDING_ONLY)
        assert (await rig.until(Progress)).frames == 1


async def test_takes_are_delivered_in_order_and_whole() -> None:
    async with pool_of(fake("takes")) as rig:
        rig.open()
        seen = await rig.all_until(BranchFailed)
        rig.pool.close(STREAM, 1)
        seen += await rig.all_until(SessionEnded)
        assert [event for event in seen if isinstance(event, TakeOpened | TakeBytes | TakeClosed)] == [
            TakeOpened(STREAM, 1, 1, PtsNs(1), MonoNs(1), reorders=False, reason="test"),
            TakeBytes(STREAM, 1, 1, b"first"),
            TakeClosed(STREAM, 1, 1),
            TakeOpened(STREAM, 1, 2, PtsNs(2), MonoNs(2), reorders=False, reason="test"),
            TakeBytes(STREAM, 1, 2, b"second"),
            TakeClosed(STREAM, 1, 2),
        ]
        assert seen[-1] == SessionEnded(STREAM, 1)


async def test_descriptors_that_nobody_wants_are_closed() -> None:
    async with pool_of(fake("unwanted descriptors")) as rig:
        rig.open()
        assert (await rig.until(SessionFailed)).session == 1


async def test_a_graph_is_asked_of_the_worker() -> None:
    async with pool_of(fake("well")) as rig:
        with pytest.raises(LookupError, match="cam_01 has no running pipeline"):
            await rig.pool.graph(STREAM, 1)
        rig.open()
        assert await rig.pool.graph(STREAM, 1) == "digraph {}"
        rig.open(session=0)
        with pytest.raises(LookupError, match="cam_01 has no running pipeline"):
            await rig.pool.graph(STREAM, 0)


async def test_the_pool_does_not_blame_workers_for_the_time_in_which_it_was_stopped_itself() -> None:
    async with pool_of(fake("well", pulse_s=0.5)) as rig:
        rig.open()
        await rig.until(Progress)
        (pid,) = rig.pool.pids
        time.sleep(1.5)
        for _ in range(5):
            await asyncio.sleep(0.1)
        assert list(rig.pool.pids) == [pid]


async def test_a_worker_that_hangs_is_found_soon_even_after_the_pool_was_stopped_itself() -> None:
    async with pool_of(fake("well", pulse_s=0.5)) as rig:
        rig.open()
        await rig.until(Progress)
        time.sleep(1.5)
        (pid,) = rig.pool.pids
        os.kill(pid, signal.SIGSTOP)
        begun_s = time.monotonic()
        assert (await loss(rig))[0] is FaultKind.WORKER_HUNG
        assert time.monotonic() - begun_s < 10


async def test_many_replacements_leave_nothing_behind() -> None:
    async with pool_of(fake("well")) as rig:
        for session in range(1, 21):
            rig.open(session=session)
            (pid,) = rig.pool.pids
            os.kill(pid, signal.SIGKILL)
            assert (await rig.until(WorkerLost)).session == session
            assert not rig.pool.pids


async def test_a_pool_that_is_shut_down_ends_its_workers_and_says_so() -> None:
    async with pool_of(fake("well")) as rig:
        rig.open()
        await rig.until(Progress)
        (pid,) = rig.pool.pids
        rig.pool.shut_down()
        assert (await rig.until(WorkerLost)).session == 1
        await until_true("the worker has ended by itself", lambda: pid not in children())
