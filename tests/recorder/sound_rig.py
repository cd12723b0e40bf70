"""A recording with sound: beside the simulated muxer of the picture one of sound, which is told what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.domain.streams import Track
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.fmp4 import TrackRun, read_header, scan
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from tests.fmp4.builder import FTYP, Sample, audio_entry, fragment, moov, payload, trak
from tests.fmp4.segments import read_from
from tests.recorder.rig import STREAM, Rig

RATE = 16_000
FRAME_TICKS = 1000
FRAME_S = FRAME_TICKS / RATE
FRAME_BYTES = 20


def sound_moov(rate: int = RATE) -> bytes:
    return FTYP + moov(trak(handler=b"soun", entry=audio_entry(), timescale=rate))


@dataclass
class SoundRig(Rig):
    """Frames of sound of a sixteenth of a second, numbered by their content."""

    sound_take: int = 0
    sound_ticks: int = 0
    frames: int = 0

    def begin_sound(self, *, late_s: float = 0.0, rate: int = RATE, arrival_ns: int | None = None) -> None:
        """A take of sound whose first frame is made `late_s` from now."""
        self.sound_take, self.sound_ticks = self.sound_take + 1, 0
        now_ns = self.clock.mono_ns()
        first_ns = PtsNs(now_ns - self.session * NS_PER_S + round(late_s * NS_PER_S))
        opened = TakeOpened(
            STREAM,
            self.session,
            self.sound_take,
            first_ns,
            MonoNs(now_ns if arrival_ns is None else arrival_ns),
            reorders=False,
            reason="sound began",
            track=Track.SOUND,
        )
        self.recording.sound.take_opened(opened)
        self.hear(sound_moov(rate))

    def sound(self, frames: int = 8, *, last_ticks: int = FRAME_TICKS, skip_ticks: int = 0) -> None:
        """A fragment of sound."""
        self.sound_ticks += skip_ticks
        durations = [FRAME_TICKS] * (frames - 1) + [last_ticks]
        samples = [Sample(FRAME_BYTES, ticks, sync=True) for ticks in durations]
        media = b"".join(payload(FRAME_BYTES, self.frames + n) for n in range(frames))
        data = fragment(self.sound_ticks, samples, media=media)
        self.frames += frames
        self.sound_ticks += sum(durations)
        self.hear(data)

    def hear(self, data: bytes) -> None:
        self.recording.sound.take_bytes(TakeBytes(STREAM, self.session, self.sound_take, data, Track.SOUND))

    def end_sound(self) -> None:
        self.recording.sound.take_closed(TakeClosed(STREAM, self.session, self.sound_take, Track.SOUND))

    def second(self, *, sound: bool = True) -> None:
        """A second of the picture, and of its sound."""
        self.group()
        if sound:
            self.sound(8)
            self.sound(8)

    def tracks(self) -> list[list[str]]:
        """Of each file, which tracks it has."""
        return [[track.kind for track in read_header(bytes(file.data)).tracks] for file in self.writer.disk.values()]

    def heard(self) -> list[list[TrackRun]]:
        """Of each file, the runs of sound in it."""
        return [
            [run for one in scan(read_from(data), len(data)).fragments for run in one.runs if run.kind == "audio"]
            for data in (bytes(file.data) for file in self.writer.disk.values())
        ]


def spans(runs: Sequence[TrackRun]) -> list[tuple[float, float]]:
    """Begin and end of runs without a pause between them, in seconds of the file."""
    found: list[tuple[float, float]] = []
    for run in runs:
        begin, end = run.decode_time / RATE, run.end_time / RATE
        if found and abs(found[-1][1] - begin) < 1 / RATE:
            found[-1] = found[-1][0], end
        else:
            found.append((begin, end))
    return found
