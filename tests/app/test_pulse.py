"""The service tells its guard how it is, with a real socket as the manager."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from holdfast.app.notify import Notifier
from holdfast.app.pulse import Pulse, status_line
from holdfast.domain.faults import FaultKind
from holdfast.recorder.status import RecordingState, StreamStatus
from tests.app.managing import Manager, managers
from tests.app.statuses import failing, status

WATCHDOG_S = 0.1


@pytest.fixture
def manager() -> Iterator[Manager]:
    yield from managers()


class Service:
    """A recorder that ticks while it is told to, and a control socket."""

    def __init__(self, manager: Manager) -> None:
        self.notifier = Notifier(manager.address, WATCHDOG_S)
        self.pulse = Pulse(self.notifier)
        self.listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.statuses = [status()]
        self.ticks = True

    def tell(self) -> list[StreamStatus]:
        return self.statuses

    async def tick(self) -> None:
        while True:
            if self.ticks:
                self.pulse.ticked()
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(manager: Manager) -> AsyncIterator[Service]:
    made = Service(manager)
    tasks = [asyncio.create_task(made.pulse.run(made.tell, made.listening)), asyncio.create_task(made.tick())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        made.notifier.close()


async def until(manager: Manager, line: str, count: int = 1) -> None:
    async with asyncio.timeout(30):
        while manager.lines().count(line) < count:
            await asyncio.sleep(0.01)


async def test_it_is_ready_when_it_ticks_and_its_control_socket_listens(manager: Manager) -> None:
    async with serving(manager) as made:
        await asyncio.sleep(0.1)
        assert manager.lines() == []
        made.listening.set_result(None)
        await until(manager, "READY=1")
        assert "STATUS=recording 1 of 1 streams" in manager.lines()


async def test_without_a_control_socket_it_is_ready_all_the_same(manager: Manager) -> None:
    async with serving(manager) as made:
        made.listening.cancel()
        await until(manager, "READY=1")


async def test_the_watchdog_is_told_while_the_recorder_ticks_and_not_when_only_the_loop_turns(
    manager: Manager,
) -> None:
    async with serving(manager) as made:
        made.listening.set_result(None)
        await until(manager, "WATCHDOG=1", 3)
        made.ticks = False
        # One more may be due for the ticks so far.
        await asyncio.sleep(WATCHDOG_S)
        before = manager.pings()
        await asyncio.sleep(5 * WATCHDOG_S)
        assert manager.pings() == before
        made.ticks = True
        await until(manager, "WATCHDOG=1", before + 2)


async def test_a_loop_that_is_blocked_tells_nothing(manager: Manager) -> None:
    async with serving(manager) as made:
        made.listening.set_result(None)
        await until(manager, "WATCHDOG=1", 2)
        before = manager.pings()
        time.sleep(5 * WATCHDOG_S)
        assert manager.pings() == before


async def test_an_orderly_end_is_told_and_watched_over_to_its_end(manager: Manager) -> None:
    async with serving(manager) as made:
        made.listening.set_result(None)
        await until(manager, "READY=1")
        made.pulse.stopping()
        made.ticks = False
        assert "STOPPING=1" in manager.lines()
        before = manager.pings()
        await until(manager, "WATCHDOG=1", before + 3)
        made.pulse.reloading(begins=True)
        assert manager.lines().count("READY=1") == 1
        assert "RELOADING=1" not in manager.lines()


async def test_a_reload_is_announced_and_its_end_too(manager: Manager) -> None:
    async with serving(manager) as made:
        made.pulse.reloading(begins=True)
        made.listening.set_result(None)
        await until(manager, "READY=1")
        assert "RELOADING=1" not in manager.lines(), "it was not ready yet"
        made.pulse.reloading(begins=True)
        await until(manager, "RELOADING=1")
        made.pulse.reloading(begins=False)
        told = [line for line in manager.lines() if not line.startswith(("WATCHDOG", "STATUS"))]
        assert [line.partition("=")[0] for line in told] == ["READY", "RELOADING", "MONOTONIC_USEC", "READY"]


async def test_the_status_is_told_when_it_changes(manager: Manager) -> None:
    async with serving(manager) as made:
        made.listening.set_result(None)
        await until(manager, "STATUS=recording 1 of 1 streams")
        made.statuses = [status(), failing(FaultKind.REFUSED, camera="cam_02")]
        await until(manager, "STATUS=recording 1 of 2 streams; not: cam_02 refused")
        await until(manager, "WATCHDOG=1", manager.pings() + 2)
        assert sum(line.startswith("STATUS=") for line in manager.lines()) == 2


async def test_without_a_guard_nothing_is_done() -> None:
    pulse = Pulse()
    await pulse.run(list, asyncio.get_running_loop().create_future())
    pulse.ticked()
    pulse.reloading(begins=True)
    pulse.stopping()


@pytest.mark.expects_log("watched over the recorder, is gone")
async def test_when_the_guard_is_gone_it_is_said_once_and_nothing_ends(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["sleep", "600"]) as parent:
        monkeypatch.setattr(os, "getppid", lambda: parent.pid)
        async with serving(manager) as made:
            made.listening.set_result(None)
            await until(manager, "READY=1")
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            await until(manager, "WATCHDOG=1", manager.pings() + 3)


def test_the_status_names_a_few_of_those_that_are_not_recorded() -> None:
    off = status(camera="off", recording=RecordingState.OFF)
    waiting = [status(camera=f"cam_{number}", recording=RecordingState.WAITING) for number in range(7)]
    second = failing(FaultKind.BUSY, camera="cam_9", stream="sub")
    assert status_line([off]) == "recording 0 of 0 streams"
    assert status_line([status(), off, second]) == "recording 1 of 2 streams; not: cam_9/sub busy"
    assert status_line(waiting).endswith("cam_4 connected, and 2 more")
