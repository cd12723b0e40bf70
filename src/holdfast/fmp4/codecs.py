"""Codec names for a `codecs=` parameter (RFC 6381, section 3.3; ISO/IEC 14496-15, annex E)."""

from fractions import Fraction
from struct import Struct

from holdfast.fmp4.boxes import Box, Buffer, children, fields, inside

_PASP = Struct(">II")
_DECODERS = {
    b"avc1": ("h264", b"avcC"),
    b"avc3": ("h264", b"avcC"),
    b"hvc1": ("h265", b"hvcC"),
    b"hev1": ("h265", b"hvcC"),
}
_AVCC = Struct(">xBBB")
_HVCC = Struct(">xBI6sB")
_VISUAL_FIELDS_BYTES = 78
_AUDIO_FIELDS_BYTES = 28
_PROFILE_SPACES = ("", "A", "B", "C")


def codec_name(data: Buffer, entry: Box) -> str:
    """Return the name of a sample entry's codec, such as `avc1.640028`, `hvc1.1.6.L93.B0` or `mp4a.40.2`.

    A codec with no rule here is called by the type of its sample entry. Raises Fmp4Error for a broken entry.
    """
    match entry.kind:
        case b"avc1" | b"avc3":
            return _avc(data, entry)
        case b"hvc1" | b"hev1":
            return _hevc(data, entry)
        case b"mp4a":
            return _mpeg4_audio(data, entry)
        case _:
            return entry.name


def decoder_of(sample_entry: Buffer) -> tuple[str, bytes, Fraction]:
    """What decodes a video track: "h264" or "h265", the decoder's configuration, how much wider than high a pixel is.

    `sample_entry` is that of a Track. Raises Fmp4Error, also for another codec.
    """
    entry = next(children(sample_entry, 0, len(sample_entry)))
    codec, kind = _DECODERS.get(entry.kind, ("", b""))
    config = _configuration(sample_entry, entry, kind, _VISUAL_FIELDS_BYTES) if codec else None
    if config is None:
        reason = "is no H.264 or H.265 with a configuration for its decoder"
        raise entry.error(reason)
    shape = _configuration(sample_entry, entry, b"pasp", _VISUAL_FIELDS_BYTES)
    wide, high = (1, 1) if shape is None else fields(_PASP, sample_entry, shape)
    pixel = Fraction(wide, high) if wide and high else Fraction(1)
    return codec, bytes(sample_entry[config.body : config.end]), pixel


def decoder_key(sample_entry: bytes) -> bytes:
    """Return what of a whole sample entry a decoder cares for: all but the bit rates that an encoder promised.

    Entries with equal keys can be decoded by one decoder. Raises Fmp4Error for a broken entry.
    """
    entry = next(children(sample_entry, 0, len(sample_entry)))
    skip = _AUDIO_FIELDS_BYTES if entry.kind == b"mp4a" else _VISUAL_FIELDS_BYTES
    if entry.body + skip > entry.end:
        return sample_entry
    fields_of = sample_entry[entry.start + 4 : entry.body + skip]
    return fields_of + b"".join(_decoder_part(sample_entry, box) for box in inside(sample_entry, entry, skip))


def _decoder_part(data: bytes, box: Box) -> bytes:
    if box.kind == b"btrt":
        return b""
    if box.kind == b"esds":
        config = _audio_config(data[box.body + 4 : box.end])
        return config or data[box.start : box.end]
    return data[box.start : box.end]


def _audio_config(data: bytes) -> bytes:
    """Return the decoder's part of an ES descriptor (ISO/IEC 14496-1, section 7.2.6.7); b"" when there is none."""
    at = 0
    while at < len(data):
        tag = data[at]
        at = _after_length(data, at + 1)
        if tag == 5:
            return data[at - 1 :]
        at += {3: 3, 4: 13}.get(tag, len(data))
    return b""


def _configuration(data: Buffer, entry: Box, kind: bytes, skip: int) -> Box | None:
    return next((box for box in inside(data, entry, skip) if box.kind == kind), None)


def _avc(data: Buffer, entry: Box) -> str:
    config = _configuration(data, entry, b"avcC", _VISUAL_FIELDS_BYTES)
    if config is None:
        return entry.name
    profile, compatibility, level = fields(_AVCC, data, config)
    return f"{entry.name}.{profile:02X}{compatibility:02X}{level:02X}"


def _hevc(data: Buffer, entry: Box) -> str:
    config = _configuration(data, entry, b"hvcC", _VISUAL_FIELDS_BYTES)
    if config is None:
        return entry.name
    profile, compatibility, constraints, level = fields(_HVCC, data, config)
    # Annex E.3: the compatibility flags are written in reverse bit order, and trailing zero bytes are left out.
    reverse = int(f"{compatibility:032b}"[::-1], 2)
    tier = "H" if profile & 0x20 else "L"
    parts = [f"{_PROFILE_SPACES[profile >> 6]}{profile & 0x1F}", f"{reverse:X}", f"{tier}{level}"]
    parts += [f"{byte:X}" for byte in bytes(constraints).rstrip(b"\0")]
    return ".".join([entry.name, *parts])


def _mpeg4_audio(data: Buffer, entry: Box) -> str:
    config = _configuration(data, entry, b"esds", _AUDIO_FIELDS_BYTES)
    if config is None:
        return entry.name
    object_type, audio_type = _descriptors(bytes(data[config.body + 4 : config.end]))
    if object_type is None:
        return entry.name
    suffix = "" if audio_type is None else f".{audio_type}"
    return f"{entry.name}.{object_type:02x}{suffix}"


def _descriptors(data: bytes) -> tuple[int | None, int | None]:
    """Return the object type and the audio object type in an ES descriptor (ISO/IEC 14496-1, section 7.2.6)."""
    fields_bytes = {3: 3, 4: 13}
    object_type = None
    at = 0
    while at < len(data):
        tag = data[at]
        at = _after_length(data, at + 1)
        if tag == 4 and at < len(data):
            object_type = data[at]
        if tag == 5 and at < len(data):
            return object_type, data[at] >> 3
        if tag not in fields_bytes:
            break
        at += fields_bytes[tag]
    return object_type, None


def _after_length(data: bytes, at: int) -> int:
    while at < len(data) and data[at] & 0x80:
        at += 1
    return at + 1
