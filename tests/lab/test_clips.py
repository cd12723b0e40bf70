from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from holdfast.lab import clips
from holdfast.lab.clips import Clip, ClipError, ClipSpec
from holdfast.lab.nal import SEI_TYPES, nal_type

SMALL = ClipSpec(width=160, height=120, gop=5, seconds=1)


@pytest.mark.parametrize(
    "spec",
    [
        SMALL,
        ClipSpec(codec="h265", width=160, height=120, gop=5, seconds=1),
        ClipSpec(width=160, height=120, gop=5, seconds=1, bframes=2),
        ClipSpec(codec="h265", width=160, height=120, gop=5, seconds=1, bframes=2),
        ClipSpec(width=160, height=120, fps=Fraction(1), gop=2, seconds=3),
        ClipSpec(width=160, height=120, fps=Fraction(30000, 1001), gop=30, seconds=0.5),
    ],
    ids=lambda spec: f"{spec.codec}-{spec.bframes}-{spec.fps}",
)
def test_a_clip_loops_at_a_key_frame(spec: ClipSpec) -> None:
    clip = clips.cached(spec)
    assert len(clip.access_units) == spec.frames
    assert spec.frames % spec.gop == 0
    assert [unit.is_key for unit in clip.access_units] == [n % spec.gop == 0 for n in range(spec.frames)]
    assert sorted(unit.pts_frames for unit in clip.access_units) == list(range(spec.frames))
    assert clip.reorder_frames == spec.bframes
    assert len(clip.parameter_sets) == {"h264": 2, "h265": 3}[spec.codec]
    for unit in clip.access_units:
        types = {nal_type(spec.codec, nal) for nal in unit.nals}
        assert not types & SEI_TYPES[spec.codec]
        assert unit.is_key == set(unit.nals).issuperset(clip.parameter_sets)


def test_a_clip_reaches_its_bitrate() -> None:
    clip = clips.cached(ClipSpec(width=640, height=360, gop=15, seconds=1, bitrate_kbps=1000))
    assert clip.bitrate_kbps == pytest.approx(1000, rel=0.15)


def test_parallel_makers_share_one_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: clips.cached(SMALL, tmp_path), range(3)))
    assert made[0].spec == made[1].spec == made[2].spec == SMALL
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    clips.cached(SMALL, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert len(clips.cached(SMALL, tmp_path).access_units) == SMALL.frames
    assert len(path.read_bytes()) > len(whole) // 2


def test_a_clip_comes_back_from_its_bytes() -> None:
    unit = clips.AccessUnit((b"\x67a", b"\x68b", b"\x65c"), 0, is_key=True)
    clip = Clip(ClipSpec(fps=Fraction(30000, 1001)), (unit,))
    assert clips.parse(clips.dump(clip)) == clip
    with pytest.raises(ClipError, match="cut"):
        clips.parse(clips.dump(clip)[:-1])
    with pytest.raises(ClipError, match="not a clip"):
        clips.parse(b"rubbish")


def test_impossible_clips_are_refused() -> None:
    for wrong in ({"fps": Fraction(61)}, {"bframes": 3}, {"gop": 0}, {"seconds": 0}):
        with pytest.raises(ValueError, match="fps must be"):
            ClipSpec.from_json(wrong)


def test_an_encoder_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="the encoder failed"):
        clips.cached(ClipSpec(width=1, height=1), tmp_path)
    assert list(tmp_path.iterdir()) == []
