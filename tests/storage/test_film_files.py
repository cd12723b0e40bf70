"""Films on the disk: whole or gone on with, after kills, full disks and strange files."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from holdfast.fmp4.film import Chunk
from holdfast.storage.film_files import (
    PART,
    Journal,
    JournalBusyError,
    Part,
    Source,
    SourceShortError,
    plan_of,
    sha256_of,
    write_film,
)

MB = 1 << 20
CHECK = 2 * MB


def parts_of(count: int, size: int = 100_000) -> Iterator[Part]:
    yield b"head" * 1000
    for number in range(count):
        yield Chunk(number % 2, 0, 1, 0, number * size, size)
    yield b"tail"


@pytest.fixture
def source(tmp_path: Path, seed: int) -> Iterator[Source]:
    path = tmp_path / "source.bin"
    path.write_bytes(Random(seed).randbytes(10 * MB))
    opened = Source(path)
    yield opened
    opened.close()


def expected(source: Source, count: int = 100) -> bytes:
    data = source.path.read_bytes()
    return b"".join(p if isinstance(p, bytes) else data[p.place : p.place + p.size] for p in parts_of(count))


class Told:
    """How much was there when it began, and in all; can end it in the middle, as a kill would."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.first: int | None = None
        self.bytes, self._stop_at = 0, stop_at

    def __call__(self, more: int) -> None:
        self.first = more if self.first is None else self.first
        self.bytes += more
        if self._stop_at is not None and self.bytes >= self._stop_at:
            raise KeyboardInterrupt


def write(folder: Path, source: Source, told: Told, count: int = 100) -> str:
    journal = Journal(folder / "journal")
    try:
        written = write_film(
            folder / "film.mp4", lambda: parts_of(count), [source], journal, told, checkpoint_bytes=CHECK
        )
    finally:
        journal.close()
    return written.sha256


def test_a_film_is_written_as_its_parts_say(tmp_path: Path, source: Source) -> None:
    told = Told()
    digest = write(tmp_path, source, told)
    data = (tmp_path / "film.mp4").read_bytes()
    assert data == expected(source)
    assert digest == hashlib.sha256(data).hexdigest() == sha256_of(tmp_path / "film.mp4").sha256
    assert (told.bytes, told.first) == (len(data), 0)
    assert not (tmp_path / ("film.mp4" + PART)).exists()
    assert plan_of(parts_of(100), [source])[1] == len(data)


def test_it_goes_on_where_it_was_synced_last(tmp_path: Path, source: Source) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, source, Told(7 * MB))
    assert not (tmp_path / "film.mp4").exists()
    told = Told()
    digest = write(tmp_path, source, told)
    assert told.first is not None
    assert 5 * MB <= told.first < 8 * MB
    assert digest == hashlib.sha256(expected(source)).hexdigest()
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)


def test_what_is_there_is_not_believed_but_read(tmp_path: Path, source: Source) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, source, Told(7 * MB))
    with (tmp_path / ("film.mp4" + PART)).open("r+b") as part:
        part.seek(3 * MB)
        part.write(b"changed")
    told = Told()
    write(tmp_path, source, told)
    assert told.first is not None
    assert 0 < told.first <= 3 * MB
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)


def test_another_plan_begins_anew(tmp_path: Path, source: Source) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, source, Told(7 * MB), 100)
    told = Told()
    write(tmp_path, source, told, 90)
    assert told.first == 0
    assert (tmp_path / "film.mp4").read_bytes() == expected(source, 90)


def test_a_film_that_was_done_is_read_again_and_kept(tmp_path: Path, source: Source) -> None:
    write(tmp_path, source, Told())
    before = (tmp_path / "film.mp4").stat().st_ino
    told = Told()
    write(tmp_path, source, told)
    assert told.first == told.bytes == len(expected(source))
    assert (tmp_path / "film.mp4").stat().st_ino == before
    (tmp_path / "film.mp4").write_bytes(b"something else")
    write(tmp_path, source, Told())
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)


def test_a_film_that_was_whole_before_it_had_its_name_gets_it(tmp_path: Path, source: Source) -> None:
    write(tmp_path, source, Told())
    (tmp_path / "film.mp4").rename(tmp_path / ("film.mp4" + PART))
    told = Told()
    write(tmp_path, source, told)
    assert told.first == len(expected(source))
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)


@pytest.mark.parametrize(
    "junk", [b"{}\n", b"[1]\nnull\n", b"\xff\xfe\n{", b'{"film":"film.mp4","bytes":5}\n', b'{"film']
)
def test_a_journal_that_was_damaged_costs_nothing_but_time(tmp_path: Path, source: Source, junk: bytes) -> None:
    (tmp_path / "journal").write_bytes(junk)
    write(tmp_path, source, Told())
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)
    for line in (tmp_path / "journal").read_bytes().split(b"\n")[-4:-1]:
        assert json.loads(line)["film"] == "film.mp4"


def test_two_do_not_write_one_film(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal")
    with pytest.raises(JournalBusyError):
        Journal(tmp_path / "journal")
    first.close()
    assert not (tmp_path / "journal").exists()


def test_a_source_that_is_deleted_meanwhile_is_there_to_the_end(tmp_path: Path, source: Source) -> None:
    data = expected(source)
    source.path.unlink()
    write(tmp_path, source, Told())
    assert (tmp_path / "film.mp4").read_bytes() == data


def test_a_source_that_becomes_shorter_is_said(tmp_path: Path, source: Source) -> None:
    os.truncate(source.path, 5 * MB)
    with pytest.raises(SourceShortError) as caught:
        write(tmp_path, source, Told())
    assert caught.value.path == source.path


def test_only_files_are_sources(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "none", "."):
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system calls it
            Source(tmp_path / name)
    opened = Source(tmp_path / "file", most_bytes=3)
    assert (opened.read_at(1, 100), opened.read_at(50, 2), opened.size) == (b"23", b"", 3)
    opened.close()


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.storage.test_film_files import CHECK, parts_of
from holdfast.storage.film_files import Journal, Source, write_film
folder = Path({folder!r})
done = 0
def tell(more):
    global done
    done += more
    print(done, flush=True)
    time.sleep(0.05)
sources, journal = [Source(folder / "source.bin")], Journal(folder / "journal")
write_film(folder / "film.mp4", lambda: parts_of(100), sources, journal, tell, checkpoint_bytes=CHECK)
"""


def test_after_kill_9_in_the_middle_it_goes_on(tmp_path: Path, source: Source, seed: int) -> None:
    script = textwrap.dedent(KILLED.format(tests=str(Path(__file__).parents[2]), folder=str(tmp_path)))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    until = Random(seed).randrange(3 * MB, 8 * MB)
    for line in process.stdout:
        if int(line) >= until:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    assert not (tmp_path / "film.mp4").exists()
    told = Told()
    write(tmp_path, source, told)
    assert told.first is not None
    assert told.first >= CHECK
    assert (tmp_path / "film.mp4").read_bytes() == expected(source)


@pytest.mark.root
def test_a_full_disk_keeps_what_was_written(tmp_path: Path, source: Source) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], check=True)
    try:
        with pytest.raises(OSError, match="No space left") as caught:
            write(disk, source, Told())
        assert caught.value.errno == errno.ENOSPC
        assert (disk / ("film.mp4" + PART)).stat().st_size > 4 * MB
        subprocess.run(["mount", "-o", "remount,size=32m", str(disk)], check=True)
        told = Told()
        write(disk, source, told)
        assert told.first is not None
        assert told.first >= CHECK
        assert (disk / "film.mp4").read_bytes() == expected(source)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
