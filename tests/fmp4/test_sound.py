"""Sound as a second track: taken apart into frames, boxed up anew, read back by the same code as everything else."""

from dataclasses import replace

import pytest

from holdfast.fmp4 import (
    Fmp4Error,
    Fragment,
    FragmentSplitter,
    InitSegment,
    SoundFrames,
    rebase,
    scan,
    segment_header,
    sound_frames,
    sound_moof,
    sound_ns,
    sound_ticks,
    sound_track,
    with_sound,
)
from tests.fmp4.builder import (
    FTYP,
    Sample,
    audio_entry,
    box,
    fragment,
    moof,
    moov,
    payload,
    traf,
    trak,
    trex,
    trun,
)
from tests.fmp4.segments import STAMP, read_from, split

RATE = 16_000
FRAME = Sample(40, 1024, sync=True)


def sound_moov(number: int = 1, version: int = 0) -> bytes:
    return moov(
        trak(number, handler=b"soun", entry=audio_entry(), timescale=RATE, version=version),
        mvex=[trex(9), trex(number)],
        version=version,
    )


def sound(*samples: Sample, ticks: int = 0, number: int = 1) -> tuple[InitSegment, Fragment]:
    init, (found,) = split(FTYP + sound_moov(number) + fragment(ticks, samples, track_id=number))
    return init, found


def frames(*samples: Sample, ticks: int = 0) -> tuple[SoundFrames, ...]:
    init, found = sound(*samples, ticks=ticks)
    return sound_frames(found, sound_track(init))


def test_a_fragment_of_sound_is_its_frames_and_their_times() -> None:
    (found,) = frames(FRAME, Sample(50, 1023, sync=True), FRAME, ticks=70_000)
    assert (found.ticks, found.durations, found.sizes) == (70_000, (1024, 1023, 1024), (40, 50, 40))
    assert found.data == payload(130, 1)
    assert found.end_ticks == 70_000 + 3071


def test_a_pause_is_no_long_frame() -> None:
    before, after = frames(FRAME, FRAME, Sample(60, 50_000, sync=True), FRAME, FRAME)
    assert (before.ticks, before.durations, before.sizes) == (0, (1024, 1024, 1024), (40, 40, 60))
    assert (after.ticks, after.durations) == (52_048, (1024, 1024))
    assert before.data + after.data == payload(220, 1)


def test_a_single_frame_that_lasts_longer_than_any_is_followed_by_a_pause() -> None:
    (found,) = frames(Sample(40, 160_000, sync=True))
    assert found.durations == (RATE // 4,)


def test_a_fragment_without_frames_of_that_track_has_none() -> None:
    init, found = sound(number=1)
    assert sound_frames(found, sound_track(init)) == ()
    both = FTYP + moov(trak(), trak(2, handler=b"soun", entry=audio_entry(), timescale=RATE)) + fragment()
    init, (picture,) = split(both)
    assert sound_frames(picture, sound_track(init)) == ()


@pytest.mark.parametrize(
    ("begin", "end", "chosen"),
    [
        (0, 10_000, (0, 1, 2)),
        (1, 2048, (1,)),
        (0, 2049, (0, 1, 2)),
        (1024, 1025, (1,)),
        (1025, 2048, ()),
        (3072, 9, ()),
    ],
)
def test_frames_belong_to_the_time_in_which_they_begin(begin: int, end: int, chosen: tuple[int, ...]) -> None:
    (whole,) = frames(Sample(10, 1024, sync=True), Sample(20, 1024, sync=True), Sample(30, 1024, sync=True))
    part = whole.between(begin, end)
    if not chosen:
        assert part is None
        return
    assert part is not None
    assert part.ticks == 1024 * chosen[0]
    assert part.sizes == tuple((10, 20, 30)[n] for n in chosen)
    ends = (0, 10, 30, 60)
    assert part.data == payload(60, 1)[ends[chosen[0]] : ends[chosen[-1] + 1]]


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("picture", "own"), [(1, 1), (1, 2), (7, 3), (0xFFFFFFFE, 1)])
def test_two_muxers_become_one_header_with_two_tracks(picture: int, own: int, version: int) -> None:
    of_picture = moov(trak(picture), trak(4, handler=b"text", entry=box(b"text")), mvex=[trex(picture), trex(4)])
    of_sound, _ = split(FTYP + sound_moov(own, version))
    video, _ = split(FTYP + of_picture)
    both = with_sound(video, of_sound)
    assert [(track.track_id, track.kind) for track in both.tracks] == [
        (picture, "video"),
        (1 if picture == 0xFFFFFFFE else picture + 1, "audio"),
    ]
    assert both.tracks[0] == video.tracks[0]
    assert replace(both.tracks[1], track_id=own) == of_sound.tracks[0]
    (again,) = FragmentSplitter().feed(both.data)
    assert again == both


def test_a_header_needs_both_tracks() -> None:
    of_sound, _ = split(FTYP + sound_moov())
    video, _ = split(FTYP + moov())
    with pytest.raises(Fmp4Error, match="no video track"):
        with_sound(of_sound, of_sound)
    with pytest.raises(Fmp4Error, match="no track of sound"):
        with_sound(video, video)
    with pytest.raises(Fmp4Error, match="no 'trex' for track 1"):
        with_sound(replace(video, data=FTYP + moov(trak(), mvex=[trex(5)])), of_sound)


def test_a_file_with_sound_between_its_pictures_is_read_back_whole() -> None:
    video, pictures = split(FTYP + moov() + fragment(90_000) + fragment(132_000, number=2))
    of_sound, found = sound(FRAME, FRAME)
    both = with_sound(video, of_sound)
    header = segment_header(both, STAMP, pictures[0])
    (heard,) = sound_frames(found, sound_track(of_sound))
    bases = {1: 90_000}
    parts = [
        header,
        rebase(pictures[0], bases, 1),
        sound_moof(heard, 2, 500, 2) + heard.data,
        rebase(pictures[1], bases, 3),
        sound_moof(heard, 2, 500 + 2048, 4) + heard.data,
    ]
    data = b"".join(parts)
    found_in_file = scan(read_from(data), len(data))
    assert not found_in_file.damage
    runs = [run for one in found_in_file.fragments for run in one.runs]
    assert [(run.kind, run.decode_time, run.sample_count) for run in runs] == [
        ("video", 0, 7),
        ("audio", 500, 2),
        ("video", 42_000, 7),
        ("audio", 2548, 2),
    ]
    assert all(run.sync_count == run.sample_count for run in runs if run.kind == "audio")
    index = found_in_file.index()
    assert index.durations == {1: 84_000}, "a film is as long as its picture"
    assert index.samples == 14
    # One table, of the picture: header, track number, sizes, two entries; then the last box.
    assert len(index.mfra()) == 8 + 24 + 2 * 19 + 16


def test_numbers_that_do_not_fit_are_refused() -> None:
    (heard,) = frames(FRAME)
    for ticks, number in ((-1, 1), (1 << 63, 1), (0, 1 << 32)):
        with pytest.raises(Fmp4Error, match="cannot be at"):
            sound_moof(heard, 2, ticks, number)


def test_ticks_and_nanoseconds_are_rounded_to_the_nearest() -> None:
    track = sound_track(sound(FRAME)[0])
    assert sound_ns(1, track) == 62_500
    assert sound_ticks(62_500, track) == 1
    assert sound_ticks(62_500 + 31_249, track) == 1
    assert sound_ticks(62_500 + 31_251, track) == 2
    assert sound_ticks(-31_251, track) == -1
    assert all(sound_ticks(sound_ns(ticks, track), track) == ticks for ticks in range(-50, 50))


def test_what_a_muxer_wrote_of_two_tracks_is_taken_apart_by_track() -> None:
    both = FTYP + moov(trak(), trak(2, handler=b"soun", entry=audio_entry(), timescale=RATE))
    pictures, heard = (Sample(100, sync=True),), (Sample(30, 1024, sync=True),)
    at = len(moof(traf(0, trun(pictures, 0)), traf(0, trun(heard, 0), track_id=2))) + 8
    head = moof(traf(0, trun(pictures, at)), traf(0, trun(heard, at + 100), track_id=2))
    init, (found,) = split(both + head + box(b"mdat", payload(130)))
    (only,) = sound_frames(found, sound_track(init))
    assert only.data == payload(130)[100:]
