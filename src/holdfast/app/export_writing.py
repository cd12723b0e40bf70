"""Writes what was planned: films beside their names, the manifest and its signature last, so that they are the end."""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from holdfast.app.export_plan import Found, Planned, Wanted
from holdfast.app.language import say, translated
from holdfast.app.manifests import FOLDER_NAME, SUFFIX, canonical, described, signature_of
from holdfast.app.problems import Exit, Problem
from holdfast.app.progress import bytes_progress
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.fmp4.film import Chunk
from holdfast.fmp4.plain import plain_parts
from holdfast.fmp4.refragmenting import fragmented_parts
from holdfast.policy.exporting import Missing
from holdfast.storage.film_files import (
    PART,
    Journal,
    JournalBusyError,
    SourceShortError,
    Written,
    plan_of,
    write_film,
)
from holdfast.storage.segment_file import sync_folder
from holdfast.storage.signing import Signer

_SPARE_BYTES = 8 << 20
"""For the manifest, the journal and what the file system itself needs."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the export goes. `file` is empty when it is a folder of its own. `named`: as it was said."""

    named: str
    folder: Path
    file: str

    @property
    def manifest(self) -> Path:
        """Its manifest."""
        return self.folder / (self.file + SUFFIX if self.file else FOLDER_NAME)

    def name_of(self, wanted: Wanted, number: int) -> str:
        """Name of a film, counted from 1."""
        if self.file:
            name = self.file[:-4]
        else:
            at = datetime.fromtimestamp(wanted.from_ns // NS_PER_S, tz=UTC).astimezone()
            stream = "" if wanted.stream == "main" else f"_{wanted.stream}"
            name = f"{wanted.camera}{stream}_{at:%Y%m%d_%H%M%S}"
        return f"{name}{f'_{number}' if number > 1 else ''}.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """All that is to be written."""

    output: Output
    files: Sequence[tuple[str, Planned]]
    found: Sequence[tuple[Found, Sequence[Missing]]]
    recorder: str
    signer: Signer | None
    fragmented: bool
    overwrite: bool


def output_of(path: Path, *, single: bool) -> Output:
    """Where `-o` leads: a name that ends in .mp4 is a file, every other one a folder. Raises Problem."""
    is_folder = path.is_dir() or path.suffix.lower() != ".mp4"
    if not is_folder and not single:
        sentence = "{path}: several cameras need a folder (-o DIR), where each gets a file of its own."
        raise Problem(Exit.USAGE, say(sentence, path=path))
    folder = path if is_folder else path.absolute().parent
    if not folder.absolute().parent.is_dir() or not (is_folder or folder.is_dir()):
        missing = folder.absolute().parent if is_folder else folder
        raise Problem(Exit.FOLDER, say("There is no folder {path}. Make it, or choose another place.", path=missing))
    if folder.exists() and not folder.is_dir():
        raise Problem(Exit.FOLDER, say("{path} is a file, not a folder. Choose another place.", path=folder))
    return Output(str(path), folder.absolute(), "" if is_folder else path.name)


def write(order: Order) -> list[str]:
    """Write it, or go on with it; a summary for a person. Raises Problem."""
    output = order.output
    try:
        if not output.folder.is_dir():
            output.folder.mkdir()
            sync_folder(output.folder.parent)
        journal = _journal(order)
        try:
            written = _films(order, journal)
            _finish(order, written)
            journal.remove()
        finally:
            journal.close()
    except JournalBusyError as error:
        raise Problem(
            Exit.BUSY, say("Another export writes {path}. Wait until it has ended.", path=output.named)
        ) from error
    except SourceShortError as error:
        sentence = "{path} became shorter while it was exported. Export the range again."
        raise Problem(Exit.INCOMPLETE, say(sentence, path=error.path)) from error
    except OSError as error:
        raise _trouble(order, error) from error
    except KeyboardInterrupt:
        print(say("Stopped. The same command goes on where it was."), file=sys.stderr)
        raise
    return _summary(order, written)


def _trouble(order: Order, error: OSError) -> Problem:
    folder = order.output.folder
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        sentence = "{path} is full. What was written is kept: free space there, and the same command goes on."
        return Problem(Exit.INCOMPLETE, say(sentence, path=folder))
    if error.errno == errno.EFBIG:
        sentence = (
            "The file system of {path} takes no file as large as this (FAT32 ends at 4 GB). Export shorter ranges, or "
            "to another disk."
        )
        return Problem(Exit.INCOMPLETE, say(sentence, path=folder))
    reason = translated(error.strerror or str(error))
    if error.filename is not None:
        return Problem(Exit.FOLDER, say("{path} cannot be written ({reason}).", path=error.filename, reason=reason))
    sentence = "The export was ended by an error of a disk ({reason}). The same command goes on where it was."
    return Problem(Exit.INCOMPLETE, say(sentence, reason=reason))


def _journal(order: Order) -> Journal:
    """The journal, of an export that may be begun or gone on with. Raises Problem, OSError, JournalBusyError."""
    output = order.output
    path = output.manifest.with_name(output.manifest.name + PART)
    goes_on = path.exists()
    names = {name for name, _ in order.files}
    if len(names) < len(order.files):
        # Two cameras whose names differ by what another one's second file is called.
        raise Problem(Exit.USAGE, say("Two files of this export would have one name. Export the cameras one by one."))
    if not goes_on and not order.overwrite:
        _refuse_existing(output, [output.manifest, *(output.folder / name for name in sorted(names))])
    journal = Journal(path)
    if goes_on and not order.overwrite:
        # Of an export before that was interrupted: what is not in its journal is somebody else's.
        strange = [output.folder / name for name in sorted(names - journal.names())]
        try:
            _refuse_existing(output, strange, in_folder=False)
        except Problem:
            journal.close()
            raise
    return journal


def _refuse_existing(output: Output, places: Sequence[Path], *, in_folder: bool = True) -> None:
    there = next((place for place in places if os.path.lexists(place)), None)
    if there is not None:
        sentence = "{path} exists already. Choose another name, or replace it: --overwrite"
        raise Problem(Exit.USAGE, say(sentence, path=there))
    if in_folder and not output.file and any(output.folder.iterdir()):
        sentence = "{path} is not empty. Choose a new folder, or add to this one and replace what is there: --overwrite"
        raise Problem(Exit.USAGE, say(sentence, path=output.named))


def _films(order: Order, journal: Journal) -> list[Written]:
    """All of them. Raises OSError, SourceShortError, Problem."""
    makers = [_maker(order, planned) for _, planned in order.files]
    sizes = [plan_of(make(), planned.sources)[1] for make, (_, planned) in zip(makers, order.files, strict=True)]
    _refuse_too_large(order, sum(sizes))
    written = []
    with _progress(sum(sizes)) as tell:
        for make, (name, planned) in zip(makers, order.files, strict=True):
            target = order.output.folder / name
            written.append(write_film(target, make, planned.sources, journal, partial(tell, name)))
    return written


def _maker(order: Order, planned: Planned) -> Callable[[], Iterator[bytes | Chunk]]:
    begin_ns = max(0, planned.takes[0].span[0])
    make = fragmented_parts if order.fragmented else plain_parts
    return partial(make, planned.film, begin_ns)


def _refuse_too_large(order: Order, size_bytes: int) -> None:
    """Nobody shall wait for a disk to fill up."""
    folder = order.output.folder
    there = sum(_size(folder / (name + suffix)) for name, _ in order.files for suffix in ("", PART))
    free = os.statvfs(folder)
    free_bytes = free.f_bavail * free.f_frsize
    if free_bytes + there < size_bytes + _SPARE_BYTES:
        sentence = (
            "{path} has {free} MB free, and the export needs {needed} MB. Free space there, or choose another disk."
        )
        needed, has = -(-(size_bytes - there + _SPARE_BYTES) // 1_000_000), free_bytes // 1_000_000
        raise Problem(Exit.INCOMPLETE, say(sentence, path=folder, free=has, needed=needed))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextlib.contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[str, int], None]]:
    """Bytes, speed and time left, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _name, _more: None
        return
    with bytes_progress() as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda name, more: bar.update(task, advance=more, description=name)


def _finish(order: Order, written: Sequence[Written]) -> None:
    """The manifest and its signature: both whole, or an export that is gone on with."""
    recorder = {"id": order.recorder}
    if order.signer is not None:
        recorder |= {"public_key": order.signer.public.pem, "fingerprint": order.signer.public.fingerprint}
    files = [(name, planned, done) for (name, planned), done in zip(order.files, written, strict=True)]
    form = "fragmented" if order.fragmented else "plain"
    data = canonical(described(order.found, files, recorder=recorder, form=form, now_ns=WallNs(time.time_ns())))
    manifest = order.output.manifest
    signature = signature_of(manifest)
    if order.signer is None:
        signature.unlink(missing_ok=True)
    else:
        _write_whole(signature, order.signer.sign(data))
    _write_whole(manifest, data)


def _write_whole(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    sync_folder(path.parent)


def _summary(order: Order, written: Sequence[Written]) -> list[str]:
    lines = []
    for (name, planned), one in zip(order.files, written, strict=True):
        seconds = planned.film.length / planned.film.timescale
        frames = sum(take.shown.shown for take in planned.takes)
        lines.append(
            say(
                "{path}: {seconds:.1f} s, {frames} frames, {size:.1f} MB, from {count} files",
                path=order.output.folder / name,
                seconds=seconds,
                frames=frames,
                size=one.size_bytes / 1e6,
                count=len(planned.takes),
            )
        )
    lines.append(say("Manifest: {path}", path=order.output.manifest))
    if order.signer is not None:
        lines.append(
            say("Signed by the key with the fingerprint {fingerprint}", fingerprint=order.signer.public.fingerprint)
        )
    return lines
