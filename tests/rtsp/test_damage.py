"""Pictures of which something is missing, and pictures without limits."""

from base64 import b64encode
from dataclasses import replace

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.pictures import MAX_NALS
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.cameras import STEP, Camera, at_last
from tests.rtsp.packets import H264, H264_SMALL_SPS, H265, H265_SMALL_SPS, Codec, track


@pytest.fixture(params=[H264, H265], ids=["h264", "h265"])
def camera(request: pytest.FixtureRequest) -> Camera:
    return Camera(request.param)


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
