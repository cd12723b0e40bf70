"""Where one picture ends and the next begins, whatever the camera's markers and time stamps say."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.pictures import MAX_NALS, AccessUnit
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, H264_SMALL_SPS, H265, H265_SMALL_SPS, Codec, Stream, track, with_lengths
from tests.rtsp.sets import h264

STEP = 6000


class Camera:
    """Sends pictures as packets, and keeps what the receiver makes of them."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.stream = Stream()
        self.receiver = VideoReceiver(track(codec.encoding))
        self.units: list[AccessUnit] = []
        self.stamp = 0

    def send(self, *nals: bytes, marks: Callable[[int, int], bool] | None = None, size: int = 1000) -> int:
        """One picture; `marks` says of each packet's number and their count whether it has the marker.

        Returns how many units came out.
        """
        payloads = self.codec.payloads(nals, size)
        for number, payload in enumerate(payloads):
            marker = marks is not None and marks(number, len(payloads))
            self.stream.add(payload, self.stamp, marker=marker)
        self.stamp += STEP
        return self.deliver()

    def deliver(self) -> int:
        new = self.receiver.receive(*self.stream.take())
        self.units += new
        return len(new)

    def learn(self, marks: Callable[[int, int], bool]) -> None:
        """Parameter sets, a key frame and three more pictures."""
        self.send(*self.codec.sets, self.codec.slice(50, key=True), marks=marks)
        for _ in range(3):
            self.send(self.codec.slice(40), marks=marks)

    def end(self) -> int:
        new = self.receiver.end()
        self.units += new
        return len(new)

    @property
    def counts(self) -> tuple[int, int]:
        return self.receiver.take_lost(), self.receiver.take_damaged()


def at_last(number: int, count: int) -> bool:
    return number == count - 1


def at_each(_number: int, _count: int) -> bool:
    return True


@pytest.fixture(params=[H264, H265], ids=["h264", "h265"])
def camera(request: pytest.FixtureRequest) -> Camera:
    return Camera(request.param)


def data_of(units: Sequence[AccessUnit]) -> list[bytes]:
    return [unit.data for unit in units]


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


# ---------------------------------------------------------------- loss


def lose(camera: Camera, number: int) -> None:
    """Take a packet out of those that are to be delivered."""
    del camera.stream.spans[number]


def queue(camera: Camera, *nals: bytes, marker: bool = True) -> None:
    """One picture that is not yet delivered, its last packet with a marker."""
    payloads = camera.codec.payloads(nals)
    for number, payload in enumerate(payloads):
        camera.stream.add(payload, camera.stamp, marker=marker and number == len(payloads) - 1)
    camera.stamp += STEP


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
def test_a_picture_of_which_a_packet_is_missing_is_left_out(camera: Camera, number: int) -> None:
    camera.learn(marks=at_last)
    queue(camera, camera.codec.slice(5000))
    lose(camera, number)
    camera.deliver()
    assert camera.send(camera.codec.slice(40), marks=at_last) == 1
    assert len(camera.units) == 5
    assert camera.counts == (1, 1)


def test_pictures_that_are_whole_around_a_loss_are_kept(camera: Camera) -> None:
    camera.learn(marks=at_last)
    for size in (3000, 3001, 3002, 3003):
        queue(camera, camera.codec.slice(size))
    for number in (8, 4):
        lose(camera, number)
    camera.deliver()
    assert [len(unit.data) - 4 for unit in camera.units[4:]] == [3000, 3003]
    assert camera.counts == (2, 2)


def test_a_whole_picture_that_is_lost_is_only_lost_packets(camera: Camera) -> None:
    camera.learn(marks=at_last)
    for size in (40, 41, 42):
        queue(camera, camera.codec.slice(size))
    lose(camera, 1)
    assert camera.deliver() == 2
    assert camera.counts == (1, 0)


def test_pictures_whose_begins_are_missing_are_counted_one_by_one(camera: Camera) -> None:
    camera.learn(marks=at_last)
    for size in (3000, 3001):
        queue(camera, camera.codec.slice(size))
    for number in (3, 0):
        lose(camera, number)
    assert camera.deliver() == 0
    assert camera.counts == (2, 2)
    for size in (40, 41):
        queue(camera, camera.codec.slice(size), camera.codec.slice(size, first=False))
    for number in (2, 0):
        lose(camera, number)
    assert camera.deliver() == 0
    assert camera.counts == (2, 2)


def test_fragments_of_a_picture_without_its_begin_are_left_out(camera: Camera) -> None:
    camera.learn(marks=at_last)
    queue(camera, camera.codec.slice(40), camera.codec.slice(5000, first=False))
    lose(camera, 0)
    assert camera.deliver() == 0
    assert camera.send(camera.codec.slice(40), marks=at_last) == 1
    assert camera.counts == (1, 1)


def test_a_loss_while_markers_are_on_trial_gives_only_what_they_have_shown_once(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    queue(camera, camera.codec.slice(40))
    queue(camera, camera.codec.slice(41))
    queue(camera, camera.codec.slice(42))
    lose(camera, 1)
    camera.deliver()
    assert [len(unit.data) - 4 for unit in camera.units[1:]] == [40]
    assert camera.counts == (1, 0)
    first = Camera(camera.codec)
    first.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    first.stream.sequence += 1
    first.send(camera.codec.slice(40), marks=at_last)
    assert first.units == []
    assert first.counts == (1, 1)


def test_a_loss_among_the_parameter_sets_costs_their_picture(camera: Camera) -> None:
    camera.learn(marks=at_last)
    queue(camera, *camera.codec.sets, camera.codec.slice(60, key=True), camera.codec.slice(60, key=True, first=False))
    lose(camera, len(camera.codec.sets))
    assert camera.deliver() == 0
    assert camera.counts == (1, 1)


def test_the_rest_of_a_picture_before_the_first_begin_is_nobodys_loss(camera: Camera) -> None:
    camera.receiver = VideoReceiver(track(camera.codec.encoding, described(camera.codec)))
    for payload in camera.codec.fragments(camera.codec.slice(3000), 1000)[1:]:
        camera.stream.add(payload, 77)
    camera.stream.add(camera.codec.slice(50, first=False), 77, marker=True)
    camera.deliver()
    camera.send(camera.codec.slice(50, key=True))
    camera.send(camera.codec.slice(50))
    assert [unit.is_key for unit in camera.units] == [True]
    assert camera.counts == (0, 0)


def described(codec: Codec) -> dict[str, str]:
    """The codec's parameter sets as a description has them."""
    return {"sprop-parameter-sets": ",".join(b64encode(nal).decode() for nal in codec.sets)}


# ---------------------------------------------------------------- the end


def test_at_the_end_only_a_picture_that_is_known_whole_is_given(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    camera.send(camera.codec.slice(40), marks=at_last)
    assert camera.end() == 1
    assert camera.counts == (0, 0)


def test_at_the_end_half_a_picture_is_left_out(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True), marks=at_last)
    camera.send(camera.codec.slice(40), marks=at_last)
    queue(camera, camera.codec.slice(5000))
    lose(camera, -1)
    assert camera.deliver() == 1
    assert camera.end() == 0


# ---------------------------------------------------------------- parameter sets


def test_pictures_before_the_parameter_sets_are_left_out_and_not_damaged(camera: Camera) -> None:
    for _ in range(3):
        camera.send(camera.codec.slice(50, key=True), marks=at_last)
    queue(camera, camera.codec.slice(3000))
    lose(camera, 1)
    camera.deliver()
    camera.learn(marks=at_last)
    assert [unit.ticks for unit in camera.units[:2]] == [0, STEP]
    assert camera.units[0].is_key
    assert camera.counts == (1, 0)


def test_a_new_object_says_that_the_parameter_sets_changed(camera: Camera) -> None:
    small = replace(camera.codec, sets=small_sets(camera.codec))
    for codec in (camera.codec, camera.codec, small, small):
        camera.send(*codec.sets, codec.slice(50, key=True))
        camera.send(codec.slice(40))
    camera.send(camera.codec.slice(40))
    seen = [unit.parameters for unit in camera.units]
    assert [sets.width for sets in seen] == [640] * 4 + [320] * 4
    assert all(sets is seen[0] for sets in seen[:4])
    assert all(sets is seen[4] for sets in seen[4:])


def small_sets(codec: Codec) -> tuple[bytes, ...]:
    return (*codec.sets[:-2], H264_SMALL_SPS if codec is H264 else H265_SMALL_SPS, codec.sets[-1])


# ---------------------------------------------------------------- limits


def test_a_picture_of_too_many_nal_units_is_refused(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    with pytest.raises(RtspError, match="1024 NAL units"):
        camera.send(*[camera.codec.slice(10, first=False)] * MAX_NALS)


@pytest.mark.parametrize("nals", [1, 100])
def test_a_picture_that_is_too_large_is_refused(camera: Camera, nals: int) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    size = (17 << 20) // nals
    with pytest.raises(RtspError, match="16 MiB"):
        camera.send(*(camera.codec.slice(size, first=number == 0) for number in range(nals)), size=60_000)


def test_a_picture_that_is_too_large_in_one_batch_is_refused(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    queue(camera, camera.codec.slice(17 << 20))
    queue(camera, camera.codec.slice(50))
    with pytest.raises(RtspError, match="16 MiB"):
        camera.deliver()


def test_a_picture_of_too_many_pieces_is_refused(camera: Camera) -> None:
    camera.send(*camera.codec.sets, camera.codec.slice(50, key=True))
    with pytest.raises(RtspError):
        camera.send(camera.codec.slice(70_000), size=1)


def test_anything_else_that_is_too_large_is_refused(camera: Camera) -> None:
    message = camera.codec.message[:2] + b"\x05" * (17 << 20)
    with pytest.raises(RtspError, match="NAL unit of more than 16 MiB"):
        camera.send(message, size=60_000)
