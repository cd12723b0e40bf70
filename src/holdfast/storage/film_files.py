"""Films on the disk: written beside their name, synced, renamed, and gone on with where they were interrupted.

A journal beside them tells what is safe: which film was begun by which plan, up to where it is synced with which
SHA-256, and which are done. After a kill the same plan goes on there, and what is there is read again before.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from holdfast.fmp4.film import Chunk
from holdfast.storage.segment_file import sync_folder

PART = ".part"
CHECKPOINT_BYTES = 64 << 20
WINDOW_BYTES = 2 << 20
_BATCH_BYTES = 1 << 20
_BATCH_PARTS = 256
_MOST_JOURNAL_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
Part = bytes | Chunk
Tell = Callable[[int], None]
"""Is told how many more bytes of the film are there."""


class SourceShortError(Exception):
    """A file that is copied from is shorter than it was; `path` is its name."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class JournalBusyError(Exception):
    """Somebody else writes the same films."""


class Source:
    """A file to copy from, held open: it is there until the end, whoever deletes it meanwhile."""

    def __init__(self, path: Path, *, most_bytes: int | None = None) -> None:
        """Open it. `most_bytes`: more of it does not count. Raises OSError, also for what is no regular file."""
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        status = os.fstat(self.fd)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        self.identity = f"{status.st_dev}:{status.st_ino}"
        self.size = status.st_size if most_bytes is None else min(status.st_size, most_bytes)
        self._window = b""
        self._window_at = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """As `holdfast.fmp4.ReadAt`. Raises OSError."""
        return os.pread(self.fd, max(0, min(length, self.size - offset)), offset)

    def view(self, offset: int, length: int, *, ahead: bool) -> memoryview:
        """These bytes. `ahead`: with what follows, which is wanted next. Raises OSError, SourceShortError."""
        begin = offset - self._window_at
        if begin < 0 or begin + length > len(self._window):
            data = os.pread(self.fd, max(length, WINDOW_BYTES) if ahead else length, offset)
            if len(data) < length:
                raise SourceShortError(self.path)
            if not ahead:
                return memoryview(data)
            self._window, self._window_at, begin = data, offset, 0
        return memoryview(self._window)[begin : begin + length]

    def close(self) -> None:
        """Let go."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@dataclass(frozen=True, slots=True)
class Written:
    """A film that is there as a whole."""

    size_bytes: int
    sha256: str


@dataclass(slots=True)
class _Known:
    """What a journal says of one film."""

    plan: str = ""
    points: list[tuple[int, str]] = field(default_factory=list)
    """So many bytes of it are safe, with this SHA-256."""
    done: Written | None = None


class Journal:
    """What is known of films in the making. One process holds it at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises OSError, JournalBusyError."""
        self.path = path
        self._file: IO[bytes] = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise JournalBusyError(str(path)) from None
        self._known: dict[str, _Known] = {}
        self._read()

    def known(self, name: str, plan: str) -> _Known:
        """What is known of a film, if it was begun by this plan."""
        found = self._known.get(name)
        return found if found is not None and found.plan == plan else _Known()

    def names(self) -> frozenset[str]:
        """Names of all films that were begun."""
        return frozenset(self._known)

    def begun(self, name: str, plan: str) -> None:
        """It is written anew. Raises OSError."""
        self._known[name] = _Known(plan)
        self._note({"film": name, "plan": plan})

    def safe(self, name: str, size_bytes: int, sha256: str, *, is_done: bool = False) -> None:
        """So much of it is synced. Raises OSError."""
        self._note({"film": name, "bytes": size_bytes, "sha256": sha256, "done": is_done})

    def remove(self) -> None:
        """All is done. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go. Of one that knows nothing nothing stays."""
        if not self._known and not self._file.closed:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _note(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> None:
        self._file.seek(0)
        whole, _, rest = self._file.read(_MOST_JOURNAL_BYTES).rpartition(b"\n")
        if rest:
            # Cut off by a kill or a full disk: what comes next begins a line of its own.
            self._file.write(b"\n")
        for line in whole.split(b"\n"):
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                self._learn(json.loads(line))

    def _learn(self, said: dict[str, object]) -> None:
        name, size, sha256 = str(said["film"]), said.get("bytes"), str(said.get("sha256"))
        if "plan" in said:
            self._known[name] = _Known(str(said["plan"]))
        elif isinstance(size, int):
            self._known[name].points.append((size, sha256))
            if said.get("done") is True:
                self._known[name].done = Written(size, sha256)


def plan_of(parts: Iterable[Part], sources: list[Source]) -> tuple[str, int]:
    """What a film is made of, as a digest that only the same film has; and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        if isinstance(part, bytes):
            digest.update(b"B%d:" % len(part) + part)
            size += len(part)
        else:
            source = sources[part.source]
            digest.update(f"C{source.path}:{source.identity}:{part.place}:{part.size}".encode(errors="replace"))
            size += part.size
    return digest.hexdigest(), size


def sha256_of(path: Path, tell: Tell | None = None) -> Written:
    """Size and SHA-256 of a file. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            if tell is not None:
                tell(len(block))
    return Written(size, digest.hexdigest())


def write_film(
    target: Path,
    parts: Callable[[], Iterator[Part]],
    sources: list[Source],
    journal: Journal,
    tell: Tell,
    *,
    checkpoint_bytes: int = CHECKPOINT_BYTES,
) -> Written:
    """Write a film as `target`, or go on with it; what is there under that name is replaced when it is whole.

    `parts` gives the same parts whenever it is called. Raises OSError, SourceShortError.
    """
    plan, _ = plan_of(parts(), sources)
    part = target.with_name(target.name + PART)
    known = journal.known(target.name, plan)
    for place in (target, part) if known.done is not None else ():
        if place.is_file() and sha256_of(place) == known.done:
            _put_in_place(part, place, target)
            tell(known.done.size_bytes)
            return known.done
    with part.open("r+b" if part.exists() else "x+b", buffering=0) as file:
        at, digest = _safe_part(file, known)
        file.truncate(at)
        if at == 0:
            journal.begun(target.name, plan)
        tell(at)
        with ThreadPoolExecutor(1, "holdfast-sha256") as beside:
            copying = _Copying(file.fileno(), at, digest, sources, tell, beside)
            for piece in _from(parts(), at):
                at = _checkpoint(copying, at, checkpoint_bytes, partial(journal.safe, target.name))
                copying.add(piece)
            copying.flush()
        os.fsync(file.fileno())
    written = Written(copying.size, digest.hexdigest())
    journal.safe(target.name, written.size_bytes, written.sha256, is_done=True)
    _put_in_place(part, part, target)
    return written


def _checkpoint(copying: "_Copying", at: int, every_bytes: int, note: Callable[[int, str], None]) -> int:
    """Sync what is there if there is enough of it since `at`, and note it; up to where it is synced then."""
    if copying.size - at < every_bytes:
        return at
    copying.flush()
    os.fdatasync(copying.fd)
    note(copying.size, copying.digest.hexdigest())
    return copying.size


def _put_in_place(part: Path, place: Path, target: Path) -> None:
    if place == part:
        part.rename(target)
    sync_folder(target.parent)


def _safe_part(file: "IO[bytes]", known: _Known) -> tuple[int, "hashlib._Hash"]:
    """How much of what is there is as the journal says, and the SHA-256 of it, to be gone on with."""
    digest, at = hashlib.sha256(), 0
    good, best = 0, hashlib.sha256()
    file.seek(0)
    for point, sha256 in known.points:
        while at < point and (block := file.read(min(_BLOCK_BYTES, point - at))):
            digest.update(block)
            at += len(block)
        if at < point or digest.hexdigest() != sha256:
            break
        good, best = at, digest.copy()
    return good, best


def _from(parts: Iterator[Part], begin: int) -> Iterator[Part]:
    """The parts of a film from that byte on."""
    at = 0
    for part in parts:
        size = len(part) if isinstance(part, bytes) else part.size
        skipped = min(size, max(0, begin - at))
        at += size
        if skipped == 0:
            yield part
        elif skipped < size and isinstance(part, bytes):
            yield part[skipped:]
        elif skipped < size and not isinstance(part, bytes):
            yield Chunk(part.track, part.first, part.count, part.source, part.place + skipped, size - skipped)


class _Copying:
    """Puts parts at the end of a file, many at a time, while another thread takes their SHA-256."""

    def __init__(
        self,
        fd: int,
        size: int,
        digest: "hashlib._Hash",
        sources: list[Source],
        tell: Tell,
        beside: ThreadPoolExecutor,
    ) -> None:
        self.size = size
        self.fd, self.digest = fd, digest
        self._sources, self._tell, self._beside = sources, tell, beside
        self._waiting: list[bytes | memoryview] = []
        self._waiting_bytes = 0

    def add(self, part: Part) -> None:
        """One more. Raises OSError, SourceShortError."""
        if isinstance(part, bytes):
            view: bytes | memoryview = part
        else:
            view = self._sources[part.source].view(part.place, part.size, ahead=part.track == 0)
        self._waiting.append(view)
        self._waiting_bytes += len(view)
        self.size += len(view)
        if self._waiting_bytes >= _BATCH_BYTES or len(self._waiting) >= _BATCH_PARTS:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Raises OSError."""
        hashing = self._beside.submit(self._hash, tuple(self._waiting))
        at = self.size - self._waiting_bytes
        written = os.pwritev(self.fd, self._waiting, at) if self._waiting else 0
        if written < self._waiting_bytes:
            rest = memoryview(b"".join(self._waiting))[written:]
            while rest:
                count = os.pwrite(self.fd, rest, self.size - len(rest))
                rest = rest[count:]
        hashing.result()
        self._tell(self._waiting_bytes)
        self._waiting, self._waiting_bytes = [], 0

    def _hash(self, views: Iterable[bytes | memoryview]) -> None:
        for view in views:
            self.digest.update(view)
