"""Films without a camera: encoded pictures with numbers in them, in segments as the recorder makes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from holdfast.fmp4 import (
    Fragment,
    FragmentSplitter,
    InitSegment,
    SegmentStamp,
    rebase,
)
from holdfast.lab import sei
from holdfast.lab.clips import AccessUnit, Clip, ClipSpec, cached
from holdfast.lab.nal import SEI_TYPES, nal_type
from holdfast.lab.segment_files import Parts, assemble

CODECS = {"h264": "h264", "h265": "hevc"}
TICKS = 90_000
SMALL = ClipSpec(width=320, height=180, fps=Fraction(15), gop=15, seconds=6, pattern="ball")


@dataclass(frozen=True, slots=True)
class Film:
    """A clip as the pieces of a fragmented stream."""

    init: InitSegment
    fragments: list[Fragment]

    def parts(self, stamp: SegmentStamp) -> Parts:
        """The bytes of a file."""
        return assemble(self.init, self.fragments, stamp, {})

    def looped(self, times: int) -> "Film":
        """The same again and again, at later times; frames have the numbers of the first time."""
        splitter, length = FragmentSplitter(), self.fragments[-1].runs[0].end_time
        splitter.feed(self.init.data)
        fragments: list[Fragment] = []
        for number in range(times):
            for one in self.fragments:
                moved = rebase(one, {run.track_id: -number * length for run in one.runs}, 1)
                fragments += [piece for piece in splitter.feed(moved) if isinstance(piece, Fragment)]
        return Film(self.init, fragments)


def film(spec: ClipSpec, folder: Path) -> Film:
    """A clip with a number in every frame, muxed by FFmpeg into fragments of at most half a second."""
    return muxed(cached(spec), folder)


def muxed(clip: Clip, folder: Path) -> Film:
    """As `film`, of a clip that is there."""
    path = folder / f"{clip.codec}-{clip.spec.width}-{clip.spec.bframes}-{clip.spec.pattern}.mp4"
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"}
    tick = Fraction(1, TICKS)
    per_frame = int(TICKS / clip.fps)
    raw = path.with_suffix(f".{CODECS[clip.codec]}")
    raw.write_bytes(b"".join(annex_b(unit.nals) for unit in clip.access_units))
    with av.open(str(raw)) as like, av.open(str(path), "w", format="mp4", options=flags) as container:
        stream = container.add_stream_from_template(like.streams.video[0])
        stream.time_base = tick
        for number, unit in enumerate(clip.access_units):
            packet = av.Packet(annex_b(stamped(clip, unit)))
            packet.stream, packet.time_base = stream, tick
            packet.pts = (unit.pts_frames + clip.reorder_frames) * per_frame
            packet.dts, packet.duration = number * per_frame, per_frame
            packet.is_keyframe = unit.is_key
            container.mux(packet)
    pieces = FragmentSplitter().feed(path.read_bytes())
    init = next(piece for piece in pieces if isinstance(piece, InitSegment))
    return Film(init, [piece for piece in pieces if isinstance(piece, Fragment)])


def stamped(clip: Clip, unit: AccessUnit) -> list[bytes]:
    """The NAL units of a frame, with its number before the first that holds a part of the picture."""
    sets = [
        nal for nal in unit.nals if nal in clip.parameter_sets or nal_type(clip.codec, nal) in SEI_TYPES[clip.codec]
    ]
    rest = [nal for nal in unit.nals if nal not in sets]
    return [*sets, sei.build(clip.codec, sei.Stamp(unit.pts_frames, 0)), *rest]


def annex_b(nals: Iterable[bytes]) -> bytes:
    """NAL units with start codes before them."""
    return b"".join(b"\0\0\0\1" + nal for nal in nals)
