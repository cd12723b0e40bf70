import random
from itertools import pairwise
from pathlib import Path

from holdfast.lab.storage.block_log import Entry, Flush, Write, pack, read_log, surviving

SECTOR = 512
FIRST, SECOND, THIRD = (Write(n, n * 8192, bytes([n]) * 4096) for n in (1, 2, 4))
LOG: list[Entry] = [FIRST, SECOND, Flush(3, writes=1, begun_ns=1), THIRD, Flush(5, writes=3, begun_ns=4)]


def on_disk(log: list[Entry], until_ns: int, seed: int, sector_bytes: int = SECTOR) -> bytes:
    image = bytearray(64 << 10)
    for offset, data in surviving(log, until_ns, random.Random(seed), sector_bytes):
        image[offset : offset + len(data)] = data
    return bytes(image)


def sectors(image: bytes, write: Write) -> list[bool]:
    """Which sectors of a write are there."""
    found = [image[write.offset + at : write.offset + at + SECTOR] for at in range(0, len(write.data), SECTOR)]
    assert all(set(sector) in ({0}, {write.data[0]}) for sector in found)
    return [sector[0] != 0 for sector in found]


def test_a_log_reads_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"".join(map(pack, LOG)))
    assert read_log(tmp_path / "log") == LOG


def test_an_entry_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    whole = b"".join(map(pack, LOG[:2]))
    for size in range(len(whole)):
        (tmp_path / "log").write_bytes(whole[:size])
        assert read_log(tmp_path / "log") == LOG[: int(size >= len(pack(FIRST)))]


def test_what_a_flush_covers_is_always_there() -> None:
    for seed in range(50):
        assert all(sectors(on_disk(LOG, 5, seed), FIRST))
        assert all(sectors(on_disk(LOG, 5, seed), THIRD))
        assert all(sectors(on_disk(LOG, 4, seed), FIRST))


def test_a_flush_does_not_cover_what_was_written_after_it_began() -> None:
    assert any(not all(sectors(on_disk(LOG, 4, seed), SECOND)) for seed in range(50))


def test_a_flush_that_was_not_answered_covers_nothing() -> None:
    assert any(not all(sectors(on_disk(LOG, 2, seed), FIRST)) for seed in range(50))


def test_what_was_written_after_the_moment_is_never_there() -> None:
    for seed in range(50):
        assert not any(sectors(on_disk(LOG, 3, seed), THIRD))


def test_what_was_not_flushed_is_there_as_a_whole_in_part_or_not_at_all() -> None:
    fates = {tuple(sectors(on_disk(LOG, 4, seed), THIRD)) for seed in range(200)}
    assert (True,) * 8 in fates
    assert (False,) * 8 in fates
    assert len(fates) > 10


def test_a_sector_is_there_or_not() -> None:
    for seed in range(100):
        there = sectors(on_disk(LOG, 4, seed, sector_bytes=2048), THIRD)
        assert all(a == b for number, (a, b) in enumerate(pairwise(there)) if number % 4 != 3)


def test_a_seed_gives_the_same_disk_again() -> None:
    assert len({on_disk(LOG, 4, 7) for _ in range(5)}) == 1
    assert len({on_disk(LOG, 4, seed) for seed in range(20)}) > 1


def test_of_two_writes_to_one_place_the_later_one_wins_where_it_survives() -> None:
    log: list[Entry] = [Write(1, 0, b"a" * SECTOR), Flush(2, 1, 1), Write(3, 0, b"b" * SECTOR)]
    assert {on_disk(log, 3, seed)[:1] for seed in range(50)} == {b"a", b"b"}
