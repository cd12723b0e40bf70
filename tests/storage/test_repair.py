"""Files left by a crash become final, whatever is left of them."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.fmp4 import (
    HEAD_BYTES,
    NewerFormatError,
    SegmentScan,
    read_summary,
    rebase,
    scan,
    segment_header,
    sound_frames,
    sound_moof,
    sound_track,
    with_sound,
)
from holdfast.fmp4.stamp import STAMP_TYPE
from holdfast.storage import repair
from holdfast.storage.repair import RepairPlan, StalePlanError, carry_out, plan_repair, repair_steps
from tests.fmp4.builder import FTYP, Sample, audio_entry, box, fragment, moov, stream, trak
from tests.fmp4.segments import STAMP, assemble, read_from, split

PARTS = assemble(*split(stream(5)))
OPEN = PARTS.open_file
LARGE = assemble(*split(stream(8, group=(Sample(9_000, sync=True), Sample(9_000)))))
WHOLE_BUT_ONE = len(OPEN) - len(PARTS.fragments[-1])
REPAIRED = replace(STAMP, final=True, repaired=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cam_01" / "09-00-00.mp4"


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def scan_file(path: Path) -> SegmentScan:
    data = path.read_bytes()
    return scan(read_from(data), len(data))


def repaired(path: Path, data: bytes) -> SegmentScan:
    plan = plan_repair(write(path, data))
    assert plan is not None
    assert plan.action == "finish"
    assert path.read_bytes() == data, "a plan changes nothing"
    assert carry_out(plan) == path
    assert plan_repair(path) is None
    found = scan_file(path)
    assert found.is_final
    return found


def test_a_final_file_needs_nothing(path: Path) -> None:
    assert plan_repair(write(path, PARTS.final_file)) is None


def test_an_open_file_becomes_what_it_would_have_been(path: Path) -> None:
    repaired(path, OPEN)
    data = path.read_bytes()
    assert data[512:] == PARTS.final_file[512:]
    summary = read_summary(data[:HEAD_BYTES], data[-HEAD_BYTES:], len(data))
    assert summary.header.stamp == replace(REPAIRED, samples=37)
    assert summary.duration_ns == 37 * 6000 * 1_000_000_000 // 90000


def test_a_begin_that_is_known_better_by_now_stands_in_the_file(path: Path) -> None:
    plan = plan_repair(write(path, OPEN), STAMP.wall_start_ns - 5)
    assert plan is not None
    carry_out(plan)
    assert scan_file(path).header.stamp == replace(REPAIRED, samples=37, wall_start_ns=STAMP.wall_start_ns - 5)


def test_a_plan_says_why_and_what_can_be_played(path: Path) -> None:
    plan = plan_repair(write(path, OPEN[:-5]))
    assert plan is not None
    assert plan.reasons == (
        f"is cut off: 5 of 623 bytes are missing in box 'mdat' at byte {len(OPEN) - 623}",
        "it has no index",
        "its header is that of an open file",
    )
    assert (plan.samples, plan.duration_ns) == (30, 2_000_000_000)
    assert plan.lost_bytes == len(PARTS.fragments[-1]) - 5


@given(lost=st.integers(0, len(OPEN) - len(PARTS.header) - len(PARTS.fragments[0])))
def test_wherever_a_file_is_cut_what_is_whole_is_kept(tmp_path_factory: pytest.TempPathFactory, lost: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.mp4"
    data = OPEN[: len(OPEN) - lost]
    found = repaired(path, data)
    ends = [len(PARTS.header) + sum(map(len, PARTS.fragments[:number])) for number in range(1, 6)]
    assert found.whole_end == max(end for end in ends if end <= len(data))
    path.unlink()


@pytest.mark.parametrize(
    "tail", [b"x", bytes(4096), b"garbage" * 1000, PARTS.index[:-1], PARTS.index + b"\0", PARTS.index * 2, PARTS.index]
)
def test_whatever_is_behind_the_last_fragment_gives_way_to_the_index(path: Path, tail: bytes) -> None:
    repaired(path, OPEN + tail)
    assert path.read_bytes()[512:] == PARTS.final_file[512:]


def test_fragments_whose_blocks_never_reached_the_disk_are_not_kept(path: Path) -> None:
    # Also of a block that was written again in its place: then only a few zeros are at the end.
    for zeros in (1, 5, 100, 623 + 100):
        data = OPEN[:-zeros] + bytes(zeros)
        found = repaired(path, data)
        assert found.whole_end == WHOLE_BUT_ONE
    plan = plan_repair(write(path, OPEN[:-100] + bytes(100)))
    assert plan is not None
    assert plan.reasons[0] == "the last 1 fragments were not written to the disk"


def test_a_block_that_never_reached_the_disk_ends_the_file_though_later_ones_did(path: Path) -> None:
    data = LARGE.open_file
    ends = [len(LARGE.header) + sum(map(len, LARGE.fragments[:number])) for number in range(len(LARGE.fragments) + 1)]
    for number in (2, len(LARGE.fragments) - 2):
        for at in range(ends[number] // 512 * 512 + 1024, ends[number + 1] - 511, 4096):
            assert repaired(path, data[:at] + bytes(512) + data[at + 512 :]).whole_end == ends[number]


def test_zeros_with_which_a_camera_pads_its_pictures_cost_at_most_the_last_fragment(path: Path) -> None:
    padded = b"".join(
        fragment(n * 6000, [Sample(2000, sync=not n)], media=b"\x65" * 1900 + bytes(100)) for n in range(9)
    )
    parts = assemble(*split(FTYP + moov() + padded))
    assert len(repaired(path, parts.open_file).fragments) == 8


def test_silence_is_not_taken_for_unwritten_blocks(path: Path) -> None:
    sound = box(b"sowt", bytes(28))
    init = moov(trak(), trak(2, handler=b"soun", entry=sound))
    silent = assemble(*split(FTYP + init + fragment(0, [Sample(500, sync=True)], media=bytes(500))))
    assert len(repaired(path, silent.open_file).fragments) == 1


def test_only_the_end_of_a_file_is_searched_for_unwritten_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "CHECKED_BYTES", 1000)
    empty = b"".join(fragment(n * 6000, [Sample(2000)], media=bytes(2000)) for n in range(3))
    parts = assemble(*split(FTYP + moov() + fragment(0, [Sample(2000, sync=True)]) + empty))
    assert len(repaired(path, parts.open_file).fragments) == 3


def test_what_is_behind_damage_in_the_middle_is_kept(path: Path) -> None:
    begin = len(PARTS.header) + len(PARTS.fragments[0])
    data = OPEN[:begin] + b"\xaa" * 30 + OPEN[begin + 30 :]
    found = repaired(path, data)
    assert len(found.fragments) == 4
    assert found.index().durations == PARTS.durations
    assert found.damage == ()


@pytest.mark.parametrize("number", range(5))
def test_an_mdat_whose_size_was_not_written_does_not_swallow_what_follows(path: Path, number: int) -> None:
    """A size of 0 means: up to the end of the file (ISO/IEC 14496-12, section 4.2.2)."""
    begin = len(PARTS.header) + sum(map(len, PARTS.fragments[:number]))
    at = OPEN.index(b"mdat", begin) - 4
    assert len(repaired(path, OPEN[:at] + bytes(4) + OPEN[at + 4 :]).fragments) == 4


def test_a_bit_that_fell_over_in_the_labels_costs_no_footage(path: Path) -> None:
    assert len(repaired(path, OPEN.replace(b'{"camera"', b'{\xff"amera"', 1)).fragments) == 5


@given(at=st.integers(len(PARTS.header), len(OPEN) - 1), value=st.binary(min_size=1, max_size=20))
def test_damage_anywhere_behind_the_header_costs_at_most_the_fragments_it_hit(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: bytes
) -> None:
    path = tmp_path_factory.mktemp("hit") / "a.mp4"
    # The last sector of a fragment with nothing but zeros was not written: then what is behind it is not believed.
    assume(bytes(16) not in value)
    found = repaired(path, OPEN[:at] + value + OPEN[at + len(value) :])
    assert len(found.fragments) >= 3
    path.unlink()


def test_every_instant_of_a_kill_leaves_a_file_that_can_be_repaired_again(path: Path) -> None:
    begin = len(PARTS.header) + len(PARTS.fragments[0])
    broken = OPEN[:begin] + b"\xaa" * 30 + OPEN[begin + 30 : -5]
    repaired(path, broken)
    wanted = path.read_bytes()
    steps = len(plan_of(write(path, broken)))
    for done in range(steps + 1):
        steps_of = plan_of(write(path, broken))
        with path.open("r+b", buffering=0) as file:
            for step in steps_of[:done]:
                step(file.fileno())
        assert len(scan_file(path).fragments) >= 3
        finish(path)
        assert path.read_bytes() == wanted


def plan_of(path: Path) -> tuple[Callable[[int], None], ...]:
    plan = plan_repair(path)
    assert plan is not None
    return repair_steps(plan)


def finish(path: Path) -> None:
    while (plan := plan_repair(path)) is not None:
        carry_out(plan)


def test_a_kill_within_a_write_leaves_a_file_that_can_be_repaired_again(path: Path) -> None:
    repaired(path, OPEN)
    wanted = path.read_bytes()
    for length in range(len(PARTS.index) + 1):
        finish(write(path, OPEN + PARTS.index[:length]))
        assert path.read_bytes() == wanted


def test_doing_it_twice_changes_nothing(path: Path) -> None:
    plan = plan_repair(write(path, OPEN + b"x"))
    assert plan is not None
    carry_out(plan)
    once = path.read_bytes()
    carry_out(plan)
    assert path.read_bytes() == once


def test_a_file_that_changed_meanwhile_is_left_alone(path: Path) -> None:
    plan = plan_repair(write(path, OPEN))
    aside = plan_repair(write(path.with_name("b.mp4"), b""))
    assert plan is not None
    assert aside is not None
    for size in (len(OPEN) - 1, len(OPEN) + len(PARTS.index) + 1):
        os.truncate(path, size)
        with pytest.raises(StalePlanError, match=f"has {size} bytes now"):
            carry_out(plan)
    aside.path.write_bytes(b"x")
    with pytest.raises(StalePlanError):
        carry_out(aside)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OPEN[:20],
        OPEN[:200],
        PARTS.header,
        PARTS.header + PARTS.fragments[0][:-1],
        bytes(5000),
        b"not a film at all",
        PARTS.header + PARTS.fragments[0][:-615] + bytes(615),
    ],
)
def test_a_file_with_nothing_to_play_is_set_aside_and_never_lost(path: Path, data: bytes) -> None:
    names = ("09-00-00.mp4.damaged", "09-00-00.mp4.damaged_2")
    for name in names:
        plan = plan_repair(write(path, data))
        assert plan is not None
        assert plan.action == "set_aside"
        assert plan.reasons
        assert plan.lost_bytes == 0
        assert carry_out(plan) == path.with_name(name)
        assert not path.exists()
    assert all(path.with_name(name).read_bytes() == data for name in names)


def test_a_thousand_damaged_files_of_one_name_are_enough(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "_MAX_NAMES", 2)
    write(path.with_name(path.name + ".damaged"), b"first")
    plan = plan_repair(write(path, b""))
    assert plan is not None
    with pytest.raises(FileExistsError):
        carry_out(plan)
    assert path.with_name(path.name + ".damaged").read_bytes() == b"first"
    assert path.exists()


@pytest.mark.parametrize("data", [stream(), FTYP, FTYP + box(b"mdat", b"film of a telephone")])
def test_films_of_other_programs_are_left_alone(path: Path, data: bytes) -> None:
    assert plan_repair(write(path, data)) is None


def test_a_file_of_a_later_release_is_left_alone(path: Path) -> None:
    newer = OPEN.replace(STAMP_TYPE + b"\1", STAMP_TYPE + b"\2", 1)
    with pytest.raises(NewerFormatError):
        plan_repair(write(path, newer))
    assert path.read_bytes() == newer


def test_only_a_plan_to_finish_has_steps(path: Path) -> None:
    with pytest.raises(AssertionError):
        repair_steps(RepairPlan(path, "set_aside", (), 0))


def with_a_second_track() -> tuple[bytes, list[int]]:
    """An open file with sound behind each picture, and where its fragments end."""
    video, pictures = split(stream(4))
    of_sound, (heard,) = split(FTYP + moov(SOUND) + fragment(0, [Sample(40, 1024, sync=True)] * 8))
    (frames,) = sound_frames(heard, sound_track(of_sound))
    header = segment_header(with_sound(video, of_sound), STAMP, pictures[0])
    data, ends = header, []
    for number, picture in enumerate(pictures):
        for part in (
            rebase(picture, {1: pictures[0].runs[0].decode_time}, 2 * number + 1),
            sound_moof(frames, 2, 8192 * number, 2 * number + 2) + frames.data,
        ):
            data += part
            ends.append(len(data))
    return data, ends


SOUND = trak(handler=b"soun", entry=audio_entry(), timescale=16_000)


def test_a_file_with_sound_is_repaired_wherever_it_was_cut_off(path: Path) -> None:
    data, ends = with_a_second_track()
    for at in (*ends, *(end - 1 for end in ends[1:]), *(end + 9 for end in ends[:-1])):
        found = repaired(path, data[:at])
        assert found.whole_end == max(end for end in ends if end <= at)
        runs = [run for one in found.fragments for run in one.runs if run.kind == "video"]
        assert found.header.duration == sum(run.duration for run in runs)


def test_sound_that_was_not_written_does_not_hide_pictures_that_were_not(path: Path) -> None:
    data, ends = with_a_second_track()
    zeros = data[: ends[4] + 200] + bytes(len(data) - ends[4] - 200)
    hole = bytearray(data)
    for begin, end in ((ends[5], ends[6]), (ends[6], ends[7])):
        at = data.index(b"mdat", begin) + 4
        hole[at:end] = bytes(end - at)
    assert repaired(path, bytes(hole)).whole_end == ends[5]
    assert repaired(path, zeros).whole_end <= ends[5]
