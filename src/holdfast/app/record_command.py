"""`holdfast record`: from options to an order for the recorder."""

import argparse
import contextlib
import logging
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from holdfast.app.addresses import parse_address
from holdfast.app.folder import low_space
from holdfast.app.identity import recorder_id
from holdfast.app.language import say, translated
from holdfast.app.logs import logging_from, set_up_logs
from holdfast.app.problems import Exit, Problem
from holdfast.app.record import RecordOrder, run
from holdfast.app.retention_rules import check_room, rules_from_options
from holdfast.app.storage import Places
from holdfast.app.terminal import StatusDisplay
from holdfast.app.volumes import check_volumes, known_volumes, root_of_state, storage_from, volumes_from
from holdfast.config.settings import LogFormat, StorageSettings, VolumeSettings
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.media.pool import PoolSettings
from holdfast.policy.naming import camera_id
from holdfast.policy.retention import RetentionRules
from holdfast.policy.segmenting import MAX_SEGMENT_NS, SegmentRules
from holdfast.recorder.supervisor import StreamPlan

LOG = logging.getLogger("holdfast.storage")
MIN_SEGMENT_S = 1.0
MAX_PRE_RECORD_S = 300.0
MAX_CAMERAS_PER_WORKER = 64
MIN_SEGMENT_BYTES = 1 << 20
MIN_WORKER_BYTES = 64 << 20
"""A worker needs more than half of this before it has seen its first camera."""


def record(options: argparse.Namespace) -> int:
    """Record until interrupted. Raises Problem."""
    order = order_from(options)
    check_software()
    logging_settings = logging_from(options)
    # A table is drawn on the screen that the lines of a log for machines may share.
    display = StatusDisplay(plain=options.plain or logging_settings.format is LogFormat.JSON)
    set_up_logs(console=display.console, settings=logging_settings)
    free_bytes = low_space(order.places.root)
    if free_bytes is not None:
        LOG.warning("only %d MiB are free in %s", free_bytes >> 20, order.places.root)
    with display:
        exit_code = run(order, display.show)
    places = order.places
    quoted = shlex.quote(str(places.root if places.state else options.to[0]))
    if exit_code is Exit.OK:
        sentence = "Ended. The files are in {path}. To list them: holdfast segments {quoted}"
    else:
        sentence = "Not every file could be made final. To mend them: holdfast check {quoted} --repair"
    with contextlib.suppress(OSError):
        # The terminal may be gone by now.
        folders = ", ".join(str(volume.path.absolute()) for volume in places.volumes)
        print(say(sentence, path=folders, quoted=quoted), flush=True)
    return exit_code


def order_from(options: argparse.Namespace) -> RecordOrder:
    """Check all options together. Raises Problem."""
    if not MIN_SEGMENT_S <= options.segment <= MAX_SEGMENT_NS / NS_PER_S:
        raise Problem(Exit.USAGE, say("--segment must be between 1s and 6h."))
    if not 0 <= options.pre_record <= MAX_PRE_RECORD_S:
        raise Problem(Exit.USAGE, say("--pre-record must be between 0s and 5m."))
    if not 1 <= options.cameras_per_worker <= MAX_CAMERAS_PER_WORKER:
        raise Problem(Exit.USAGE, say("--cameras-per-worker must be between 1 and 64."))
    if options.segment_size is not None and options.segment_size < MIN_SEGMENT_BYTES:
        raise Problem(Exit.USAGE, say("--segment-size must be at least 1M."))
    if options.worker_memory < MIN_WORKER_BYTES:
        raise Problem(Exit.USAGE, say("--worker-memory must be at least 64M."))
    password = _password(options.password_file)
    addresses = [parse_address(url, password, options.source) for url in options.urls]
    names = _names(options.name, len(addresses))
    volumes, storage = volumes_from(options), storage_from(options)
    root = root_of_state(volumes, storage)
    # In the only volume there is, the catalog says whose it is.
    recorder = "" if root == volumes[0].path.resolve() else recorder_id(root)
    check_volumes(volumes, storage.memory_bytes, known=known_volumes(root), recorder=recorder)
    rules = SegmentRules(
        duration_ns=int(options.segment * NS_PER_S),
        size_bytes=options.segment_size,
        pre_record_ns=int(options.pre_record * NS_PER_S),
    )
    return RecordOrder(
        plans=tuple(
            StreamPlan(StreamId(name), address, name=name, rules=rules, records=options.starts, sound=options.audio)
            for name, address in zip(names, addresses, strict=True)
        ),
        places=Places(root, volumes, storage),
        pool=PoolSettings(streams_per_worker=options.cameras_per_worker, memory_limit_bytes=options.worker_memory),
        for_s=options.for_s,
        retention=_retention(options, volumes, storage),
    )


def _retention(
    options: argparse.Namespace, volumes: Sequence[VolumeSettings], storage: StorageSettings
) -> RetentionRules:
    """What is deleted by itself: nothing, unless somebody says so. Raises Problem."""
    rules = rules_from_options(options)
    if rules.max_age_ns is not None and rules.max_age_ns < options.segment * NS_PER_S:
        raise Problem(Exit.USAGE, say("--max-age is less than the length of a file (--segment)."))
    check_room(volumes, rules, storage.reserve_bytes)
    return rules


def check_software() -> None:
    """Ask a short-lived process whether GStreamer has all that is needed. Raises Problem."""
    asked = subprocess.run(
        [sys.executable, "-m", "holdfast.media.inspect"], capture_output=True, text=True, check=False, timeout=60
    )
    if asked.returncode != 0:
        last_words = asked.stderr.strip().splitlines()[-1:]
        raise Problem(Exit.MISSING_SOFTWARE, translated(asked.stdout.strip() or "".join(last_words)))


def _names(given: list[str], count: int) -> list[str]:
    if len(given) > count:
        raise Problem(Exit.USAGE, say("There are more names (--name) than URLs."))
    try:
        names = [camera_id(name) for name in given]
    except ValueError as error:
        raise Problem(
            Exit.USAGE,
            say("{name} cannot be the name of a camera: use letters or digits.", name=str(error).split(" cannot")[0]),
        ) from error
    names += [f"cam_{number:02d}" for number in range(len(names) + 1, count + 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Problem(Exit.USAGE, say("Two cameras have the same name: {name}. Give each its own.", name=twice[0]))
    return names


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Problem(
            Exit.USAGE, say("The password file {path} cannot be read ({reason}).", path=file, reason=translated(reason))
        ) from error
    if not lines or not lines[0]:
        raise Problem(Exit.USAGE, say("The password file {path} is empty: its first line is the password.", path=file))
    return lines[0]
