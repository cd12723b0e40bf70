"""Key frames in the middle of a fragment."""

import shutil
import struct
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import Fmp4Error, Fragment
from holdfast.fmp4.splitting import split_at_sync
from tests.fmp4 import builder
from tests.fmp4.builder import FTYP, INTER, Sample, box, fragment, moof, moov, payload, traf, trak, trun
from tests.fmp4.segments import split

SAMPLES = st.lists(
    st.builds(Sample, st.integers(1, 400), st.integers(0, 9000), st.booleans(), st.integers(-9000, 9000)),
    min_size=1,
    max_size=20,
)


def read(*fragments: bytes, audio: bool = False) -> tuple[Fragment, tuple[Fragment, ...]]:
    """The first fragment, and what becomes of it."""
    traks = (trak(), trak(2, handler=b"soun", entry=builder.audio_entry())) if audio else (trak(),)
    init, (first, *_) = split(b"".join([FTYP, moov(*traks), *fragments]))
    return first, split_at_sync(first, init.tracks)


def media(pieces: tuple[Fragment, ...]) -> list[bytes]:
    return [piece.data[piece.moof_bytes + 8 :] for piece in pieces]


def test_a_fragment_without_a_hidden_key_frame_is_left_as_it_is() -> None:
    for samples in (builder.GROUP, INTER):
        whole, pieces = read(fragment(0, samples))
        assert pieces == (whole,)
        assert pieces[0] is whole


def test_the_key_frame_that_a_muxer_hid_at_its_end_begins_a_fragment_of_its_own() -> None:
    whole, (head, tail) = read(fragment(42000, (*INTER, Sample(500, sync=True)), number=7))
    assert whole.video is not None
    assert head.video is not None
    assert tail.video is not None
    assert (head.video.sample_count, head.video.sync_count) == (8, 0)
    assert (tail.video.sample_count, tail.starts_with_sync, tail.video.first_sample_bytes) == (1, True, 500)
    assert tail.video.decode_time == head.video.end_time == 42000 + 8 * 6000
    assert tail.video.end_time == whole.video.end_time
    assert b"".join(media((head, tail))) == whole.data[whole.moof_bytes + 8 :]
    assert [struct.unpack_from(">I", piece.data, 20)[0] for piece in (head, tail)] == [7, 8]


@given(SAMPLES)
def test_every_sample_keeps_its_bytes_and_times(samples: list[Sample]) -> None:
    whole, pieces = read(fragment(90000, samples))
    assert b"".join(media(pieces)) == whole.data[whole.moof_bytes + 8 :]
    runs = [piece.runs[0] for piece in pieces]
    assert all(run.sync_count == run.starts_with_sync for run in runs)
    assert all(later.decode_time == earlier.end_time for earlier, later in pairwise(runs))
    begins = [0, *(n for n, sample in enumerate(samples) if sample.sync and n)]
    assert [run.first_composition_offset for run in runs] == [samples[n].later for n in begins]
    assert [run.first_sample_bytes for run in runs] == [samples[n].size for n in begins]
    assert (sum(run.sample_count for run in runs), runs[-1].end_time) == (len(samples), whole.runs[0].end_time)


def test_sound_stays_whole_in_the_first() -> None:
    video, audio = (*INTER, Sample(70, sync=True)), tuple(Sample(20, 1024, sync=True) for _ in range(9))
    sizes = [sum(sample.size for sample in track) for track in (video, audio)]

    def built(at: int) -> bytes:
        return moof(traf(0, trun(video, at)), traf(0, trun(audio, at + sizes[0]), track_id=2))

    data = payload(sum(sizes))
    whole, (head, tail) = read(built(len(built(0)) + 8) + box(b"mdat", data), audio=True)
    assert [run.kind for run in head.runs] == ["video", "audio"]
    assert head.runs[1] == whole.runs[1]
    assert [run.kind for run in tail.runs] == ["video"]
    cut = sizes[0] - 70
    assert media((head, tail)) == [data[:cut] + data[sizes[0] :], data[cut : sizes[0]]]


def test_sound_alone_is_left_as_it_is() -> None:
    whole, pieces = read(fragment(0, (Sample(20, sync=True), Sample(20, sync=True)), track_id=2), audio=True)
    assert pieces == (whole,)


def test_a_fragment_of_other_tracks_is_refused() -> None:
    whole, _ = read(fragment(0, (*INTER, Sample(500, sync=True))))
    with pytest.raises(Fmp4Error, match="track 1"):
        split_at_sync(whole, ())


@pytest.mark.skipif(shutil.which("gst-launch-1.0") is None, reason="needs gst-launch-1.0 (gstreamer1.0-tools)")
@pytest.mark.parametrize("reorders", [False, True])
def test_what_mp4mux_writes_when_it_ends_behind_a_key_frame(tmp_path: Path, *, reorders: bool) -> None:
    path = tmp_path / "made.mp4"
    encoder = "x264enc bframes=2 b-adapt=false" if reorders else "x264enc tune=zerolatency"
    command = f"""gst-launch-1.0 -q videotestsrc num-buffers=31 ! video/x-raw,width=160,height=120,framerate=15/1
        ! {encoder} key-int-max=15 ! h264parse ! {"h264timestamper !" if reorders else ""}
        mp4mux fragment-duration=500 streamable=true trak-timescale=90000 ! filesink location={path}"""
    subprocess.run(command.split(), check=True, capture_output=True)
    init, fragments = split(path.read_bytes())
    pieces = [piece for whole in fragments for piece in split_at_sync(whole, init.tracks)]
    runs = [piece.runs[0] for piece in pieces]
    assert len(pieces) == len(fragments) + 1
    assert all(run.sync_count == run.starts_with_sync for run in runs)
    assert (pieces[-1].starts_with_sync, runs[-1].sample_count) == (True, 1)
    again = tmp_path / "again.mp4"
    again.write_bytes(init.data + b"".join(piece.data for piece in pieces))
    assert packets(again) == packets(path)


def packets(path: Path) -> list[tuple[int, int, int, bytes]]:
    av = pytest.importorskip("av", reason="needs PyAV (the extra named lab)")
    with av.open(str(path)) as opened:
        return [(p.pts, p.dts, p.is_keyframe, bytes(p)) for p in opened.demux(video=0) if p.size]
