"""`holdfast record`: puts the recorder together and runs it until it is told to end."""

import asyncio
import contextlib
import itertools
import logging
import random
import signal
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.app.control import ControlServer
from holdfast.app.folder import CATALOG_NAME, control_socket, hold, state_folder
from holdfast.app.problems import Exit
from holdfast.app.system import SystemClock
from holdfast.catalog.store import Catalog
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.ports.volumes import Answer
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recording import Services
from holdfast.recorder.status import StreamStatus
from holdfast.recorder.supervisor import StreamPlan
from holdfast.storage.writer import VolumeWriter

LOG = logging.getLogger("holdfast.recorder")

Show = Callable[[Sequence[StreamStatus]], None]
SHOW_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """What `record` was asked for."""

    plans: tuple[StreamPlan, ...]
    root: Path
    pool: PoolSettings
    for_s: float | None = None


def run(order: RecordOrder, show: Show) -> Exit:
    """Record until interrupted, or until the time is over. Raises Problem before anything was begun."""
    with contextlib.closing(hold(order.root)), asyncio.Runner() as runner:
        return runner.run(_record(order, show))


async def _record(order: RecordOrder, show: Show) -> Exit:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop.set)
    if order.for_s is not None:
        loop.call_later(order.for_s, stop.set)
    catalog = Catalog.open(state_folder(order.root) / CATALOG_NAME)
    answers = _Answers(loop)
    writer = VolumeWriter(order.root, answers.put)
    pool = WorkerPool(loop, order.pool, lambda event: recorder.handle(event))
    keys = itertools.count(1)
    chance = random.Random()  # noqa: S311 - spreads retries, protects nothing
    services = Services(SystemClock(), writer, catalog, lambda: next(keys), uuid.uuid4)
    recorder = Recorder(order.plans, RecorderPorts(pool, services, catalog, chance.random))
    answers.listener = recorder.answered
    control = ControlServer(recorder, pool.graph, control_socket(order.root))
    tasks = [loop.create_task(control.start()), loop.create_task(_show(recorder, show))]
    try:
        await recorder.run(stop)
    finally:
        for task in tasks:
            task.cancel()
        is_clean = await recorder.shut_down()
        await control.stop()
        pool.shut_down()
        is_clean &= await asyncio.to_thread(writer.close, 10.0)
        is_clean &= await asyncio.to_thread(catalog.close)
        show(recorder.status())
    return Exit.OK if is_clean else Exit.INCOMPLETE


async def _show(recorder: Recorder, show: Show) -> None:
    while True:
        show(recorder.status())
        await asyncio.sleep(SHOW_EVERY_S)


class _Answers:
    """Brings the writer's answers to the event loop, many at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.listener: Callable[[Answer], None] = lambda _: None
        self._loop = loop

    def put(self, answer: Answer) -> None:
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already, when a disk took too long to answer.
            self._loop.call_soon_threadsafe(self._deliver, answer)

    def _deliver(self, answer: Answer) -> None:
        self.listener(answer)
