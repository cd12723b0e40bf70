"""`holdfast serve`: the service, set up by a configuration file."""

import argparse
import faulthandler
import logging
from importlib import resources
from pathlib import Path

from holdfast.app.folder import low_space
from holdfast.app.language import say
from holdfast.app.logs import logging_from, set_levels, set_up_logs
from holdfast.app.notify import Notifier
from holdfast.app.plans import plans_from, pool_from, retention_from
from holdfast.app.problems import Exit, Problem
from holdfast.app.record import RecordOrder, run
from holdfast.app.record_command import check_software
from holdfast.app.reload import Configured
from holdfast.app.retention_rules import examine
from holdfast.app.storage import Places
from holdfast.app.system import SystemClock
from holdfast.app.unit import unit_text
from holdfast.app.volumes import check_volumes, known_volumes, root_of_state
from holdfast.app.where import config_problem
from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import Settings

LOG = logging.getLogger("holdfast.config")
LOG_STORAGE = logging.getLogger("holdfast.storage")


def serve(options: argparse.Namespace) -> int:
    """Run the service until SIGINT or SIGTERM. Raises Problem."""
    if options.example:
        print(resources.files("holdfast.config").joinpath("example.toml").read_text(encoding="utf-8"), end="")
        return Exit.OK
    if options.config is None:
        raise Problem(Exit.USAGE, say("Name a configuration with --config. To see one: holdfast serve --example"))
    path: Path = options.config.absolute()
    settings = _settings(path)
    if options.check:
        _examine(path, settings)
        print(say("{path} is good. Cameras: {count}.", path=options.config, count=len(settings.cameras)))
        return Exit.OK
    if options.unit:
        print(unit_text(path, settings), end="")
        return Exit.OK
    # A watchdog's SIGABRT then says where every thread stood.
    faulthandler.enable()
    notifier = Notifier.from_environment()
    root = root_of_state(settings.volumes, settings.storage)
    check_volumes(settings.volumes, settings.storage.memory_bytes, known=known_volumes(root))
    _examine(path, settings)
    check_software()
    set_up_logs(console=None, settings=logging_from(options, settings.logging))
    free_bytes = low_space(root)
    if free_bytes is not None:
        LOG_STORAGE.warning("only %d MiB are free in %s", free_bytes >> 20, root)
    configured = Configured(
        path,
        settings,
        SystemClock().wall_ns,
        lambda changed: set_levels(logging_from(options, changed)),
    )
    configured.examine = examine
    order = RecordOrder(
        plans_from(settings),
        Places(root, settings.volumes, settings.storage),
        pool_from(settings),
        configured=configured,
        notifier=notifier,
        alarms=settings.alarms,
        backup=settings.backup,
        retention=retention_from(settings),
    )
    places = ", ".join(str(volume.path) for volume in settings.volumes)
    LOG.info("%s: %d cameras, the recordings go to %s", path, len(settings.cameras), places)
    return run(order, None)


def _examine(path: Path, settings: Settings) -> None:
    try:
        examine(path, settings)
    except ConfigError as error:
        raise config_problem(error) from error


def _settings(path: Path) -> Settings:
    try:
        return read(path)
    except ConfigError as error:
        raise config_problem(error) from error
