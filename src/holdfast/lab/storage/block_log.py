"""The log of a disk: every write and every flush in their order; and what may be on the disk when the power goes.

A disk may keep what it is told to write in a cache, and write it later, in any order, or not at all when the power
goes first; a sector is written or not. A flush is answered when everything that was written before it began is safe.
"""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

_HEAD = struct.Struct("<cQQQ")
_WRITE, _FLUSH = b"w", b"f"
_SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
"""Of what was not flushed, as much survives; drawn once per power cut, so that all and nothing are tried, too."""
_TORN = 0.3


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were written at this offset, and the writer was told so at this wall time."""

    done_ns: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Flush:
    """A flush was answered at this wall time. It began when so many writes had been made."""

    done_ns: int
    writes: int
    begun_ns: int


Entry = Write | Flush


def pack(entry: Entry) -> bytes:
    """An entry as it lies in the file."""
    match entry:
        case Write(done_ns, offset, data):
            return _HEAD.pack(_WRITE, done_ns, offset, len(data)) + data
        case Flush(done_ns, writes, begun_ns):
            return _HEAD.pack(_FLUSH, done_ns, writes, begun_ns)


def read_log(path: Path) -> list[Entry]:
    """All entries. One at the end that is cut off was never answered, and is left out."""
    content = memoryview(path.read_bytes())
    found: list[Entry] = []
    at = 0
    while at + _HEAD.size <= len(content):
        kind, done_ns, first, second = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        if kind == _FLUSH:
            found.append(Flush(done_ns, first, second))
        elif at + second <= len(content):
            found.append(Write(done_ns, first, bytes(content[at : at + second])))
            at += second
        else:
            break
    return found


def surviving(
    log: Sequence[Entry], until_ns: int, chance: random.Random, sector_bytes: int
) -> Iterator[tuple[int, bytes]]:
    """What is on the disk when the power goes at this wall time, as (offset, bytes) to be written in this order.

    All that the last flush covers; of what follows a random part, some of it torn between sectors.
    """
    known = [entry for entry in log if entry.done_ns <= until_ns]
    safe = max((entry.writes for entry in known if isinstance(entry, Flush)), default=0)
    writes = [entry for entry in known if isinstance(entry, Write)]
    share = chance.choice(_SHARES)
    for number, write in enumerate(writes):
        if number < safe:
            yield write.offset, write.data
        elif chance.random() < share:
            yield from _torn(write, chance, sector_bytes) if chance.random() < _TORN else [(write.offset, write.data)]


def _torn(write: Write, chance: random.Random, sector_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Some of its sectors."""
    fates = [(at, chance.random() < 0.5) for at in range(0, len(write.data), sector_bytes)]
    for is_kept, run in groupby(fates, key=lambda fate: fate[1]):
        places = [at for at, _ in run]
        if is_kept:
            yield write.offset + places[0], write.data[places[0] : places[-1] + sector_bytes]
