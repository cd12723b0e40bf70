"""The reader's own arithmetic, with files made here."""

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest

from holdfast.lab import clips, reader, sei
from holdfast.lab.account import ServedFrame
from holdfast.lab.clips import ClipSpec
from holdfast.lab.nal import join_annex_b
from holdfast.lab.reader import NotReadable, RecordedFrame, Recording

FPS = Fraction(15)
CLIP = ClipSpec(width=160, height=120, gop=5, seconds=1)


def served(*frames: int, session: int = 1) -> list[ServedFrame]:
    return [ServedFrame(session, frame, frame * 1000, frame % 5 == 0) for frame in frames]


def recording(*frames: int, late: dict[int, float] | None = None) -> Recording:
    late = late or {}
    made = [
        RecordedFrame(frame, 0, b"c001", frame / 15 + late.get(frame, 0), frame / 15, 1 / 15, frame % 5 == 0)
        for frame in frames
    ]
    return Recording(Path("made.mp4"), "h264", tuple(made), 0)


def write(path: Path, spec: ClipSpec, frames: range, *, stamped: bool = True) -> None:
    """A file of a clip's frames, written by FFmpeg."""
    clip = clips.cached(spec)
    whole = io.BytesIO(b"".join(join_annex_b(unit.nals) for unit in clip.access_units))
    raw = av.open(whole, format={"h264": "h264", "h265": "hevc"}[spec.codec])
    with raw, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(raw.streams.video[0])
        stream.time_base = Fraction(1, 90_000)
        for place in frames:
            unit = clip.access_units[place]
            stamp = (sei.build(spec.codec, sei.Stamp(100 + unit.pts_frames, 7)),) if stamped else ()
            packet = av.Packet(join_annex_b(stamp + unit.nals))
            packet.stream = stream
            packet.time_base = Fraction(1, 90_000)
            packet.dts = place * 6000
            packet.pts = (unit.pts_frames + clip.reorder_frames) * 6000
            packet.duration = 6000
            packet.is_keyframe = unit.is_key
            container.mux(packet)


@pytest.mark.parametrize("name", ["file.mp4", "file.ts", "file.mkv"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_stamps_are_read_from_every_kind_of_file(tmp_path: Path, name: str, codec: str) -> None:
    spec = ClipSpec.from_json(CLIP.as_json() | {"codec": codec})
    write(tmp_path / name, spec, range(15))
    result = reader.read(tmp_path / name)
    assert result.codec == codec
    assert [frame.frame for frame in result.frames] == list(range(100, 115))
    assert [frame.is_key for frame in result.frames] == [n % 5 == 0 for n in range(15)]
    assert {frame.wall_ns for frame in result.frames} == {7}
    assert reader.wrong_times(result, FPS) == []
    assert reader.playable(tmp_path / name).errors == ()


def test_frames_without_a_stamp_are_counted_apart(tmp_path: Path) -> None:
    write(tmp_path / "file.mp4", CLIP, range(15), stamped=False)
    assert (reader.read(tmp_path / "file.mp4").frames, reader.read(tmp_path / "file.mp4").unstamped) == ((), 15)


def test_a_file_that_begins_in_the_middle_of_a_group_is_not_quite_playable(tmp_path: Path) -> None:
    write(tmp_path / "file.mp4", CLIP, range(2, 15))
    result = reader.playable(tmp_path / "file.mp4")
    assert result.frames < 13 or result.errors


def test_a_file_that_is_none_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "file.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(NotReadable, match=r"file\.mp4"):
        reader.read(path)
    assert reader.playable(path).errors != ()
    assert reader.playable(path).frames == 0


def test_nothing_lost_between_the_first_and_the_last_recorded_frame() -> None:
    account = reader.compare(served(*range(10)), [recording(2, 3, 4), recording(5, 6)], fps=FPS)
    assert account.is_complete
    assert (account.served, account.recorded, account.lost_frames) == (5, 5, 0)


def test_lost_frames_are_given_as_ranges() -> None:
    account = reader.compare(served(*range(20)), [recording(2, 3, 7), recording(8, 10)])
    assert account.lost == ((4, 6), (9, 9))
    assert account.lost_frames == 4
    assert not account.is_complete


def test_the_window_can_be_given() -> None:
    account = reader.compare(served(*range(10)), [recording(2, 3)], first=1, last=4)
    assert account.lost == ((1, 1), (4, 4))


def test_frames_that_the_camera_did_not_send_are_not_lost() -> None:
    sent = served(1, 2, 3) + served(10, 11, session=2)
    assert reader.compare(sent, [recording(1, 2, 3, 10, 11)]).lost == ()
    assert reader.compare(sent, [recording(1, 2, 11)]).lost == ((3, 10),)


def test_b_pictures_are_lost_in_order_of_serving() -> None:
    account = reader.compare(served(0, 3, 1, 2, 6, 4, 5), [recording(0, 3, 1)])
    assert account.lost == ()
    assert reader.compare(served(0, 3, 1, 2, 6), [recording(0, 3, 6)]).lost == ((1, 2),)


def test_repeated_and_unknown_frames_are_named() -> None:
    account = reader.compare(served(1, 2, 3), [recording(1, 2), recording(2, 3, 9)])
    assert account.repeated == (2,)
    assert account.unknown == (9,)
    assert not account.is_complete


def test_a_frame_shown_at_a_wrong_time_is_told() -> None:
    account = reader.compare(served(1, 2, 3), [recording(1, 2, 3, late={3: 0.003})], fps=FPS)
    assert len(account.wrong_times) == 1
    assert "1 of 3 frames" in account.wrong_times[0]
    assert "+0.0030 s" in account.wrong_times[0]
    assert reader.compare(served(1, 2, 3), [recording(1, 2, 3, late={3: 0.001})], fps=FPS).is_complete


def test_no_recording_at_all_is_an_account_too() -> None:
    account = reader.compare(served(1, 2), [])
    assert (account.served, account.recorded, account.lost) == (0, 0, ())
    assert reader.compare(served(1, 2), [], first=1, last=2).lost == ((1, 2),)
