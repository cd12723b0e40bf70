"""Which folder a command is about: named itself, or by the configuration of the service."""

import argparse
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.volumes import state_place
from holdfast.app.words import config_words
from holdfast.config.problems import ConfigError
from holdfast.config.reading import storage_of


def root_of(options: argparse.Namespace) -> Path:
    """The folder for the recordings. Raises Problem."""
    root: Path | None = options.root
    config: Path | None = options.config
    if (root is None) == (config is None):
        raise Problem(Exit.USAGE, say("Name either the folder for the recordings, or a configuration with --config."))
    if root is not None:
        return root
    assert config is not None
    try:
        volumes, storage = storage_of(config)
    except ConfigError as error:
        raise config_problem(error) from error
    return state_place(volumes, storage) or volumes[0].path


def config_problem(error: ConfigError) -> Problem:
    """Everything that is wrong with a configuration, for a person."""
    lines = [say("The configuration cannot be used:"), *map(config_words, error.lines())]
    return Problem(Exit.USAGE, "\n".join(lines))
