"""What a segment's file says about itself in boxes of our own: enough to rebuild a catalog from files alone.

The *stamp* is a `uuid` box of fixed size right after `ftyp`, so that it can be patched in place. The *labels* are
a second `uuid` box, after `moov`, with JSON: names of any length. Both types were drawn at random for Holdfast.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from uuid import UUID

from holdfast.fmp4.boxes import Box, Buffer, make_uuid, user_type
from holdfast.fmp4.errors import Fmp4Error, NewerFormatError

STAMP_TYPE = UUID("b37f5c1e-6a0d-4f4e-9c52-8d1e60a7d2f4").bytes
LABELS_TYPE = UUID("5e0a94d7-31c8-4b6b-a2f9-c47b8e13f05d").bytes

_VERSION = 1
_FINAL = 1
_REPAIRED = 2
# version, flags, wall_start_ns, media_start, run, session, ordinal, samples, 8 reserved bytes
_STAMP = Struct(">BxxBqq16sIII8x")
_TYPE_BYTES = 16
STAMP_BYTES = 8 + _TYPE_BYTES + _STAMP.size
MAX_LABELS_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SegmentStamp:
    """Whose a segment is and where it belongs.

    `wall_start_ns` is the wall time of the first picture, since 1970 in UTC, not negative. `run_id` names the run,
    `ordinal` the place of the segment in it, from 0, and `session` the pipeline life that it came from.
    `media_start` is the decode time, in ticks of the video track, that became 0 in this file: what two files of one
    session are apart. `samples` counts the video samples and is 0 until the file is final. `repaired` says that
    the file was made final after a crash.
    """

    wall_start_ns: int
    run_id: UUID
    session: int
    ordinal: int
    media_start: int = 0
    samples: int = 0
    final: bool = False
    repaired: bool = False


def stamp_box(stamp: SegmentStamp) -> bytes:
    """Return the box, always `STAMP_BYTES` long. Raises Fmp4Error for a number that does not fit."""
    flags = _FINAL * stamp.final | _REPAIRED * stamp.repaired
    unsigned32 = (stamp.session, stamp.ordinal, stamp.samples)
    signed64 = (stamp.wall_start_ns, stamp.media_start)
    if not all(0 <= value < 1 << 32 for value in unsigned32) or not all(0 <= value < 1 << 63 for value in signed64):
        reason = f"a number of the stamp does not fit: {stamp}"
        raise Fmp4Error(reason, box="uuid")
    return make_uuid(STAMP_TYPE, _STAMP.pack(_VERSION, flags, *signed64, stamp.run_id.bytes, *unsigned32))


def read_stamp(data: Buffer, box: Box) -> SegmentStamp | None:
    """Return the stamp in a box, or None for any other box. Raises NewerFormatError for a later version."""
    if user_type(data, box) != STAMP_TYPE:
        return None
    begin = box.body + _TYPE_BYTES
    if begin + _STAMP.size > box.end:
        reason = "is too short for a stamp"
        raise box.error(reason)
    version, flags, wall_start_ns, media_start, run, session, ordinal, samples = _STAMP.unpack_from(data, begin)
    if version != _VERSION:
        reason = f"is a stamp of version {version}: made by a newer release"
        raise NewerFormatError(reason, box=box.name, offset=box.start)
    return SegmentStamp(
        wall_start_ns=wall_start_ns,
        run_id=UUID(bytes=run),
        session=session,
        ordinal=ordinal,
        media_start=media_start,
        samples=samples,
        final=bool(flags & _FINAL),
        repaired=bool(flags & _REPAIRED),
    )


def labels_box(labels: Mapping[str, str]) -> bytes:
    """Return the box. Raises Fmp4Error when the JSON is longer than `MAX_LABELS_BYTES`."""
    text = json.dumps(dict(labels), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_LABELS_BYTES:
        reason = f"labels of {len(data)} bytes are longer than {MAX_LABELS_BYTES}"
        raise Fmp4Error(reason, box="uuid")
    return make_uuid(LABELS_TYPE, data)


def read_labels(data: Buffer, box: Box) -> dict[str, str] | None:
    """Return the labels in a box, or None for any other box and for labels that cannot be read.

    Damaged labels are no error: the film behind them is worth more than its name.
    """
    if user_type(data, box) != LABELS_TYPE:
        return None
    text = bytes(data[box.body + _TYPE_BYTES : box.end])
    if len(text) > MAX_LABELS_BYTES:
        return None
    try:
        labels = json.loads(text.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        return None
    return labels
