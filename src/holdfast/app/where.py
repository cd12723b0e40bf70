"""Which folder a command is about: named itself, or by the configuration of the service."""

import argparse
import os
from pathlib import Path

from holdfast.app.identity import NAME as RECORDER_ID
from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import CATALOG_NAME, STATE_FOLDER, catalog_path
from holdfast.app.volumes import state_place
from holdfast.app.words import config_words
from holdfast.catalog.queries import CatalogReader
from holdfast.config.problems import ConfigError
from holdfast.config.reading import storage_of
from holdfast.ports.catalog import CatalogError
from holdfast.storage.identity import identity_of
from holdfast.storage.marker import NAME, MarkerError
from holdfast.storage.volume_opening import STATE_NAME

MOST_BYTES = 4096
"""The longest path that Linux takes (PATH_MAX)."""


def root_of(options: argparse.Namespace) -> Path:
    """The folder for the recordings. Raises Problem."""
    root: Path | None = options.root
    config: Path | None = options.config
    if (root is None) == (config is None):
        raise Problem(Exit.USAGE, say("Name either the folder for the recordings, or a configuration with --config."))
    if root is not None:
        return followed(root)
    assert config is not None
    try:
        volumes, storage = storage_of(config)
    except ConfigError as error:
        raise config_problem(error) from error
    return state_place(volumes, storage) or volumes[0].path


def configured_paths(options: argparse.Namespace) -> dict[str, Path]:
    """Folders of the volumes by name, where a configuration was named. Raises Problem."""
    if options.config is None:
        return {}
    try:
        return {volume.name: volume.path.absolute() for volume in storage_of(options.config)[0]}
    except ConfigError as error:
        raise config_problem(error) from error


def followed(root: Path) -> Path:
    """The folder of the catalog, when a volume's is named and says where that is; else the same."""
    if not (root / STATE_FOLDER / NAME).is_file():
        return root
    try:
        said = Path(os.fsdecode((root / STATE_FOLDER / STATE_NAME).read_bytes()[:MOST_BYTES].strip()))
    except OSError:
        if not any((root / STATE_FOLDER / name).exists() for name in (CATALOG_NAME, RECORDER_ID)):
            sentence = (
                "{path} is a volume, and the catalog of its recorder lies elsewhere. Name the folder of the catalog "
                "(--state of `holdfast record`), or the configuration with --config."
            )
            raise Problem(Exit.FOLDER, say(sentence, path=root)) from None
        return root
    return said if _knows(said, root) else root


def _knows(state: Path, root: Path) -> bool:
    """Whether it is the catalog there that knows this volume: what a disk says is not believed otherwise."""
    try:
        found = identity_of(root)
        known = [volume.volume_id for volume in CatalogReader(catalog_path(state)).volumes()]
    except (OSError, MarkerError, CatalogError):
        # A recorder of another user keeps its catalog to itself: it can say so.
        return not catalog_path(root).exists()
    return found is not None and found.volume_id in known


def config_problem(error: ConfigError) -> Problem:
    """Everything that is wrong with a configuration, for a person."""
    lines = [say("The configuration cannot be used:"), *map(config_words, error.lines())]
    return Problem(Exit.USAGE, "\n".join(lines))
