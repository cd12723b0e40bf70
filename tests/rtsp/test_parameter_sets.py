"""Parameter sets: what they say, where they come from, and what becomes of them."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab.clips import ClipSpec, cached
from holdfast.rtsp import avc, hevc
from holdfast.rtsp.bits import Bits as Reader
from holdfast.rtsp.bits import BitsError
from holdfast.rtsp.parameter_sets import Codec, KnownSets, ParameterSets, split_at_start_codes
from tests.rtsp.packets import H264_SETS, H264_SMALL_SPS, H265_SETS, H265_SMALL_SPS, with_lengths
from tests.rtsp.sets import BASELINE, Bits, h264, h265, vui

H264_SPS, H264_PPS = H264_SETS
H265_VPS, H265_SPS, H265_PPS = H265_SETS
START = b"\0\0\0\1"


def sps(bits: Bits) -> bytes:
    return b"\x67" + bits.payload()


def described(codec: Codec, **fmtp: str) -> ParameterSets | None:
    return KnownSets(codec, {name.replace("_", "-"): value for name, value in fmtp.items()}).current


def encoded(nal: bytes) -> str:
    return base64.b64encode(nal).decode()


def known(codec: Codec, *nals: bytes) -> KnownSets:
    sets = KnownSets(codec, {})
    for nal in nals:
        sets.take(nal)
    return sets


# ---------------------------------------------------------------- what they say


@pytest.mark.parametrize(
    ("bits", "size"),
    [
        (h264().flags(0), (1920, 1088)),
        (h264(cropped=True).flags(0), (1920, 1080)),
        (h264(interlaced=True).flags(0), (1920, 2176)),
        (h264(interlaced=True, cropped=True).flags(0), (1920, 2160)),
        (h264(chroma=0, cropped=True).flags(0), (1920, 1084)),
        (h264(chroma=2, cropped=True).flags(0), (1920, 1084)),
        (h264(chroma=3, cropped=True).flags(0), (1920, 1084)),
        (h264(chroma=3, apart=True, cropped=True).flags(0), (1920, 1084)),
        (h264(scaled=True, cropped=True).flags(0), (1920, 1080)),
        (h264(chroma=3, scaled=True).flags(0), (1920, 1088)),
        (h264(order_type=1).flags(0), (1920, 1088)),
        (h264(profile=BASELINE, cropped=True).flags(0), (1920, 1080)),
    ],
)
def test_the_size_of_an_h264_picture_is_that_after_cropping(bits: Bits, size: tuple[int, int]) -> None:
    said = avc.read_sps(sps(bits))
    assert (said.width, said.height) == size


@pytest.mark.parametrize(
    ("nal", "size"),
    [
        (h265(), (640, 360)),
        (h265(cropped=True), (640, 352)),
        (h265(chroma=0, cropped=True), (640, 356)),
        (h265(chroma=2, cropped=True), (640, 356)),
        (h265(chroma=3, cropped=True), (640, 356)),
        (h265(chroma=3, apart=True, cropped=True), (640, 356)),
        (h265(sub_layers=6, reordered=(0,) * 7), (640, 360)),
    ],
)
def test_the_size_of_an_h265_picture_is_that_after_cropping(nal: bytes, size: tuple[int, int]) -> None:
    said = hevc.read_sps(nal)
    assert (said.width, said.height) == size


@pytest.mark.parametrize(
    ("bits", "reorders"),
    [
        (vui(h264(), reordered=2), True),
        (vui(h264(), reordered=0), False),
        (vui(h264(), reordered=None), None),
        (h264().flags(0), None),
        (h264(order_type=2).flags(0), False),
        (h264(profile=BASELINE).flags(0), False),
        (vui(h264(profile=BASELINE), reordered=1), True),
        (vui(h264(), reordered=1, rich=True, hrd=True), True),
        (h264().flags(1, 0, 0, 1).u(4, 5).flags(0, 0, 0, 0, 0, 0, 1, 1).ue(2, 1, 10, 10, 1, 4), True),
    ],
)
def test_h264_says_whether_pictures_are_reordered_or_leaves_it_open(bits: Bits, *, reorders: bool | None) -> None:
    assert avc.read_sps(sps(bits)).reorders is reorders


def test_broken_usability_information_spoils_no_more_than_the_order() -> None:
    broken = sps(h264(cropped=True).flags(1, 1).u(8, 255))
    said = avc.read_sps(broken)
    assert (said.width, said.height, said.reorders) == (1920, 1080, None)
    too_many = sps(h264().flags(1, 0, 0, 0, 0, 0, 1).ue(32))
    assert avc.read_sps(too_many).reorders is None


@pytest.mark.parametrize(
    "nal",
    [
        b"\x67",
        sps(h264(number=32).flags(0)),
        sps(h264(chroma=4).flags(0)),
        sps(h264(order_type=3).flags(0)),
        sps(Bits().u(8, BASELINE).u(16, 30).ue(0, 0, 1).flags(0).ue(0, 0, 256)),
        sps(Bits().u(8, BASELINE).u(16, 30).ue(0, 0, 2, 1).flags(0).ue(4095, 0).flags(1, 0, 0, 0)),
        sps(Bits().u(8, BASELINE).u(16, 30).ue(0, 0, 2, 1).flags(0).ue(0, 0).flags(1, 0, 1).ue(4, 4, 0, 0).flags(0)),
        sps(Bits().u(8, BASELINE).u(16, 30).u(33, 0).u(40, 1)),
    ],
)
def test_a_broken_h264_set_is_refused(nal: bytes) -> None:
    with pytest.raises(BitsError):
        avc.read_sps(nal)


@pytest.mark.parametrize("nal", [b"\x42\x01", h265(chroma=4), h265(number=16), b"\x42\x01" + Bits().u(7, 7).payload()])
def test_a_broken_h265_set_is_refused(nal: bytes) -> None:
    with pytest.raises(BitsError):
        hevc.read_sps(nal)


def test_numbers_beyond_the_standard_are_refused() -> None:
    with pytest.raises(BitsError):
        avc.read_pps_id(b"\x68" + Bits().ue(256).payload())
    with pytest.raises(BitsError):
        hevc.read_pps_id(b"\x44\x01" + Bits().ue(64).payload())


def test_signed_numbers_alternate() -> None:
    reader = Reader(Bits().se(0, 1, -1, 2, -2).payload())
    assert [reader.se() for _ in range(5)] == [0, 1, -1, 2, -2]


# ---------------------------------------------------------------- where they come from


def test_h264_sets_come_from_the_description() -> None:
    sets = described("h264", sprop_parameter_sets=f"{encoded(H264_SPS)},{encoded(H264_PPS)}")
    assert sets is not None
    assert (sets.codec, sets.sps, sets.pps, sets.vps) == ("h264", (H264_SPS,), (H264_PPS,), ())
    assert (sets.width, sets.height, sets.has_fields) == (640, 360, False)


def test_h265_sets_come_from_the_description() -> None:
    sets = described(
        "h265", sprop_vps=encoded(H265_VPS), sprop_sps=encoded(H265_SPS), sprop_pps=f"{encoded(H265_PPS)},"
    )
    assert sets is not None
    assert (sets.vps, sets.sps, sets.pps) == ((H265_VPS,), (H265_SPS,), (H265_PPS,))
    assert (sets.width, sets.height) == (640, 360)


@pytest.mark.parametrize(
    "text",
    [
        f"{encoded(H264_PPS)},{encoded(H264_SPS)}",
        f",{encoded(H264_SPS)},,{encoded(H264_PPS)},",
        f" {encoded(H264_SPS).rstrip('=')} , {encoded(H264_PPS).rstrip('=')} ",
        f'"{encoded(H264_SPS)},{encoded(H264_PPS)}"',
        # Foscam and GW Security: a start code behind each set.
        f"{encoded(H264_SPS + START)},{encoded(H264_PPS + START)}",
        encoded(b"".join(START + nal for nal in H264_SETS)),
        f"{encoded(H264_SPS + bytes(2))},{encoded(H264_PPS)}",
        f"{encoded(H264_SPS)},{encoded(H264_PPS)},AAAAA,é,{encoded(H264_SPS[:6])},{encoded(b'h')}",
    ],
)
def test_odd_descriptions_are_understood(text: str) -> None:
    sets = described("h264", sprop_parameter_sets=text)
    assert sets is not None
    assert (sets.sps, sets.pps) == ((H264_SPS,), (H264_PPS,))


@pytest.mark.parametrize("text", ["", ",", "====", "A", encoded(H264_PPS), encoded(H264_SPS)])
def test_half_a_description_is_none(text: str) -> None:
    assert described("h264", sprop_parameter_sets=text) is None


# ---------------------------------------------------------------- what becomes of them


def test_a_repeated_set_changes_nothing() -> None:
    sets = known("h264", *H264_SETS)
    first = sets.current
    sets.take(H264_SPS)
    sets.take(H264_PPS)
    assert sets.current is first


def test_another_set_of_the_same_number_takes_its_place() -> None:
    sets = known("h264", *H264_SETS)
    sets.take(H264_SMALL_SPS)
    assert sets.current is not None
    assert (sets.current.sps, sets.current.width) == ((H264_SMALL_SPS,), 320)
    sets = known("h265", *H265_SETS)
    sets.take(H265_SMALL_SPS)
    assert sets.current is not None
    assert (sets.current.sps, sets.current.width) == ((H265_SMALL_SPS,), 320)


def test_sets_of_other_numbers_stay_and_the_newest_is_in_force() -> None:
    second = sps(h264(number=1).flags(0))
    sets = known("h264", *H264_SETS, second)
    assert sets.current is not None
    assert (sets.current.sps, sets.current.width) == ((second, H264_SPS), 1920)


def test_a_broken_set_in_the_stream_changes_nothing() -> None:
    sets = known("h264", *H264_SETS)
    first = sets.current
    for nal in (b"", b"\x67", H264_SPS[:7], b"\x67" + bytes(5000) + b"\x01", b"\x68\x00\x00\x03\x00", b"\x09\x10"):
        sets.take(nal)
    assert sets.current is first


def test_no_more_sets_than_an_avcc_can_hold_are_in_force() -> None:
    many = [sps(h264(number=number).flags(0)) for number in range(32)]
    pps = [b"\x68" + Bits().ue(number).u(8, 0x5A).payload() for number in range(256)]
    sets = known("h264", *many, *pps)
    assert sets.current is not None
    assert (len(sets.current.sps), len(sets.current.pps)) == (31, 255)
    data = sets.current.codec_data()
    assert data[5] & 0x1F == 31


# ---------------------------------------------------------------- avcC and hvcC


def test_an_avcc_of_a_high_profile() -> None:
    sets = known("h264", *H264_SETS).current
    assert sets is not None
    assert sets.codec_data() == b"".join(
        (
            b"\x01\x64\x00\x16\xff\xe1",
            len(H264_SPS).to_bytes(2, "big") + H264_SPS,
            b"\x01" + len(H264_PPS).to_bytes(2, "big") + H264_PPS,
            b"\xfd\xf8\xf8\x00",
        )
    )
    assert avc.first_sps(sets.codec_data()) == H264_SPS


def test_an_avcc_of_the_baseline_profile_has_no_tail() -> None:
    baseline = sps(h264(profile=BASELINE).flags(0))
    assert avc.avcc([baseline], [H264_PPS]).endswith(b"\x01" + len(H264_PPS).to_bytes(2, "big") + H264_PPS)


def test_an_hvcc() -> None:
    sets = known("h265", *H265_SETS).current
    assert sets is not None
    data = sets.codec_data()
    assert data[:23] == bytes.fromhex("01 01600000 00 900000000000 3f f000 fc fd f8 f8 0000 0f 03".replace(" ", ""))
    arrays = [(bytes((kind, 0, 1)), nal) for kind, nal in zip((32, 33, 34), H265_SETS, strict=True)]
    assert data[23:] == b"".join(head + len(nal).to_bytes(2, "big") + nal for head, nal in arrays)
    assert hevc.first_sps(data) == H265_SPS
    assert hevc.first_sps(data[:22] + b"\x00") == b""


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_a_decoder_needs_nothing_but_the_record(codec: Codec, bframes: int) -> None:
    av = pytest.importorskip("av", reason="needs PyAV (the extra named lab)")
    clip = cached(ClipSpec(codec=codec, width=322, height=242, bframes=bframes, seconds=1.0))
    sets = known(codec, *clip.parameter_sets).current
    assert sets is not None
    assert (sets.width, sets.height, sets.reorders) == (322, 242, bframes > 0)
    decoder = av.CodecContext.create({"h264": "h264", "h265": "hevc"}[codec], "r")
    decoder.extradata = sets.codec_data()
    slices = [nal for nal in clip.access_units[0].nals if nal not in clip.parameter_sets]
    frames = [*decoder.decode(av.Packet(with_lengths(slices))), *decoder.decode(None)]
    assert [(frame.width, frame.height) for frame in frames] == [(322, 242)]


# ---------------------------------------------------------------- limits


def test_start_codes_split_whatever_stands_between_them() -> None:
    assert split_at_start_codes(b"\0\0\0\1ab\0\0\1c\0\0\0\0\1\0\0\1d\0") == [b"ab", b"c", b"d"]
    assert split_at_start_codes(b"\0\0\1") == []
    assert split_at_start_codes(b"ab") == [b"ab"]


@given(st.sampled_from(["h264", "h265"]), st.binary(max_size=200))
def test_garbage_is_never_more_than_unknown(codec: Codec, data: bytes) -> None:
    sets = KnownSets(codec, {"sprop-parameter-sets": encoded(data)})
    for head in (b"\x67", b"\x68", b"\x42\x01", b"\x40\x01", b"\x44\x01"):
        sets.take(head + data)
    if sets.current is not None:
        sets.current.codec_data()


@given(st.sampled_from(["h264", "h265"]), st.data())
def test_a_damaged_set_is_never_more_than_unknown(codec: Codec, data: st.DataObject) -> None:
    sets = known(codec, *(H264_SETS if codec == "h264" else H265_SETS))
    nal = bytearray(H264_SPS if codec == "h264" else H265_SPS)
    for _ in range(data.draw(st.integers(1, 6))):
        nal[data.draw(st.integers(1, len(nal) - 1))] = data.draw(st.integers(0, 255))
    sets.take(bytes(nal))
    assert sets.current is not None
    assert 0 < sets.current.width < 1 << 16
    assert sets.current.codec_data()


def test_a_huge_description_takes_no_time() -> None:
    begun_s = time.monotonic()
    for text in ("," * 10_000_000, "Z" * 10_000_000, "AAAB" * 2_000_000):
        assert described("h264", sprop_parameter_sets=text) is None
    assert time.monotonic() - begun_s < 5


@pytest.mark.parametrize(
    ("bits", "aspect"),
    [
        (h264().flags(0), (1, 1)),
        (h264().flags(1, 0, 0, 0, 0, 0, 0, 0, 0), (1, 1)),
        (h264().flags(1, 1).u(8, 2).flags(0, 0, 0, 0, 0, 0, 0, 0), (12, 11)),
        (h264().flags(1, 1).u(8, 200).flags(0, 0, 0, 0, 0, 0, 0, 0), (1, 1)),
        (h264().flags(1, 1).u(8, 255).u(16, 64).u(16, 45).flags(0, 0, 0, 0, 0, 0, 0, 0), (64, 45)),
        (h264().flags(1, 1).u(8, 255).u(16, 64).u(16, 0).flags(0, 0, 0, 0, 0, 0, 0, 0), (1, 1)),
    ],
)
def test_h264_says_what_shape_a_pixel_has(bits: Bits, aspect: tuple[int, int]) -> None:
    assert avc.read_sps(sps(bits)).pixel_aspect == aspect
