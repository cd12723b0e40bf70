"""Reading the files of segments back."""

from dataclasses import replace

import pytest

from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, Limits, SegmentSummary, read_header, read_summary, reading, scan
from tests.fmp4 import builder
from tests.fmp4.builder import FTYP, box, moov, stream
from tests.fmp4.segments import LABELS, STAMP, assemble, read_from, split

PARTS = assemble(*split(stream(6)))
FINAL = PARTS.final_file
OPEN = PARTS.open_file
MDAT = len(PARTS.fragments[2]) - 615 - 8


def summary(data: bytes) -> SegmentSummary:
    return read_summary(data[:HEAD_BYTES], data[-HEAD_BYTES:], len(data))


def test_the_two_ends_of_a_final_file_tell_what_a_catalog_needs() -> None:
    found = summary(FINAL)
    assert found.is_final
    assert found.duration_ns == 3_000_000_000
    assert found.header.stamp == replace(STAMP, final=True, samples=45)
    assert found.header.labels == LABELS
    assert found.header.video.codec == "avc1.640028"
    assert found.header.size == len(PARTS.header)


@pytest.mark.parametrize("data", [OPEN, OPEN + PARTS.index, FINAL[:-1], FINAL + b"\0", FINAL[: len(OPEN)], FINAL[:-16]])
def test_a_file_without_index_or_mark_is_not_final(data: bytes) -> None:
    found = summary(data)
    assert not found.is_final
    assert found.duration_ns is None


@pytest.mark.parametrize("tail", [b"\0\0\0\7????????????", b"\0\0\0\x10mfro" + bytes(8), b"", b"\0\0\0\x10"])
def test_whatever_a_crash_left_at_the_end_does_not_spoil_the_beginning(tail: bytes) -> None:
    assert read_summary(OPEN + tail, tail, len(OPEN + tail)).header.stamp == STAMP


def test_damage_right_behind_the_header_does_not_spoil_it() -> None:
    for garbage in (b"\0\0\0\7freexxxx", b"\0\0\0\x10uuid12345678", b"\xff" * 20):
        data = PARTS.header + garbage + PARTS.fragments[0]
        assert len(scan(read_from(data), len(data)).fragments) == 1


def test_an_index_is_only_believed_when_it_is_one() -> None:
    for size, believed in ((len(PARTS.index), True), (len(PARTS.index) - 1, False), (1 << 24, True)):
        tail = FINAL[:-4] + size.to_bytes(4, "big")
        assert read_summary(FINAL[:HEAD_BYTES], tail, len(FINAL)).has_index is believed


def test_a_file_of_another_program_has_no_stamp() -> None:
    found = summary(stream())
    assert found.header.stamp is None
    assert found.header.labels is None
    assert found.header.duration == 900000
    assert not found.is_final
    without_mehd = FTYP + box(b"moov", builder.trak(), box(b"mvex", builder.trex()))
    assert read_header(without_mehd).duration is None


@pytest.mark.parametrize("length", [0, 7, 31, 100, len(PARTS.header) - 200])
def test_a_header_that_is_not_whole_is_refused(length: int) -> None:
    with pytest.raises(Fmp4Error, match="no whole 'moov'"):
        summary(FINAL[:length])
    with pytest.raises(Fmp4Error, match="no whole 'moov'"):
        scan(read_from(FINAL[:length]), length)


def test_a_scan_finds_every_fragment_and_reads_no_media() -> None:
    read = []
    big = assemble(*split(FTYP + moov() + builder.fragment(0, [builder.Sample(500_000, sync=True)])))

    def read_at(offset: int, length: int) -> bytes:
        read.append(length)
        return big.final_file[offset : offset + length]

    found = scan(read_at, len(big.final_file), Limits(moov_bytes=4096, other_bytes=4096))
    assert found.is_final
    assert sum(read) < 20_000
    assert found.index().mfra() == big.index


def test_a_scan_of_a_final_file_agrees_with_its_making() -> None:
    found = scan(read_from(FINAL), len(FINAL))
    assert found.is_final
    assert found.damage == ()
    assert found.index_start == found.whole_end == len(OPEN)
    assert found.index().durations == PARTS.durations
    assert found.index().mfra() == PARTS.index
    assert b"".join(FINAL[fragment.offset : fragment.end] for fragment in found.fragments) == b"".join(PARTS.fragments)


def test_an_open_file_is_whole_but_not_final() -> None:
    found = scan(read_from(OPEN), len(OPEN))
    assert (found.is_final, found.index_start, found.whole_end, found.damage) == (False, None, len(OPEN), ())


@pytest.mark.parametrize("lost", range(1, len(PARTS.fragments[-1])))
def test_wherever_a_file_is_cut_the_whole_fragments_before_are_found(lost: int) -> None:
    data = OPEN[:-lost]
    found = scan(read_from(data), len(data))
    assert len(found.fragments) == 5
    assert found.whole_end == len(OPEN) - len(PARTS.fragments[-1])
    (damage,) = found.damage
    assert (damage.start, damage.end) == (found.whole_end, len(data))


@pytest.mark.parametrize("tail", [b"x", bytes(20), bytes(100_000), b"garbage, a lot of it" * 1000, box(b"mdat", b"x")])
def test_garbage_and_zeros_behind_the_last_fragment_are_damage(tail: bytes) -> None:
    data = OPEN + tail
    found = scan(read_from(data), len(data))
    assert found.whole_end == len(OPEN)
    assert [(damage.start, damage.end) for damage in found.damage] == [(len(OPEN), len(data))]


def test_an_index_that_is_not_last_does_not_count() -> None:
    data = OPEN + PARTS.index + box(b"free")
    assert scan(read_from(data), len(data)).index_start is None
    cut = OPEN + PARTS.index[:-1]
    assert "cut off" in scan(read_from(cut), len(cut)).damage[0].reason


def spoilt(number: int, at: int, value: bytes) -> bytes:
    offset = len(PARTS.header) + sum(map(len, PARTS.fragments[:number])) + at
    return OPEN[:offset] + value + OPEN[offset + len(value) :]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, bytes(16)),
        (4, b"xxxx"),
        (0, b"\x7f"),
        (0, b"\0\0\0\0"),
        (0, b"\0\0\0\7"),
        (MDAT + 4, b"mdxx"),
        (MDAT, b"\x7f"),
        (28, b"xxxx"),
    ],
)
def test_behind_a_spoilt_fragment_the_next_whole_one_is_found(at: int, value: bytes) -> None:
    data = spoilt(2, at, value)
    found = scan(read_from(data), len(data))
    assert len(found.fragments) == 5
    assert found.whole_end == len(OPEN)
    (damage,) = found.damage
    assert damage.end - damage.start == len(PARTS.fragments[2])


def test_media_data_whose_size_grew_do_not_swallow_what_follows() -> None:
    for size in (2000, len(OPEN)):
        data = spoilt(1, len(PARTS.fragments[1]) - 508 - 8, size.to_bytes(4, "big"))
        found = scan(read_from(data), len(data))
        assert len(found.fragments) == 5
    padded = builder.fragment(0, media=bytes([1]) * 900)
    assert len(split(FTYP + moov() + padded)[1]) == 1
    data = assemble(*split(FTYP + moov() + padded)).open_file
    assert scan(read_from(data), len(data)).damage == ()


def test_a_fragment_from_the_past_is_not_taken_for_the_next_one() -> None:
    data = OPEN + b"12345678" + PARTS.fragments[0]
    assert scan(read_from(data), len(data)).whole_end == len(OPEN)
    lost_first = PARTS.header + b"12345678" + PARTS.fragments[3]
    assert len(scan(read_from(lost_first), len(lost_first)).fragments) == 1


def test_a_type_across_two_blocks_of_the_search_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    data = spoilt(0, 0, bytes(16))
    for block in range(30, 60):
        monkeypatch.setattr(reading, "_SEARCH_BYTES", block)
        assert len(scan(read_from(data), len(data)).fragments) == 5


def test_the_search_gives_up_after_many_false_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CANDIDATES", 3)
    data = PARTS.header + b"????moof" * 4 + PARTS.fragments[0]
    found = scan(read_from(data), len(data))
    assert found.fragments == ()
    assert found.damage[0].end == len(data)


def test_a_long_moof_is_read_as_a_whole_and_an_endless_one_is_refused() -> None:
    many = builder.fragment(0, [builder.Sample(1, sync=True)] * 1000)
    parts = assemble(*split(FTYP + moov() + many))
    data = parts.open_file
    assert len(scan(read_from(data), len(data)).fragments) == 1
    assert scan(read_from(data), len(data), Limits(moof_bytes=1000)).fragments == ()
    assert scan(read_from(data), len(data), Limits(fragment_bytes=1000)).fragments == ()
    cut = data[: len(parts.header) + 5000]
    assert "cut off" in scan(read_from(cut), len(cut)).damage[0].reason


def test_a_bridge_over_damage_is_gone_over() -> None:
    data = PARTS.header + PARTS.fragments[0] + box(b"free", b"damaged") + PARTS.fragments[1]
    found = scan(read_from(data), len(data))
    assert len(found.fragments) == 2
    assert found.damage == ()
    cut = data + b"\0\0\0\x40free"
    assert "cut off" in scan(read_from(cut), len(cut)).damage[0].reason
