"""Reading and patching fragmented MP4 (ISO/IEC 14496-12) boxes: bytes in, bytes out."""

from holdfast.fmp4.boxes import DEFAULT_LIMITS, Limits
from holdfast.fmp4.codecs import decoder_of
from holdfast.fmp4.errors import Fmp4Error, NewerFormatError
from holdfast.fmp4.fragments import TrackRun
from holdfast.fmp4.index import IndexBuilder
from holdfast.fmp4.key_frames import (
    MAX_INDEX_BYTES,
    Entry,
    KeyFrame,
    entries_of,
    find_key_frame,
    index_size,
    read_index,
)
from holdfast.fmp4.reading import (
    HEAD_BYTES,
    Damage,
    FoundFragment,
    ReadAt,
    SegmentHeader,
    SegmentScan,
    SegmentSummary,
    read_header,
    read_summary,
    scan,
    scan_on,
)
from holdfast.fmp4.segment import (
    SECTOR_BYTES,
    Patch,
    begins_like_segment,
    finish_patch,
    free_header,
    rebase,
    rebased_moof,
    segment_header,
)
from holdfast.fmp4.sound import (
    SoundFrames,
    sound_frames,
    sound_moof,
    sound_ns,
    sound_ticks,
    sound_track,
    with_sound,
)
from holdfast.fmp4.stamp import SegmentStamp
from holdfast.fmp4.stream import Fragment, FragmentSplitter, InitSegment, Piece, Trailer
from holdfast.fmp4.tracks import Track, TrackKind

__all__ = [
    "DEFAULT_LIMITS",
    "HEAD_BYTES",
    "MAX_INDEX_BYTES",
    "SECTOR_BYTES",
    "Damage",
    "Entry",
    "Fmp4Error",
    "FoundFragment",
    "Fragment",
    "FragmentSplitter",
    "IndexBuilder",
    "InitSegment",
    "KeyFrame",
    "Limits",
    "NewerFormatError",
    "Patch",
    "Piece",
    "ReadAt",
    "SegmentHeader",
    "SegmentScan",
    "SegmentStamp",
    "SegmentSummary",
    "SoundFrames",
    "Track",
    "TrackKind",
    "TrackRun",
    "Trailer",
    "begins_like_segment",
    "decoder_of",
    "entries_of",
    "find_key_frame",
    "finish_patch",
    "free_header",
    "index_size",
    "read_header",
    "read_index",
    "read_summary",
    "rebase",
    "rebased_moof",
    "scan",
    "scan_on",
    "segment_header",
    "sound_frames",
    "sound_moof",
    "sound_ns",
    "sound_ticks",
    "sound_track",
    "with_sound",
]
