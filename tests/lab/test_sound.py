"""The sound of simulated cameras: what is sent is what is heard, at the moments that the frames tell."""

from array import array
from fractions import Fraction
from pathlib import Path

import av
import pytest

from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import Clip, ClipSpec
from holdfast.lab.hearing import apart_s, has_sound, hear
from holdfast.lab.reader import NotReadable, RecordedFrame, Recording
from holdfast.lab.sdp import describe
from holdfast.lab.sound import SOUND_CODECS, SoundCodec, sound_clip

FPS = Fraction(15)


def written(folder: Path, codec: SoundCodec, seconds: int) -> Path:
    """A file with the sound that a camera sends in so many seconds, without its RTP headers."""
    clip = sound_clip(codec)
    path = folder / f"{codec}.{'mp4' if codec == 'aac' else 'wav'}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream({"aac": "aac", "pcmu": "pcm_mulaw", "pcma": "pcm_alaw"}[codec], clip.clock_hz)
        stream.layout = "mono"  # type: ignore[union-attr] # of sound
        if codec == "aac":
            stream.codec_context.extradata = bytes.fromhex("1408")
        for number in range(seconds * clip.clock_hz // clip.samples):
            payload = clip.payloads[number % len(clip.payloads)]
            packet = av.Packet(payload[4:] if codec == "aac" else payload)
            packet.pts = packet.dts = number * clip.samples
            packet.duration, packet.time_base, packet.stream = clip.samples, Fraction(1, clip.clock_hz), stream
            container.mux(packet)
    return path


@pytest.mark.parametrize("codec", SOUND_CODECS)
def test_it_beeps_at_every_whole_second_without_a_seam_between_loops(codec: SoundCodec, tmp_path: Path) -> None:
    heard = hear(written(tmp_path, codec, 20))
    assert heard.errors == ()
    assert abs(heard.seconds - 20) < 0.2
    assert len(heard.beeps_s) in (19, 20), "where sound begins, nobody knows whether it was silent before"
    for number, beep_s in enumerate(heard.beeps_s, start=20 - len(heard.beeps_s)):
        # The encoder spreads what is loud over its window.
        assert abs(beep_s - number) < 0.02


def test_a_beep_is_held_against_the_frame_of_its_moment(tmp_path: Path) -> None:
    heard = hear(written(tmp_path, "pcmu", 3))
    frames = tuple(RecordedFrame(30 + n, 0, b"", n / 15, n / 15, 1 / 15, is_key=not n) for n in range(45))
    recording = Recording(heard.path, "h264", frames, 0)
    assert all(abs(late_s) < 0.01 for late_s in apart_s(recording, heard, FPS))
    frames = tuple(RecordedFrame(33 + n, 0, b"", n / 15, n / 15, 1 / 15, is_key=not n) for n in range(45))
    assert all(abs(late_s - 0.2) < 0.01 for late_s in apart_s(Recording(heard.path, "h264", frames, 0), heard, FPS))


def test_what_has_no_sound_cannot_be_heard(tmp_path: Path) -> None:
    path = tmp_path / "nothing.mp4"
    path.write_bytes(b"nothing")
    for listen in (hear, has_sound):
        with pytest.raises(NotReadable, match=r"nothing\.mp4"):
            listen(path)


def test_a_camera_says_what_it_sounds_like() -> None:
    spec = CameraSpec(sound="aac")
    assert CameraSpec.from_json(spec.as_json()) == spec
    with pytest.raises(ValueError, match="no camera sounds like 'mp3'"):
        CameraSpec.from_json({"sound": "mp3"})
    clip = Clip(ClipSpec(), ())
    text = describe(clip, with_video=False, sound=sound_clip("aac"))
    assert "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\na=fmtp:97 streamtype=5" in text
    text = describe(clip, with_video=False, sound=sound_clip("pcma"))
    assert "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2" in text


@pytest.mark.parametrize(("codec", "inverted"), [("pcmu", 0xFF), ("pcma", 0xD5)])
def test_silence_is_silence(codec: SoundCodec, inverted: int) -> None:
    assert sound_clip(codec).payloads[-1] == bytes([inverted]) * 320
    assert array("B", sound_clip(codec).payloads[0]).tolist() != [inverted] * 320
