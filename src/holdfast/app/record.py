"""`record`, `serve` and `demo`: puts the recorder together and runs it until it is told to end."""

import asyncio
import contextlib
import itertools
import logging
import random
import signal
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from holdfast.app.backup_schedule import BackupSchedule
from holdfast.app.control import Asked, ControlServer
from holdfast.app.daemon import in_daemon
from holdfast.app.folder import control_socket, hold
from holdfast.app.memory import memory_limit
from holdfast.app.notify import Notifier
from holdfast.app.plans import alarm_rules_from, deliveries_from
from holdfast.app.problems import Exit
from holdfast.app.pulse import Pulse
from holdfast.app.recording_root import catalog_path
from holdfast.app.reload import Configured
from holdfast.app.storage import Places, StorageDesk
from holdfast.app.system import SystemClock, boot_id, collect_less, keep_freed_memory, yield_less
from holdfast.app.thumbnail_desk import ThumbnailDesk
from holdfast.catalog.store import Catalog
from holdfast.config.settings import AlarmSettings, BackupSettings
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.media.reach import PortReach
from holdfast.notify.deliveries import Deliveries
from holdfast.policy.alarms import BackupFacts
from holdfast.policy.retention import RetentionRules
from holdfast.ports.capture import PoolEvent
from holdfast.ports.reach import PortSeen
from holdfast.recorder.memory import Memory
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recorder import run as run_recorder
from holdfast.recorder.recording import Services
from holdfast.recorder.status import StreamStatus
from holdfast.recorder.supervisor import StreamPlan

LOG = logging.getLogger("holdfast.recorder")

Beside = Callable[[Recorder, WorkerPool], Awaitable[None]]
Show = Callable[[Sequence[StreamStatus]], None]
SHOW_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """What is to be recorded."""

    plans: tuple[StreamPlan, ...]
    places: Places
    pool: PoolSettings
    for_s: float | None = None
    configured: Configured | None = None
    """Keeps the recorder at what a configuration file says."""
    notifier: Notifier | None = None
    """Tells the guard how the recorder is."""
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    backup: BackupSettings | None = None
    retention: RetentionRules = field(default_factory=RetentionRules)
    """What is deleted by itself, as long as no configuration says something else."""


def run(order: RecordOrder, show: Show | None, beside: Beside | None = None) -> Exit:
    """Record until interrupted, or until the time is over; `beside` runs meanwhile. None is shown when `show` is None.

    Raises Problem before anything was begun.
    """
    keep_freed_memory()
    yield_less()
    collect_less()
    held = hold(order.places.root)
    try:
        with asyncio.Runner() as runner:
            return runner.run(_record(order, show, beside))
    finally:
        with contextlib.suppress(OSError):
            # The disk that it lies on may be gone by now.
            held.close()


async def _record(order: RecordOrder, show: Show | None, beside: Beside | None) -> Exit:
    loop = asyncio.get_running_loop()
    stop = _stop_of(order, loop)
    catalog = Catalog.open(catalog_path(order.places.root))
    events = _Events()
    pool = WorkerPool(loop, order.pool, events.put)
    keys = itertools.count(1)
    clock = SystemClock()
    storage = StorageDesk(order.places, loop, catalog, clock, partial(next, keys), order.retention)
    chance = random.Random()  # noqa: S311 - spreads retries, protects nothing
    memory = Memory(memory_limit(order.places.storage.memory_bytes))
    services = Services(clock, storage.volumes, catalog, partial(next, keys), uuid.uuid4, memory)
    reach = PortReach(loop, events.put)
    deliveries = Deliveries()
    ports = RecorderPorts(pool, reach, services, catalog, chance.random, boot_id(), deliveries, storage.volumes)
    recorder = Recorder(order.plans, ports)
    _follow_alarms(order, recorder, deliveries)
    schedule = _follow_backup(order, recorder, clock)
    events.listener = recorder.handle
    roots = {volume.name: volume.path.absolute() for volume in order.places.volumes}
    thumbnails = ThumbnailDesk(catalog, order.places.root, roots, storage.shown)
    asked = Asked(recorder, catalog, pool.graph, order.configured, storage.shown, thumbnails, storage.retention_now)
    control = ControlServer(asked, control_socket(order.places.root))
    pulse = Pulse(order.notifier)
    listening = loop.create_task(_listen(control))
    beating = loop.create_task(pulse.run(recorder.status, listening))
    tasks = [listening, *(loop.create_task(one.run()) for one in (schedule, thumbnails))]
    if show is not None:
        tasks.append(loop.create_task(_show(recorder, show)))
    if order.configured is not None:
        order.configured.on_reload = pulse.reloading
        order.configured.follow_retention = storage.cleaning.follow
        tasks.append(loop.create_task(order.configured.run(recorder)))
    if beside is not None:
        tasks.append(loop.create_task(_beside(beside, recorder, pool)))
    storage.start(recorder)
    try:
        await run_recorder(recorder, stop, pulse.ticked)
    finally:
        pulse.stopping()
        for task in tasks:
            task.cancel()
        storage.stop()
        is_clean = await recorder.shut_down()
        await control.stop()
        thumbnails.close()
        pool.shut_down()
        reach.close()
        is_clean &= await storage.close()
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


def _follow_backup(order: RecordOrder, recorder: Recorder, clock: SystemClock) -> BackupSchedule:
    """Make backups as the configuration says."""

    def tell(facts: BackupFacts | None) -> None:
        recorder.alarms.backup = facts

    schedule = BackupSchedule(order.places.root, tell, clock.wall_ns)
    schedule.follow(order.backup)
    if order.configured is not None:
        order.configured.follow_backup = schedule.follow
    return schedule


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


class _Events:
    """Joins the pool and the recorder, of which each needs the other."""

    def __init__(self) -> None:
        self.listener: Callable[[PoolEvent | PortSeen], None] = lambda _: None

    def put(self, event: PoolEvent | PortSeen) -> None:
        self.listener(event)
