"""The command `thumbnail`: reads the catalog and the files by itself, whether a recorder runs or not."""

import argparse
import contextlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.moments import local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.thumbnail_desk import cache_of, places_of
from holdfast.app.thumbnails import LEAST_WIDTH, MOST_WIDTH, NoThumbnail, Places, Thumbnail, Thumbnails, Why
from holdfast.app.where import configured_paths, root_of
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_MS, NS_PER_S, WallNs
from holdfast.policy.naming import camera_id
from holdfast.ports.catalog import CatalogError

DEFAULT_COUNT, MOST_COUNT = 12, 1000
NEW = ".new"


@dataclass(frozen=True, slots=True)
class _Source:
    """What is asked for every picture."""

    thumbnails: Thumbnails
    stream: StreamId
    width: int
    places: Places

    def at(self, at_ns: WallNs) -> Thumbnail:
        """Raises NoThumbnail, CatalogError."""
        return self.thumbnails.at(self.stream, at_ns, self.width, self.places)


def thumbnail(options: argparse.Namespace) -> int:
    """`holdfast thumbnail CAMERA --at MOMENT | --from MOMENT --to MOMENT`. Raises Problem."""
    _check(options)
    root = folder_of_recordings(root_of(options))
    camera, _, stream = str(options.camera).partition("/")
    reader = CatalogReader(catalog_path(root))
    try:
        places = places_of(reader.volumes(), configured_paths(options), root)
        thumbnails = Thumbnails(reader, cache_of(root))
        source = _Source(thumbnails, StreamId(camera, stream or "main"), options.width, places)
        with contextlib.closing(thumbnails):
            if options.at_ns is not None:
                return _one(source, options.at_ns, options.output)
            return _several(source, _moments(options), options.output)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error


def _check(options: argparse.Namespace) -> None:
    if importlib.util.find_spec("av") is None:
        raise Problem(
            Exit.MISSING_SOFTWARE, say("Thumbnails need the Python package av, which is not there: pip install av")
        )
    if (options.at_ns is None) == (options.from_ns is None):
        raise Problem(Exit.USAGE, say("Name either one moment with --at, or a range with --from and --to."))
    if options.at_ns is not None and (options.to_ns is not None or options.count is not None):
        raise Problem(Exit.USAGE, say("--to and --count belong to --from: with --at there is one picture."))
    if not LEAST_WIDTH <= options.width <= MOST_WIDTH:
        raise Problem(Exit.USAGE, say("--width must be 16 to 1920."))
    if options.count is not None and not 1 <= options.count <= MOST_COUNT:
        raise Problem(Exit.USAGE, say("--count must be 1 to 1000."))


def _moments(options: argparse.Namespace) -> list[WallNs]:
    """The begins of as many equal parts of the range. Raises Problem."""
    now_ns = time.time_ns()
    to_ns = now_ns if options.to_ns is None else min(now_ns, options.to_ns)
    if options.from_ns >= to_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to, and in the past."))
    count = DEFAULT_COUNT if options.count is None else options.count
    return [WallNs(options.from_ns + (to_ns - options.from_ns) * number // count) for number in range(count)]


def _one(source: _Source, at_ns: WallNs, output: Path | None) -> int:
    try:
        made = source.at(at_ns)
    except NoThumbnail as error:
        exit_code = Exit.USAGE if error.why in (Why.BAD, Why.UNKNOWN) else Exit.INCOMPLETE
        raise Problem(exit_code, translated(error.sentence)) from error
    file = Path(_name(source.stream, at_ns)) if output is None else output
    _write(file, made.jpeg)
    _tell(file, made)
    return Exit.OK


def _several(source: _Source, moments: Sequence[WallNs], output: Path | None) -> int:
    folder = Path(_name(source.stream, moments[0])).with_suffix("") if output is None else output
    _make_folder(folder)
    missing: list[str] = []
    with _progress(len(moments)) as advance:
        for at_ns in moments:
            missing += _one_of_several(source, at_ns, folder)
            advance()
    for sentence in dict.fromkeys(missing):
        print(sentence.replace("\n", " "), file=sys.stderr)
    print(
        say("{made} of {count} pictures in {path}", made=len(moments) - len(missing), count=len(moments), path=folder)
    )
    return Exit.INCOMPLETE if missing else Exit.OK


def _one_of_several(source: _Source, at_ns: WallNs, folder: Path) -> list[str]:
    """Write it, or return why there is none. Raises Problem when there could be none at any moment."""
    try:
        made = source.at(at_ns)
    except NoThumbnail as error:
        if error.why in (Why.BAD, Why.UNKNOWN):
            raise Problem(Exit.USAGE, translated(error.sentence)) from error
        return [translated(error.sentence.partition("\nThe nearest")[0])]
    _write(folder / _name(source.stream, at_ns), made.jpeg)
    return []


def _tell(file: Path, made: Thumbnail) -> None:
    at = f"{local(made.wall_ns)}.{made.wall_ns % NS_PER_S // NS_PER_MS:03}"
    print(say("{path}: the picture of {moment}", path=file, moment=at))


def _name(stream: StreamId, at_ns: WallNs) -> str:
    """By the local time that was asked for, to the millisecond, so that none of a range takes another's name."""
    at = datetime.fromtimestamp(at_ns // NS_PER_S, tz=UTC).astimezone()
    who = camera_id(str(stream).replace("/", "_"))
    return f"{who}_{at:%Y%m%d_%H%M%S}_{at_ns % NS_PER_S // NS_PER_MS:03}.jpg"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _write(file: Path, jpeg: bytes) -> None:
    """Whole, or not at all. Raises Problem."""
    new = file.with_name(f".{file.name}{NEW}-{os.getpid()}")
    try:
        try:
            new.write_bytes(jpeg)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(path: Path, error: OSError) -> Problem:
    reason = translated(error.strerror or str(error))
    return Problem(Exit.INCOMPLETE, say("{path} cannot be written ({reason}).", path=path, reason=reason))


@contextlib.contextmanager
def _progress(count: int) -> Iterator[Callable[[], None]]:
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Thumbnails"), total=count)
        yield lambda: bar.advance(task)
