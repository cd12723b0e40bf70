"""Cutting a stream into fragments."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import Fmp4Error, Fragment, FragmentSplitter, InitSegment, Limits, Piece, Trailer
from tests.fmp4 import builder
from tests.fmp4.builder import FTYP, Sample, box, fragment, full, moof, moov, stream, traf, trak, trex, trun
from tests.fmp4.segments import split

STREAM = stream()


def feed_in_chunks(data: bytes, cuts: list[int]) -> list[Piece]:
    splitter = FragmentSplitter()
    edges = [0, *sorted(cuts), len(data)]
    pieces = [piece for begin, end in pairwise(edges) for piece in splitter.feed(data[begin:end])]
    assert splitter.pending_bytes == 0
    return pieces


def feed_and_end(splitter: FragmentSplitter, data: bytes) -> None:
    splitter.feed(data)
    splitter.feed(b"")


def test_a_stream_is_cut_into_its_pieces_and_no_byte_is_lost() -> None:
    pieces = FragmentSplitter().feed(STREAM)
    assert [type(piece) for piece in pieces] == [InitSegment, *[Fragment] * 4, Trailer]
    assert b"".join(piece.data for piece in pieces) == STREAM


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_chunking_gives_the_same_pieces(cuts: list[int]) -> None:
    assert feed_in_chunks(STREAM, cuts) == FragmentSplitter().feed(STREAM)


def test_byte_by_byte_gives_the_same_pieces() -> None:
    assert feed_in_chunks(STREAM, list(range(len(STREAM)))) == FragmentSplitter().feed(STREAM)


def test_a_fragment_tells_its_times_and_samples() -> None:
    _, (first, second, *_) = split(STREAM)
    assert first.starts_with_sync
    assert not second.starts_with_sync
    run = first.video
    assert run is not None
    assert (run.decode_time, run.duration, run.end_time) == (0, 42000, 42000)
    assert (run.sample_count, run.sync_count, run.longest_sample) == (7, 1, 6000)
    assert (run.largest_sample_bytes, run.sample_bytes) == (300, 615)
    assert (run.first_composition_offset, run.leading_count) == (0, 0)
    assert second.runs[0].decode_time == 42000
    assert first.data[: first.moof_bytes][4:8] == b"moof"
    assert first.data[first.moof_bytes :][4:8] == b"mdat"


def test_decode_times_of_more_than_13_hours_are_read() -> None:
    _, (first, *_) = split(stream(start=1 << 33))
    assert first.runs[0].decode_time == 1 << 33


@pytest.mark.parametrize(("second_offset", "leading"), [(12000, 0), (0, 1), (-6000 & 0xFFFFFFFF, 1)])
def test_pictures_shown_before_the_key_frame_are_counted(second_offset: int, leading: int) -> None:
    group = [Sample(sync=True, later=12000), Sample(later=second_offset)]
    _, (first,) = split(FTYP + moov() + fragment(0, group))
    assert first.runs[0].first_composition_offset == 12000
    assert first.runs[0].leading_count == leading


def test_known_boxes_between_fragments_are_left_out() -> None:
    between = box(b"styp", b"msdh") + box(b"sidx", bytes(30)) + box(b"free")
    pieces = FragmentSplitter().feed(FTYP + moov() + between + fragment())
    assert [type(piece) for piece in pieces] == [InitSegment, Fragment]


def test_after_the_trailer_a_new_stream_may_begin() -> None:
    pieces = FragmentSplitter().feed(STREAM + STREAM)
    assert len(pieces) == 12


def test_what_is_pending_is_counted() -> None:
    splitter = FragmentSplitter()
    splitter.feed(FTYP + moov() + fragment()[:-1])
    assert splitter.pending_bytes == len(fragment()) - 1
    assert len(splitter.feed(fragment()[-1:])) == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n", "no box of a fragmented stream"),
        (moov(), "comes alone in box 'moov' at byte 0"),
        (FTYP + FTYP, "follows 'ftyp'"),
        (FTYP + moov() + box(b"mdat", b"x"), "comes alone"),
        (FTYP + moov() + fragment()[:8] + bytes(200), "is cut off|smaller|no box|no 'tf|has no"),
        (fragment(), "before any moov"),
        (STREAM + fragment(), "before any moov"),
        (FTYP + b"\0\0\0\0moov", "has no size"),
        (FTYP + moov() + b"\x7f\xff\xff\xffmoof", "more than the 4194304 allowed"),
        (FTYP + b"\x00\x20\x00\x00moov", "more than the 1048576 allowed"),
        (FTYP + moov() + moof() + box(b"mdat"), "no track fragment"),
    ],
)
def test_what_cannot_be_is_refused_at_once(data: bytes, sentence: str) -> None:
    splitter = FragmentSplitter()
    with pytest.raises(Fmp4Error, match=sentence):
        feed_and_end(splitter, data)
    with pytest.raises(Fmp4Error, match=sentence):
        splitter.feed(STREAM)
    assert splitter.pending_bytes == 0


def test_whole_fragments_before_garbage_are_still_delivered() -> None:
    splitter = FragmentSplitter()
    good = FTYP + moov() + fragment()
    assert len(splitter.feed(good + b"garbage and more")) == 2
    with pytest.raises(Fmp4Error) as caught:
        splitter.feed(b"")
    assert caught.value.offset == len(good)


def refused(*trafs: bytes, init: bytes | None = None, media: bytes = bytes(4000)) -> str:
    data = FTYP + (init or moov()) + moof(*trafs) + box(b"mdat", media)
    splitter = FragmentSplitter()
    splitter.feed(data)
    with pytest.raises(Fmp4Error) as caught:
        splitter.feed(b"")
    return str(caught.value)


def tfhd(flags: int, *values: int) -> bytes:
    return full(b"tfhd", 0, flags, *(value.to_bytes(4, "big") for value in (1, *values)))


def test_fragments_that_cannot_be_moved_or_read_are_refused() -> None:
    run = trun(builder.GROUP, 500)
    assert "not in the moov" in refused(traf(0, run, track_id=9))
    assert "start of the file" in refused(traf(0, run, tfhd=tfhd(1, 0, 0)))
    assert "two track fragments of one track" in refused(traf(0, run), traf(0, run))
    assert "does not say where" in refused(traf(0, trun(builder.GROUP, None)))
    assert "has samples at 10 to 625" in refused(traf(0, trun(builder.GROUP, 10)))
    assert "has samples at" in refused(traf(0, trun(builder.GROUP, 4000)))
    assert "more than 65536" in refused(traf(0, full(b"trun", 0, 1, bytes([0, 2, 0, 0]), bytes(4))))
    assert "too short" in refused(traf(0, full(b"trun", 0, 0x701, bytes([0, 0, 9, 0]), bytes(4))))
    assert "has no 'tfdt'" in refused(box(b"traf", tfhd(0)))


def one_fragment(traf_of: bytes, init: bytes | None = None) -> Fragment:
    _, (found,) = split(FTYP + (init or moov()) + moof(traf_of) + box(b"mdat", bytes(4000)))
    return found


def test_what_samples_do_not_say_comes_from_the_first_flags_the_tfhd_and_the_trex() -> None:
    count = (3).to_bytes(4, "big")
    bare = full(b"trun", 0, 1, count, (400).to_bytes(4, "big"))
    init = moov(trak(), mvex=[trex(1, 1000, 10, builder.NOT_SYNC)])
    run = one_fragment(traf(0, bare), init).runs[0]
    assert (run.duration, run.sample_bytes, run.sync_count) == (3000, 30, 0)
    run = one_fragment(traf(0, bare, tfhd=tfhd(0x3A, 1, 2000, 20, 0)), init).runs[0]
    assert (run.duration, run.sample_bytes, run.sync_count) == (6000, 60, 0x3)
    first_sync = full(b"trun", 0, 5, count, (400).to_bytes(4, "big"), bytes(4))
    run = one_fragment(traf(0, first_sync), init).runs[0]
    assert (run.starts_with_sync, run.sync_count) == (True, 1)


def test_a_second_run_without_an_offset_goes_on_where_the_first_ended() -> None:
    run = one_fragment(traf(0, trun(builder.GROUP, 500), trun(builder.INTER, None))).runs[0]
    assert run.sample_count == 15
    assert run.duration == 90000


def test_a_fragment_without_samples_has_no_key_frame() -> None:
    found = one_fragment(traf(0, full(b"trun", 0, 5, bytes(4), (400).to_bytes(4, "big"), bytes(4))))
    assert not found.starts_with_sync
    assert found.runs[0].sample_count == 0


def test_a_fragment_of_sound_alone_has_no_video() -> None:
    init = moov(trak(), trak(2, handler=b"soun", entry=builder.audio_entry()))
    _, (found,) = split(FTYP + init + fragment(track_id=2))
    assert found.video is None
    assert not found.starts_with_sync


def test_a_promise_of_much_does_not_take_memory_and_limits_can_be_set() -> None:
    with pytest.raises(Fmp4Error, match="more than the 100 allowed"):
        FragmentSplitter(Limits(other_bytes=100)).feed(box(b"free", bytes(100)))
    splitter = FragmentSplitter()
    splitter.feed(FTYP + moov())
    tracemalloc.start()
    try:
        with pytest.raises(Fmp4Error):
            splitter.feed(b"\0\0\0\1moof\x7f" + bytes(7))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_its_own_error(data: bytes) -> None:
    for beginning in (b"", FTYP + moov(), FTYP + moov() + fragment()):
        splitter = FragmentSplitter()
        try:
            splitter.feed(beginning + data)
        except Fmp4Error:
            assert splitter.pending_bytes == 0
        assert splitter.pending_bytes <= len(beginning) + len(data)
