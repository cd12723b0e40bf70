"""Reading takes from pipes: in order, to the end, and without waiting for ever."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from holdfast.domain.streams import Track
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.media import pipes, turns
from holdfast.media.pipes import PipeReader, SessionPipes
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from tests.media.pool_rig import PATIENCE_S, STREAM, open_descriptors

Heard = TakeOpened | TakeBytes | TakeClosed


def take(number: int) -> TakeOpened:
    return TakeOpened(STREAM, 1, number, PtsNs(0), MonoNs(0), reorders=False, reason="test")


class PipeRig:
    """One session's pipes, and the muxer's ends of them."""

    def __init__(self) -> None:
        self.reader = PipeReader(asyncio.get_running_loop())
        self.heard: list[Heard] = []
        self.news = asyncio.Event()
        self.pipes = SessionPipes(self.reader, self._hear)
        self.ends: dict[int, int] = {}

    def _hear(self, event: Heard) -> None:
        if isinstance(event, TakeBytes):
            event = replace(event, data=bytes(event.data))
        self.heard.append(event)
        self.news.set()

    def open(self, number: int) -> int:
        reading, self.ends[number] = os.pipe()
        self.pipes.opened(take(number), reading)
        return self.ends[number]

    def end(self, number: int) -> None:
        os.close(self.ends.pop(number))

    async def until(self, event: Heard) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while event not in self.heard:
                self.news.clear()
                await self.news.wait()

    def said(self) -> list[tuple[str, int]]:
        """Kinds and takes of what was heard, portions of bytes taken together."""
        short = [(type(event).__name__, event.take) for event in self.heard]
        return [item for at, item in enumerate(short) if at == 0 or item != short[at - 1]]

    def data(self, number: int) -> bytes:
        return b"".join(e.data for e in self.heard if isinstance(e, TakeBytes) and e.take == number)


@pytest.fixture
async def rig() -> AsyncIterator[PipeRig]:
    descriptors = open_descriptors()
    made = PipeRig()
    yield made
    for end in made.ends.values():
        with suppress(OSError):
            os.close(end)
    made.pipes.drain()
    made.reader.close()
    assert open_descriptors() <= descriptors


async def test_a_take_is_delivered_from_its_opening_to_its_end(rig: PipeRig) -> None:
    end = rig.open(1)
    assert rig.heard == [take(1)]
    os.write(end, b"one ")
    os.write(end, b"two")
    await rig.until(TakeBytes(STREAM, 1, 1, b"one two"))
    rig.end(1)
    await rig.until(TakeClosed(STREAM, 1, 1))


async def test_a_newer_take_waits_until_the_older_one_has_ended(rig: PipeRig) -> None:
    os.write(rig.open(1), b"first")
    os.write(rig.open(2), b"second")
    rig.open(3)
    await rig.until(TakeBytes(STREAM, 1, 1, b"first"))
    rig.end(2)
    rig.end(3)
    os.write(rig.ends[1], b" and more")
    rig.end(1)
    await rig.until(TakeClosed(STREAM, 1, 3))
    assert rig.said() == [
        ("TakeOpened", 1),
        ("TakeBytes", 1),
        ("TakeClosed", 1),
        ("TakeOpened", 2),
        ("TakeBytes", 2),
        ("TakeClosed", 2),
        ("TakeOpened", 3),
        ("TakeClosed", 3),
    ]
    assert rig.data(1) == b"first and more"


async def test_an_older_take_that_does_not_end_is_given_up_with_all_that_it_had(
    rig: PipeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "OLDER_TAKE_PATIENCE_S", 0.2)
    os.write(rig.open(1), b"first")
    os.write(rig.open(2), b"second")
    await rig.until(TakeBytes(STREAM, 1, 2, b"second"))
    assert rig.said()[:4] == [("TakeOpened", 1), ("TakeBytes", 1), ("TakeClosed", 1), ("TakeOpened", 2)]
    with pytest.raises(BrokenPipeError):
        os.write(rig.ends[1], b"too late")


async def test_patience_with_a_take_that_has_ended_meanwhile_changes_nothing(
    rig: PipeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "OLDER_TAKE_PATIENCE_S", 0.1)
    rig.open(1)
    rig.open(2)
    rig.end(1)
    await rig.until(take(2))
    await asyncio.sleep(0.2)
    os.write(rig.ends[2], b"goes on")
    await rig.until(TakeBytes(STREAM, 1, 2, b"goes on"))


async def test_draining_delivers_what_is_in_all_pipes_and_closes_them(rig: PipeRig) -> None:
    os.write(rig.open(1), b"first")
    os.write(rig.open(2), b"second")
    rig.pipes.drain()
    assert [rig.data(1), rig.data(2)] == [b"first", b"second"]
    assert rig.heard[-1] == TakeClosed(STREAM, 1, 2)
    rig.pipes.drain()
    assert rig.heard.count(TakeClosed(STREAM, 1, 2)) == 1


async def test_sound_and_picture_do_not_wait_for_one_another(rig: PipeRig) -> None:
    sound = replace(take(1), track=Track.SOUND)
    os.write(rig.open(1), b"picture")
    reading, writing = os.pipe()
    rig.pipes.opened(sound, reading)
    os.write(writing, b"sound")
    await rig.until(TakeBytes(STREAM, 1, 1, b"picture"))
    await rig.until(TakeBytes(STREAM, 1, 1, b"sound", Track.SOUND))
    os.close(writing)
    await rig.until(TakeClosed(STREAM, 1, 1, Track.SOUND))
    assert TakeClosed(STREAM, 1, 1) not in rig.heard


async def test_more_than_fits_into_a_portion_comes_in_several(rig: PipeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.reader.buffer = bytearray(1000)
    data = bytes(range(256)) * 40
    os.write(rig.open(1), data)
    rig.end(1)
    await rig.until(TakeClosed(STREAM, 1, 1))
    assert rig.data(1) == data
    assert all(len(event.data) <= 1000 for event in rig.heard if isinstance(event, TakeBytes))


async def test_a_busy_session_does_not_keep_another_waiting(rig: PipeRig) -> None:
    other = PipeRig()
    other.pipes = SessionPipes(rig.reader, other._hear)  # noqa: SLF001 - one reader for both
    busy, quiet = rig.open(1), other.open(2)
    os.set_blocking(busy, False)
    stop = asyncio.Event()

    async def flood() -> None:
        while not stop.is_set():
            with suppress(BlockingIOError):
                os.write(busy, bytes(65536))
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    await rig.until(take(1))
    os.write(quiet, b"hello")
    await other.until(TakeBytes(STREAM, 1, 2, b"hello"))
    stop.set()
    await flooding
    other.end(2)
    await other.until(TakeClosed(STREAM, 1, 2))
    other.reader.close()


async def test_a_reader_that_is_closed_reads_no_more(rig: PipeRig) -> None:
    os.write(rig.open(1), b"data")
    rig.reader.close()
    await asyncio.sleep(3 * turns.TURN_S)
    assert rig.heard == [take(1)]
