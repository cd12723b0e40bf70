"""From a camera and a moment to the right picture, or to the reason why there is none."""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from holdfast.app.thumbnail_maker import Maker
from holdfast.app.thumbnails import NoThumbnail, Why
from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import SegmentDeleted
from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.lab import reader
from holdfast.lab.clips import ClipSpec
from holdfast.lab.films import SMALL, Film, film
from tests.app.pictures import most_like, shown_by_ffmpeg, size_of
from tests.app.thumbnail_rig import BEGIN_NS, CAMERA, Rig, refused
from tests.fmp4.segments import STAMP

KINDS: Mapping[str, ClipSpec] = {
    "h264": SMALL,
    "h264 with B-frames": replace(SMALL, bframes=2),
    "h265": replace(SMALL, codec="h265"),
    "h265 with B-frames": replace(SMALL, codec="h265", bframes=2),
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Film]:
    folder = tmp_path_factory.mktemp("films")
    return cache(lambda kind: film(KINDS[kind], folder))


@pytest.fixture(scope="module")
def maker() -> Iterator[Maker]:
    """One process for the tests that do not end theirs."""
    made = Maker()
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path, maker: Maker) -> Rig:
    return Rig(tmp_path, [maker])


# ------------------------------------------------------------ the right picture


@pytest.mark.parametrize("is_open", [False, True], ids=["final", "open"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_key_frame_at_or_before_the_moment(
    kind: str, films: Callable[[str], Film], rig: Rig, *, is_open: bool
) -> None:
    row = rig.record(films(kind), is_open=is_open)
    frames = reader.read(rig.file(row)).frames
    keys = {one.frame: one.pts_s - min(frame.pts_s for frame in frames) for one in frames if one.is_key}
    assert sorted(keys) == list(range(0, 90, 15))
    pictures = shown_by_ffmpeg(rig.file(row))
    assert len(pictures) == 90
    shown = {number: pictures[number] for number in keys}

    @settings(
        max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(moment_ns=st.integers(0, 6 * NS_PER_S - 1))
    def look(moment_ns: int) -> None:
        made = rig.at_ns(BEGIN_NS + moment_ns)
        # The reader rounds: which side of a key frame a moment lies on is not asked within that.
        assume(all(moment_ns / NS_PER_S >= key or key - moment_ns / NS_PER_S > 1e-4 for key in keys.values()))
        expected = bisect_right(list(keys.values()), moment_ns / NS_PER_S + 1e-5) - 1
        number = list(keys)[expected]
        assert list(shown)[most_like(made.jpeg, list(shown.values()))] == number
        assert abs(made.wall_ns - BEGIN_NS - keys[number] * NS_PER_S) < 100_000
        assert (made.is_kept, size_of(made.jpeg)) == (made.is_kept, (320, 180))
        # Whoever asks for the moment of that picture gets it again.
        assert rig.at_ns(made.wall_ns) == replace(made, is_kept=True, read_bytes=rig.at_ns(made.wall_ns).read_bytes)

    look()
    assert len(rig.kept) <= len(keys)


def test_little_more_than_the_picture_is_read_however_long_the_file_is(films: Callable[[str], Film], rig: Rig) -> None:
    short, long = rig.record(films("h264")), rig.record(films("h264").looped(100), at_s=100, ordinal=1)
    assert rig.file(long).stat().st_size > 80 * rig.file(short).stat().st_size
    first, second = rig.at(3), rig.at(500)
    assert second.read_bytes - first.read_bytes < 20_000
    assert second.read_bytes < rig.file(long).stat().st_size / 20


def test_a_file_that_grows_shows_what_is_in_it_so_far(films: Callable[[str], Film], rig: Rig) -> None:
    parts = films("h264").parts(STAMP)
    ends = list(accumulate(map(len, parts.fragments), initial=len(parts.header)))[1:]
    row = rig.record(films("h264"), is_open=True)
    rig.now_ns = BEGIN_NS + 6 * NS_PER_S
    pictures = shown_by_ffmpeg(rig.file(row))[::15]
    for size in (ends[-1] // 3, ends[-1] // 2, ends[7] - 1, ends[7], ends[-1]):
        rig.file(row).write_bytes(parts.open_file[:size])
        whole = [one for one, end in zip(films("h264").fragments, ends, strict=True) if end <= size]
        expected = sum(one.starts_with_sync for one in whole) - 1
        assert most_like(rig.at(6).jpeg, pictures) == expected
        assert most_like(rig.at(0.5).jpeg, pictures) == 0
    assert expected == 5


def test_bytes_that_count_no_more_are_not_looked_at(films: Callable[[str], Film], rig: Rig) -> None:
    row = rig.record(films("h264"))
    pictures = shown_by_ffmpeg(rig.file(row))[::15]
    rig.change(row, keep_bytes=row.size_bytes // 2)
    assert most_like(rig.at(5.9).jpeg, pictures) in (2, 3)


def test_a_picture_keeps_its_shape_and_is_never_larger_than_it_was(films: Callable[[str], Film], rig: Rig) -> None:
    rig.record(films("h264"))
    assert [size_of(rig.at(1, width).jpeg) for width in (16, 101, 319, 320, 1920)] == [
        (16, 9),
        (101, 57),
        (319, 179),
        (320, 180),
        (320, 180),
    ]
    for width in (15, 1921, 0, -1):
        refused(partial(rig.at, 1, width), Why.BAD, "16 to 1920 pixels wide")


# ------------------------------------------------------------ no footage


def gap(begin_s: float, end_s: float | None) -> GapRecord:
    return GapRecord(
        gap_id="gap",
        camera=CAMERA.camera,
        stream=CAMERA.stream,
        cause="unreachable",
        sentence="The camera cannot be reached.",
        from_wall_ns=WallNs(BEGIN_NS + round(begin_s * NS_PER_S)),
        to_wall_ns=None if end_s is None else WallNs(BEGIN_NS + round(end_s * NS_PER_S)),
    )


def test_in_a_gap_the_answer_is_its_cause_and_what_there_is_before_and_after(
    films: Callable[[str], Film], rig: Rig
) -> None:
    first, second = rig.record(films("h264")), rig.record(films("h264"), at_s=60, ordinal=1)
    rig.catalog.post(gap(6, 60))
    error = refused(lambda: rig.at(30), Why.NO_FOOTAGE, "The camera cannot be reached.")
    assert error.nearest is not None
    assert (error.nearest.cause, error.nearest.before_ns, error.nearest.after_ns) == (
        "unreachable",
        first.wall_end_ns,
        second.wall_start_ns,
    )
    assert error.sentence.count("\n") == 3
    before = refused(lambda: rig.at(-10), Why.NO_FOOTAGE, "begins at")
    assert before.nearest is not None
    assert (before.nearest.cause, before.nearest.before_ns) == ("", None)
    assert refused(lambda: rig.at(80), Why.NO_FOOTAGE, "ends at").nearest is not None


def test_the_future_and_cameras_that_nobody_knows_have_no_pictures(rig: Rig, films: Callable[[str], Film]) -> None:
    rig.record(films("h264"))
    refused(lambda: rig.at_ns(rig.now_ns + 11 * NS_PER_S), Why.BAD, "lies in the future")
    with pytest.raises(NoThumbnail, match="no camera cam_02 in this recorder"):
        rig.thumbnails.at(replace(CAMERA, camera="cam_02"), WallNs(BEGIN_NS), 320, {})


def test_a_file_that_was_left_open_long_ago_does_not_reach_to_the_present(
    films: Callable[[str], Film], rig: Rig
) -> None:
    row = rig.record(films("h264"), is_open=True)
    rig.catalog.post(gap(6, None))
    assert rig.at(6 + 9).wall_ns == BEGIN_NS + 5 * NS_PER_S
    error = refused(lambda: rig.at(600), Why.NO_FOOTAGE, "The camera cannot be reached.")
    assert error.nearest is not None
    assert error.nearest.before_ns == row.wall_start_ns + 6 * NS_PER_S
    rig.record(films("h264"), at_s=598, ordinal=1)
    assert rig.at(600).wall_ns == BEGIN_NS + 600 * NS_PER_S


def test_deleted_footage_has_no_picture_even_if_there_was_one(films: Callable[[str], Film], rig: Rig) -> None:
    row, other = rig.record(films("h264")), rig.record(films("h264"), at_s=6, ordinal=1)
    rig.at(1), rig.at(7)
    assert len(rig.kept) == 2
    rig.catalog.post(SegmentDeleted(path=row.path))
    refused(lambda: rig.at(1), Why.NO_FOOTAGE, "no footage")
    rig.thumbnails.sweep()
    assert [file.parent.name for file in rig.kept] == [f"{other.run_id}-1"]
    rig.change(other, state=SegmentState.MISSING)
    refused(lambda: rig.at(7), Why.NO_FOOTAGE, "is missing")
    rig.thumbnails.sweep()
    assert not (rig.root / ".holdfast/thumbnails").exists() or not rig.kept


def test_a_volume_that_is_not_there_is_said_and_another_one_at_its_place_is_not_taken_for_it(
    films: Callable[[str], Film], rig: Rig
) -> None:
    rig.record(films("h264"))
    refused(lambda: rig.at(1, trouble="The disk is gone."), Why.AWAY, "Volume main")
    rig.volume_id = "11111111-2222-3333-4444-555555555555"
    refused(lambda: rig.at(1), Why.UNREADABLE, "there is not the volume that belongs there")


def test_a_volume_that_nobody_knows_any_more_is_said(films: Callable[[str], Film], rig: Rig) -> None:
    row = replace(rig.record(films("h264")), volume="spare", path="cam_01/spare.mp4", ordinal=1)
    rig.catalog.post(replace(row, wall_start_ns=WallNs(BEGIN_NS + 60 * NS_PER_S)))
    refused(lambda: rig.at(61), Why.AWAY, "Volume spare, on which the footage of that moment is, is not known here")


# ------------------------------------------------------------ damage


def key_place(rig: Rig, row: Any) -> tuple[int, int]:
    """Where the first key frame is, by FFmpeg."""
    with av.open(str(rig.file(row))) as container:
        packet = next(one for one in container.demux(video=0) if one.is_keyframe)
        assert packet.pos is not None
        return packet.pos, packet.size


def spoil_truncated(data: bytearray, at: int, size: int) -> None:
    del data[at + size // 2 :]


def spoil_zeros(data: bytearray, at: int, size: int) -> None:
    data[at : at + size] = bytes(size)


def spoil_garbage(data: bytearray, at: int, size: int) -> None:
    data[at : at + size] = os.urandom(size)


def spoil_picture(data: bytearray, at: int, size: int) -> None:
    """What the picture begins with stays, so that the decoder begins with it."""
    data[at + size // 2 : at + size] = b"\xff" * (size - size // 2)


def spoil_header(data: bytearray, _at: int, _size: int) -> None:
    data[40:4000] = bytes(3960)


def spoil_all(data: bytearray, _at: int, _size: int) -> None:
    data[:] = b""


SPOILS = (spoil_truncated, spoil_zeros, spoil_garbage, spoil_picture, spoil_header, spoil_all)


@pytest.mark.parametrize("kind", ["h264", "h265"])
@pytest.mark.parametrize("spoil", SPOILS, ids=[one.__name__ for one in SPOILS])
def test_of_a_damaged_file_a_sentence_comes_and_of_the_others_their_pictures(
    kind: str, spoil: Callable[[bytearray, int, int], None], films: Callable[[str], Film], rig: Rig
) -> None:
    row, other = rig.record(films(kind)), rig.record(films(kind), at_s=6, ordinal=1)
    data = bytearray(rig.file(row).read_bytes())
    spoil(data, *key_place(rig, row))
    rig.file(row).write_bytes(bytes(data))
    if (kind, spoil) == ("h265", spoil_picture):
        # FFmpeg does not notice damage within an H.265 picture, and shows what it makes of it.
        assert rig.at(0.5).wall_ns == row.wall_start_ns
        rig.kept[0].unlink()
    else:
        refused(lambda: rig.at(0.5), Why.UNREADABLE, f"No picture can be made of {row.path}: ")
    assert rig.at(6.5).wall_ns == other.wall_start_ns
    assert len(rig.kept) == 1


def test_a_file_that_is_gone_or_none_is_said(films: Callable[[str], Film], rig: Rig) -> None:
    row = rig.record(films("h264"))
    rig.file(row).unlink()
    refused(lambda: rig.at(1), Why.UNREADABLE, "cannot be read (No such file or directory)")
    rig.file(row).mkdir()
    refused(lambda: rig.at(1), Why.UNREADABLE, "it is no file")
    rig.change(row, state=SegmentState.MISSING)
    rig.change(row, path="../outside.mp4")
    refused(lambda: rig.at(1), Why.UNREADABLE, "is no path of a recorded file")


def test_a_picture_that_is_too_large_is_refused_before_it_is_made(films: Callable[[str], Film], rig: Rig) -> None:
    """The decoder's configuration says 16384×16384; the picture is not."""
    row = rig.record(films("h264"))
    data = rig.file(row).read_bytes()
    at = data.index(b"avcC") + 4
    size = int.from_bytes(data[at + 6 : at + 8])
    huge = sps_of(16384 // 16, 16384 // 16)[:size].ljust(size, b"\x80")
    place, length = key_place(rig, row)
    # The sets in the picture itself are taken out: those of the configuration count.
    sample = bytearray(data[place : place + length])
    for kind in (7, 8):
        where = next(n for n in units(sample) if sample[n + 4] & 31 == kind)
        sample[where + 4] = 12
    broken = data[: at + 8] + huge + data[at + 8 + size : place] + bytes(sample) + data[place + length :]
    rig.file(row).write_bytes(broken)
    refused(lambda: rig.at(0.5), Why.UNREADABLE, "No picture can be made")


def units(sample: bytes | bytearray) -> Iterator[int]:
    at = 0
    while at < len(sample):
        yield at
        at += 4 + int.from_bytes(sample[at : at + 4])


def sps_of(wide: int, high: int) -> bytes:
    """A sequence parameter set of so many macroblocks (H.264 7.3.2.1.1), baseline profile."""

    def ue(value: int) -> str:
        text = f"{value + 1:b}"
        return "0" * (len(text) - 1) + text

    bits = ue(0) + ue(0) + ue(2) + ue(1) + "0" + ue(wide - 1) + ue(high - 1) + "1" + "1" + "0" + "0" + "1"
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return bytes([0x67, 66, 0, 62]) + int(bits, 2).to_bytes(len(bits) // 8)
