"""`record`, `serve` and `demo`: puts the recorder together and runs it until it is told to end."""

import asyncio
import contextlib
import itertools
import logging
import random
import signal
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from holdfast.app.check import CheckSettings, check
from holdfast.app.control import Asked, ControlServer
from holdfast.app.daemon import in_daemon
from holdfast.app.folder import control_socket, hold
from holdfast.app.notify import Notifier
from holdfast.app.plans import alarm_rules_from, deliveries_from
from holdfast.app.problems import Exit
from holdfast.app.pulse import Pulse
from holdfast.app.recording_root import CheckError, catalog_path
from holdfast.app.reload import Configured
from holdfast.app.system import SystemClock, boot_id, collect_less, keep_freed_memory, yield_less
from holdfast.catalog.store import Catalog
from holdfast.config.settings import AlarmSettings, StorageSettings, VolumeSettings
from holdfast.domain.times import WallNs
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.media.reach import PortReach
from holdfast.notify.deliveries import Deliveries
from holdfast.ports.capture import PoolEvent
from holdfast.ports.catalog import CatalogError
from holdfast.ports.reach import PortSeen
from holdfast.ports.volumes import Answer
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recorder import run as run_recorder
from holdfast.recorder.recording import Services
from holdfast.recorder.status import StreamStatus
from holdfast.recorder.supervisor import StreamPlan
from holdfast.storage.writer import VolumeWriter

LOG = logging.getLogger("holdfast.recorder")

Beside = Callable[[Recorder, WorkerPool], Awaitable[None]]
Show = Callable[[Sequence[StreamStatus]], None]
SHOW_EVERY_S = 1.0
FLUSH_S = 10.0


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """What is to be recorded."""

    plans: tuple[StreamPlan, ...]
    root: Path
    pool: PoolSettings
    for_s: float | None = None
    configured: Configured | None = None
    """Keeps the recorder at what a configuration file says."""
    volumes: tuple[VolumeSettings, ...] = ()
    """In order of preference; `root` is the folder of the first."""
    storage: StorageSettings = field(default_factory=StorageSettings)
    notifier: Notifier | None = None
    """Tells the guard how the recorder is."""
    alarms: AlarmSettings = field(default_factory=AlarmSettings)


def run(order: RecordOrder, show: Show | None, beside: Beside | None = None) -> Exit:
    """Record until interrupted, or until the time is over; `beside` runs meanwhile. None is shown when `show` is None.

    Raises Problem before anything was begun.
    """
    keep_freed_memory()
    yield_less()
    collect_less()
    with contextlib.closing(hold(order.root)), asyncio.Runner() as runner:
        return runner.run(_record(order, show, beside))


async def _record(order: RecordOrder, show: Show | None, beside: Beside | None) -> Exit:
    loop = asyncio.get_running_loop()
    stop = _stop_of(order, loop)
    catalog = Catalog.open(catalog_path(order.root))
    answers = _Answers(loop)
    writer = VolumeWriter(order.root, answers.put)
    events = _Events()
    pool = WorkerPool(loop, order.pool, events.put)
    keys = itertools.count(1)
    chance = random.Random()  # noqa: S311 - spreads retries, protects nothing
    services = Services(SystemClock(), writer, catalog, lambda: next(keys), uuid.uuid4)
    reach = PortReach(loop, events.put)
    deliveries = Deliveries()
    recorder = Recorder(
        order.plans, RecorderPorts(pool, reach, services, catalog, chance.random, boot_id(), deliveries)
    )
    _follow_alarms(order, recorder, deliveries)
    answers.listener = recorder.answered
    events.listener = recorder.handle
    asked = Asked(recorder, catalog, pool.graph, order.configured)
    control = ControlServer(asked, control_socket(order.root))
    tidying = _Tidying(order.root, catalog, recorder, loop)
    pulse = Pulse(order.notifier)
    listening = loop.create_task(_listen(control))
    beating = loop.create_task(pulse.run(recorder.status, listening))
    tasks = [listening, loop.create_task(in_daemon(tidying.run))]
    if show is not None:
        tasks.append(loop.create_task(_show(recorder, show)))
    if order.configured is not None:
        order.configured.on_reload = pulse.reloading
        tasks.append(loop.create_task(order.configured.run(recorder)))
    if beside is not None:
        tasks.append(loop.create_task(_beside(beside, recorder, pool)))
    try:
        await run_recorder(recorder, stop, pulse.ticked)
    finally:
        pulse.stopping()
        for task in tasks:
            task.cancel()
        tidying.stop()
        is_clean = await recorder.shut_down()
        await control.stop()
        pool.shut_down()
        reach.close()
        is_clean &= await asyncio.to_thread(writer.close, 10.0)
        await asyncio.to_thread(deliveries.close)
        is_clean &= await asyncio.to_thread(catalog.close)
        beating.cancel()
        if show is not None:
            show(recorder.status())
    return Exit.OK if is_clean else Exit.INCOMPLETE


def _follow_alarms(order: RecordOrder, recorder: Recorder, deliveries: Deliveries) -> None:
    """Keep thresholds and receivers at what the configuration says."""

    def follow(settings: AlarmSettings) -> None:
        recorder.alarms.rules = alarm_rules_from(settings)
        deliveries.configure(deliveries_from(settings))

    follow(order.alarms)
    if order.configured is not None:
        order.configured.follow_alarms = follow


def _stop_of(order: RecordOrder, loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Set when the recorder is to end. SIGHUP: the terminal was closed; of a service: read the configuration again."""
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, _end, stop)
    if order.configured is not None:
        loop.add_signal_handler(signal.SIGHUP, order.configured.request)
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # nohup lets the recorder outlive its terminal.
        loop.add_signal_handler(signal.SIGHUP, _end, stop)
    if order.for_s is not None:
        loop.call_later(order.for_s, stop.set)
    return stop


def _end(stop: asyncio.Event) -> None:
    if not stop.is_set():
        LOG.info("ending: the files are made final")
    stop.set()


async def _beside(beside: Beside, recorder: Recorder, pool: WorkerPool) -> None:
    await beside(recorder, pool)


async def _listen(control: ControlServer) -> None:
    try:
        await control.start()
    except OSError as error:
        LOG.warning("no control socket (%s): `holdfast status`, start, stop, mode and graph cannot be used", error)


async def _show(recorder: Recorder, show: Show) -> None:
    while True:
        # In a thread: a terminal that takes nothing (Ctrl-S, a slow connection) must not stop the recorder.
        await in_daemon(partial(show, recorder.status()))
        await asyncio.sleep(SHOW_EVERY_S)


class _Tidying:
    """Brings files and catalog in line that an earlier recorder left behind. Recording goes on beside it."""

    def __init__(self, root: Path, catalog: Catalog, recorder: Recorder, loop: asyncio.AbstractEventLoop) -> None:
        self._root, self._catalog, self._recorder, self._loop = root, catalog, recorder, loop
        self._is_stopped = False
        self._began_ns = WallNs(time.time_ns())

    def stop(self) -> None:
        self._is_stopped = True

    def run(self) -> None:
        settings = CheckSettings(live_paths=self._recorder.open_paths, should_stop=lambda: self._is_stopped)
        try:
            report = check(self._root, repair=True, catalog=self._catalog, settings=settings)
        except (CheckError, CatalogError, OSError) as error:
            LOG.warning("files that an earlier recorder left behind were not checked: %s", error)
            return
        for finding in report.findings:
            LOG.info("%s", finding.sentence)
        if not report.was_stopped:
            self._recorder.alarms.unresolved = report.unresolved
        self._correct_gaps()

    def _correct_gaps(self) -> None:
        """What was left open is dated by its files now: so is the time that the recorder was away."""
        self._catalog.flush(FLUSH_S)
        try:
            ends = {
                stream: self._catalog.footage_end(stream.camera, stream.stream, before_ns=self._began_ns)
                for stream in self._recorder.past.ends
            }
        except CatalogError as error:
            LOG.warning("when the recorder was away is known by its catalog only: %s", error)
            return
        found = {stream: end_ns for stream, end_ns in ends.items() if end_ns is not None}
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already.
            self._loop.call_soon_threadsafe(self._recorder.repaired, found)


class _Events:
    """Joins the pool and the recorder, of which each needs the other."""

    def __init__(self) -> None:
        self.listener: Callable[[PoolEvent | PortSeen], None] = lambda _: None

    def put(self, event: PoolEvent | PortSeen) -> None:
        self.listener(event)


class _Answers:
    """Brings the writer's answers to the event loop, many at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.listener: Callable[[Answer], None] = lambda _: None
        self._loop = loop
        self._waiting: deque[Answer] = deque()
        self._is_called = False

    def put(self, answer: Answer) -> None:
        self._waiting.append(answer)
        if self._is_called:
            return
        self._is_called = True
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already, when a disk took too long to answer.
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # First the flag, then the queue: an answer that comes in between calls again rather than being left.
        self._is_called = False
        while self._waiting:
            self.listener(self._waiting.popleft())
