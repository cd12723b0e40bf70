"""What the moov says: tracks and codec names."""

import struct

import pytest

from holdfast.fmp4 import Fmp4Error, Track
from tests.fmp4 import builder
from tests.fmp4.builder import box, full, moov, trak, trex, visual_entry
from tests.fmp4.segments import split


def tracks(moov_bytes: bytes) -> tuple[Track, ...]:
    return split(builder.FTYP + moov_bytes)[0].tracks


def codec(entry: bytes, handler: bytes = b"vide") -> str:
    return tracks(moov(trak(entry=entry, handler=handler)))[0].codec


@pytest.mark.parametrize("version", [0, 1])
def test_a_track_is_read_from_both_versions_of_its_boxes(version: int) -> None:
    (track,) = tracks(moov(trak(5, version=version), mvex=[trex(5, 1, 2, 3)], version=version))
    assert (track.track_id, track.kind, track.timescale) == (5, "video", 90000)
    assert (track.width, track.height, track.codec) == (320, 240, "avc1.640028")
    assert (track.defaults.duration, track.defaults.size, track.defaults.flags) == (1, 2, 3)
    assert track.sample_entry == visual_entry()
    assert track.to_ns(135_001) == 1_500_011_111


def test_sound_and_other_tracks_have_no_size() -> None:
    sound = trak(2, handler=b"soun", entry=builder.audio_entry(), timescale=8000)
    other = trak(3, handler=b"meta", entry=box(b"metx", bytes(20)))
    found = tracks(moov(trak(), sound, other))
    assert [(track.kind, track.codec, track.width) for track in found] == [
        ("video", "avc1.640028", 320),
        ("audio", "mp4a.40.2", 0),
        ("other", "metx", 0),
    ]


def hvcc(profile: int, compatibility: int, constraints: str, level: int) -> bytes:
    return box(b"hvcC", struct.pack(">BBI", 1, profile, compatibility), bytes.fromhex(constraints), bytes([level, 0]))


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (hvcc(0x01, 0x60000000, "b00000000000", 93), "hvc1.1.6.L93.B0"),
        (hvcc(0x22, 0x20000000, "000000000000", 120), "hvc1.2.4.H120"),
        (hvcc(0x81, 0x60000000, "900000000001", 63), "hvc1.B1.6.L63.90.0.0.0.0.1"),
        (b"", "hvc1"),
    ],
)
def test_h265_is_named_by_profile_tier_level_and_constraints(config: bytes, name: str) -> None:
    assert codec(visual_entry(b"hvc1", config)) == name


def test_a_codec_without_a_configuration_is_called_by_its_entry() -> None:
    assert codec(visual_entry(b"avc3", b"")) == "avc3"
    assert codec(builder.audio_entry(b""), b"soun") == "mp4a"


@pytest.mark.parametrize(
    ("descriptors", "name"),
    [
        ("", "mp4a"),
        ("03", "mp4a"),
        ("0303000000", "mp4a"),
        ("03030000000480", "mp4a"),
        ("0316000000040d6b" + "00" * 12, "mp4a.6b"),
        ("0316000000040d40" + "00" * 12 + "05", "mp4a.40"),
        ("0316000000040d40" + "00" * 12 + "0601", "mp4a.40"),
    ],
)
def test_sound_is_named_as_far_as_its_descriptors_go(descriptors: str, name: str) -> None:
    esds = full(b"esds", 0, 0, bytes.fromhex(descriptors))
    assert codec(builder.audio_entry(esds), b"soun") == name


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (box(b"moov", box(b"mvhd")), "has 0 tracks"),
        (moov(*[trak(number) for number in range(1, 18)]), "has 17 tracks"),
        (moov(trak(1), trak(1)), "two tracks with one number"),
        (moov(trak(2)), "track 2 has no 'trex'"),
        (moov(trak(timescale=0)), "timescale of 0"),
        (moov(trak(entry=visual_entry(b"avc1", box(b"avcC", b"\1")))), "too short: 1 bytes"),
        (box(b"moov", trak()), "has no 'mvex'"),
        (moov(trak(entry=box(b"avc1", bytes(20)))), "too short"),
    ],
)
def test_a_broken_moov_is_refused(broken: bytes, sentence: str) -> None:
    with pytest.raises(Fmp4Error, match=sentence):
        tracks(broken)


def test_a_track_without_a_sample_entry_is_refused() -> None:
    with pytest.raises(Fmp4Error, match="no sample entry"):
        tracks(moov(trak(entry=b"")))


def test_without_video_there_is_no_video_track() -> None:
    init, _ = split(builder.FTYP + moov(trak(handler=b"soun", entry=builder.audio_entry())))
    with pytest.raises(Fmp4Error, match="no video track"):
        _ = init.video
