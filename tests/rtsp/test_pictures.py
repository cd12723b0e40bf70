"""Where one picture ends and the next begins, whatever the camera's markers and time stamps say."""

import pytest

from tests.rtsp.cameras import STEP, Camera, at_each, at_last, data_of
from tests.rtsp.packets import H264, H265, with_lengths
from tests.rtsp.sets import h264


@pytest.fixture(params=[H264, H265], ids=["h264", "h265"])
def camera(request: pytest.FixtureRequest) -> Camera:
    return Camera(request.param)


# ---------------------------------------------------------------- markers


def test_a_marker_is_believed_when_it_was_right_some_times(camera: Camera) -> None:
    key = (*camera.codec.sets, camera.codec.slice(50, key=True))
    came = [camera.send(*key, marks=at_last)] + [camera.send(camera.codec.slice(40), marks=at_last) for _ in range(5)]
    assert came == [0, 1, 1, 2, 1, 1]
    assert data_of(camera.units) == [with_lengths(key)] + [with_lengths([camera.codec.slice(40)])] * 5
    assert [unit.ticks for unit in camera.units] == [number * STEP for number in range(6)]
    assert [unit.is_key for unit in camera.units] == [True, *[False] * 5]
    assert camera.counts == (0, 0)


def test_without_a_key_frame_markers_are_not_yet_believed(camera: Camera) -> None:
    for _ in range(6):
        camera.send(camera.codec.slice(40), marks=at_last)
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    assert camera.units == []
    assert camera.send(camera.codec.slice(40), marks=at_last) == 2


def test_without_markers_a_picture_ends_where_the_next_begins(camera: Camera) -> None:
    camera.learn(marks=lambda _number, _count: False)
    assert [unit.ticks for unit in camera.units] == [0, STEP, 2 * STEP]
    assert camera.end() == 0


def test_markers_that_stop_are_not_missed_for_long(camera: Camera) -> None:
    camera.learn(marks=at_last)
    camera.send(camera.codec.slice(30))
    assert camera.send(camera.codec.slice(31), marks=at_last) == 2
    assert camera.send(camera.codec.slice(31), marks=at_last) == 1


def test_missing_markers_begin_the_proof_anew(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    camera.send(camera.codec.slice(40), marks=at_last)
    camera.send(camera.codec.slice(40))
    came = [camera.send(camera.codec.slice(40), marks=at_last) for _ in range(4)]
    assert came == [1, 1, 1, 2]


def test_a_marker_on_every_packet_is_seen_through_at_the_first_large_picture(camera: Camera) -> None:
    camera.learn(marks=at_each)
    large = camera.codec.slice(5000)
    assert camera.send(large, marks=at_each) == 0
    assert camera.send(camera.codec.slice(40), marks=at_each) == 1
    assert data_of(camera.units)[-1] == with_lengths([large])
    assert camera.counts == (0, 0)


def test_a_marker_on_every_slice_is_seen_through_before_it_is_believed(camera: Camera) -> None:
    pictures = [[camera.codec.slice(50, key=True), camera.codec.slice(50, key=True, first=False)]]
    pictures += [[camera.codec.slice(size), camera.codec.slice(size, first=False)] for size in (40, 60, 80, 90, 100)]
    camera.send(*camera.codec.sets, *pictures[0], marks=at_each)
    for picture in pictures[1:]:
        camera.send(*picture, marks=at_each)
    assert data_of(camera.units) == [with_lengths([*camera.codec.sets, *pictures[0]])] + [
        with_lengths(picture) for picture in pictures[1:-1]
    ]
    assert camera.end() == 0


def test_a_marker_that_proves_wrong_later_costs_one_picture(camera: Camera) -> None:
    camera.learn(marks=at_last)
    halves = camera.codec.slice(70), camera.codec.slice(71, first=False)
    for _ in range(3):
        camera.send(*halves, marks=at_each)
    camera.send(camera.codec.slice(40), marks=at_each)
    assert data_of(camera.units)[4:] == [with_lengths(halves[:1]), *[with_lengths(halves)] * 2]
    assert camera.counts == (0, 1)


def test_a_slice_of_a_marked_picture_at_another_time_has_lost_its_begin(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    assert camera.send(camera.codec.slice(40, first=False), marks=at_last) == 1
    assert camera.counts == (0, 1)


def test_parameter_sets_with_markers_belong_to_the_picture_that_follows(camera: Camera) -> None:
    camera.learn(marks=at_last)
    key = camera.codec.slice(60, key=True)
    for nal in camera.codec.sets:
        camera.send(nal, marks=at_last)
    assert camera.send(key, marks=at_last) == 1
    assert data_of(camera.units)[-1] == with_lengths([*camera.codec.sets, key])
    assert camera.units[-1].ticks == camera.stamp - STEP


def test_what_stands_behind_a_marked_picture_takes_its_proof_away(camera: Camera) -> None:
    filler = {"H264": b"\x0c\xff\x80", "H265": b"\x4c\x01\xff\x80"}[camera.codec.encoding]
    picture = camera.codec.slice(40), filler
    camera.send(
        *camera.codec.sets, camera.codec.slice(50, key=True), filler, marks=lambda number, count: number == count - 2
    )
    for _ in range(4):
        camera.send(*picture, marks=lambda number, _count: number == 0)
    assert data_of(camera.units)[1:] == [with_lengths(picture)] * 3


# ---------------------------------------------------------------- time stamps


def test_a_clock_that_stands_still_does_not_melt_pictures_together(camera: Camera) -> None:
    pictures = [camera.codec.slice(size) for size in (40, 50, 60)]
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    for picture in pictures:
        camera.stamp = 0
        camera.send(picture)
    assert data_of(camera.units)[1:] == [with_lengths([picture]) for picture in pictures[:2]]
    assert [unit.ticks for unit in camera.units] == [0, 0, 0]


def test_a_clock_that_stands_still_is_no_wrong_marker(camera: Camera) -> None:
    camera.learn(marks=at_last)
    for _ in range(3):
        camera.stamp = 0
        assert camera.send(camera.codec.slice(40), marks=at_last) == 1


def test_what_only_opens_pictures_ends_the_one_before(camera: Camera) -> None:
    for opener in (camera.codec.delimiter, camera.codec.message, camera.codec.sets[-1]):
        camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
        camera.stamp -= STEP
        assert camera.send(opener) == 1
        camera.stamp -= STEP
        assert camera.send(camera.codec.slice(40)) == 0
        assert camera.send(camera.codec.slice(40)) == 1
        assert data_of(camera.units)[-1] == with_lengths([opener, camera.codec.slice(40)])


def test_what_stands_before_each_slice_ends_no_picture_for_long(camera: Camera) -> None:
    picture = [camera.codec.message, camera.codec.slice(40), camera.codec.message, camera.codec.slice(41, first=False)]
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    for _ in range(5):
        camera.send(*picture)
    assert data_of(camera.units)[1:] == [with_lengths(picture[:2]), *[with_lengths(picture)] * 3]
    assert camera.counts == (0, 1)


def test_slices_of_one_picture_may_disagree_about_the_time(camera: Camera) -> None:
    halves = camera.codec.slice(50, key=True), camera.codec.slice(40, first=False)
    camera.send(*camera.codec.sets, halves[0])
    camera.send(halves[1])
    camera.send(camera.codec.slice(40))
    assert data_of(camera.units) == [with_lengths([*camera.codec.sets, *halves])]
    assert camera.units[0].ticks == 0


def test_what_says_nothing_ends_a_picture_by_its_time(camera: Camera) -> None:
    filler = {"H264": b"\x0c\xff\x80", "H265": b"\x4c\x01\xff\x80"}[camera.codec.encoding]
    camera.send(filler)
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    assert camera.send(filler) == 1
    camera.send(camera.codec.slice(40))
    camera.send(camera.codec.slice(40))
    assert data_of(camera.units)[-1] == with_lengths([camera.codec.slice(40)])


def test_two_fields_of_one_time_are_one_frame() -> None:
    camera = Camera(H264)
    camera.send(b"\x67" + h264(interlaced=True).flags(0).payload(), H264.sets[1])
    for _ in range(3):
        camera.send(H264.slice(50, key=True), H264.slice(60))
    assert data_of(camera.units)[1:] == [with_lengths([H264.slice(50, key=True), H264.slice(60)])]
    camera.stamp -= STEP
    assert camera.send(H264.slice(70)) == 1
