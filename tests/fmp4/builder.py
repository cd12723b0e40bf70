"""Fragmented MP4 as mp4mux writes it, box by box, independent of the code under test."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

AVCC = bytes.fromhex("01640028ffe1000467640028010004 68ebcc44".replace(" ", ""))
HVCC = bytes.fromhex("010160000000b000000000005d") + bytes(10)
AAC_ESDS = bytes.fromhex("0000000003808080220000000480808014401500000000000000000000000580808002119006")
NOT_SYNC = 0x10000


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def large_box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def times(version: int, between: bytes, duration: int = 0) -> bytes:
    layout = ">QQ" if version else ">II"
    return struct.pack(layout, 3, 4) + between + struct.pack(">Q" if version else ">I", duration)


def visual_entry(kind: bytes = b"avc1", config: bytes | None = None, width: int = 320, height: int = 240) -> bytes:
    children = box(b"avcC", AVCC) if config is None else config
    return box(kind, bytes(24), struct.pack(">HH", width, height), bytes(50), children, box(b"btrt", bytes(12)))


def audio_entry(config: bytes | None = None) -> bytes:
    return box(b"mp4a", bytes(28), box(b"esds", AAC_ESDS) if config is None else config)


def trak(
    track_id: int = 1,
    *,
    handler: bytes = b"vide",
    entry: bytes | None = None,
    timescale: int = 90000,
    version: int = 0,
    udta: bytes = b"",
) -> bytes:
    entries = visual_entry() if entry is None else entry
    stsd = full(b"stsd", 0, 0, struct.pack(">I", 1 if entries else 0), entries)
    empty = b"".join(full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco"))
    stbl = box(b"stbl", stsd, empty, full(b"stsz", 0, 0, bytes(8)))
    mdhd = full(b"mdhd", version, 0, times(version, struct.pack(">I", timescale)), bytes(4))
    hdlr = full(b"hdlr", 0, 0, bytes(4), handler, bytes(13))
    tkhd = full(b"tkhd", version, 7, times(version, struct.pack(">II", track_id, 0)), bytes(60))
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", full(b"vmhd", 0, 1, bytes(8)), stbl)), udta)


def trex(track_id: int = 1, duration: int = 0, size: int = 0, flags: int = 0) -> bytes:
    return full(b"trex", 0, 0, struct.pack(">IIIII", track_id, 1, duration, size, flags))


def moov(*traks: bytes, mvex: Sequence[bytes] | None = None, version: int = 0) -> bytes:
    mvhd = full(b"mvhd", version, 0, times(version, struct.pack(">I", 90000)), bytes(76), struct.pack(">I", 2))
    mehd = full(b"mehd", 1, 0, struct.pack(">Q", 900000))
    inner = [trex(number + 1) for number in range(max(1, len(traks)))] if mvex is None else list(mvex)
    return box(b"moov", mvhd, *(traks or (trak(),)), box(b"udta", bytes(4)), box(b"mvex", mehd, *inner))


FTYP = box(b"ftyp", b"mp42", bytes(4), b"mp42mp41isomiso2")


@dataclass(frozen=True)
class Sample:
    size: int = 100
    duration: int = 6000
    sync: bool = False
    later: int = 0


GROUP = (Sample(300, sync=True), *(Sample(50 + n) for n in range(6)))
INTER = tuple(Sample(60 + n) for n in range(8))


def trun(samples: Sequence[Sample], data_offset: int | None) -> bytes:
    later = any(sample.later for sample in samples)
    has = (1 if data_offset is not None else 0) | 0x700 | (0x800 if later else 0)
    rows = [struct.pack(">I", len(samples))]
    if data_offset is not None:
        rows.append(struct.pack(">i", data_offset))
    for sample in samples:
        rows.append(struct.pack(">III", sample.duration, sample.size, 0x40 if sample.sync else NOT_SYNC))
        rows += [struct.pack(">I", sample.later & 0xFFFFFFFF)] if later else []
    return full(b"trun", 0, has, *rows)


def tfdt(decode_time: int) -> bytes:
    wide = decode_time >= 1 << 32
    return full(b"tfdt", int(wide), 0, struct.pack(">Q" if wide else ">I", decode_time))


def traf(decode_time: int, *truns: bytes, track_id: int = 1, tfhd: bytes | None = None) -> bytes:
    header = full(b"tfhd", 0, 0, struct.pack(">I", track_id)) if tfhd is None else tfhd
    return box(b"traf", header, tfdt(decode_time), *truns)


def moof(*trafs: bytes, number: int = 1) -> bytes:
    return box(b"moof", full(b"mfhd", 0, 0, struct.pack(">I", number)), *trafs)


def payload(size: int, salt: int = 0) -> bytes:
    """Media data without a zero byte, different for every salt."""
    return bytes(1 + (n * 7 + salt) % 255 for n in range(size))


def fragment(
    decode_time: int = 0, samples: Sequence[Sample] = GROUP, *, track_id: int = 1, number: int = 1, media: bytes = b""
) -> bytes:
    offset = len(moof(traf(decode_time, trun(samples, 0), track_id=track_id))) + 8
    data = media or payload(sum(sample.size for sample in samples), number)
    return moof(traf(decode_time, trun(samples, offset), track_id=track_id), number=number) + box(b"mdat", data)


def fragments(count: int, *, group: Sequence[Sample] = GROUP, start: int = 0) -> list[bytes]:
    """Return fragments in order, every other one of which begins with a key frame."""
    made = []
    at = start
    for number in range(count):
        samples = INTER if number % 2 else group
        made.append(fragment(at, samples, number=number + 1))
        at += sum(sample.duration for sample in samples)
    return made


def stream(count: int = 4, *, group: Sequence[Sample] = GROUP, start: int = 0) -> bytes:
    return b"".join([FTYP, moov(), *fragments(count, group=group, start=start), box(b"mfra", bytes(20))])
