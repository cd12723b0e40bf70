"""The boxes that a finished film has in either form: `ftyp`, and a `moov` with edit lists (ISO/IEC 14496-12)."""

from collections.abc import Callable, Iterable
from struct import Struct

from holdfast.fmp4.boxes import make, make_full
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.film import Edit, Film, FilmTrack

_SECONDS_1904_TO_1970 = 2_082_844_800
_U32, _U64 = Struct(">I"), Struct(">Q")
_MATRIX = Struct(">9I").pack(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4
"""The language "und" in three times five bits (section 8.4.2)."""
_HANDLERS = {"video": (b"vide", b"Video\0"), "audio": (b"soun", b"Sound\0")}
_NARROW = 1 << 31
_WIDE = (1 << 32) - 1

SampleTables = Callable[[FilmTrack], Iterable[bytes]]
"""What a form has in its `stbl`, behind `stsd`."""


def created(wall_ns: int) -> int:
    """A moment as the boxes count it: seconds since 1904. Raises Fmp4Error for one before."""
    seconds = wall_ns // 1_000_000_000 + _SECONDS_1904_TO_1970
    if not 0 <= seconds < 1 << 63:
        reason = f"nothing was recorded at {wall_ns}"
        raise Fmp4Error(reason, box="mvhd")
    return seconds


def moov(film: Film, created_s: int, tables: SampleTables, *others: bytes) -> bytes:
    """The box with all tracks. `created_s` is what `created` gave; `others` come behind the tracks."""
    scale = _U32.pack(film.timescale)
    rest = b"\0\1\0\0\1\0" + bytes(10) + _MATRIX + bytes(24) + _U32.pack(len(film.tracks) + 1)
    mvhd = _timed(b"mvhd", 0, created_s, scale, film.length, rest)
    traks = [_trak(film, track, number, created_s, tables) for number, track in enumerate(film.tracks, 1)]
    return make(b"moov", mvhd, *traks, *others)


def _timed(kind: bytes, flags: int, created_s: int, between: bytes, duration: int, rest: bytes) -> bytes:
    """A box that begins with two moments and a duration; in 32 bits, which every player reads, while they fit."""
    version = int(max(created_s, duration) >= _WIDE)
    layout = _U64 if version else _U32
    times = layout.pack(created_s) * 2
    return make_full(kind, version, flags, times, between, layout.pack(duration), rest)


def _trak(film: Film, track: FilmTrack, number: int, created_s: int, tables: SampleTables) -> bytes:
    is_video = track.track.kind == "video"
    volume = b"\0\0" if is_video else b"\1\0"
    size = _U32.pack(track.track.width << 16) + _U32.pack(track.track.height << 16)
    rest = bytes(12) + volume + bytes(2) + _MATRIX + size
    tkhd = _timed(b"tkhd", 3, created_s, _U32.pack(number) + bytes(4), film.length, rest)
    scale = _U32.pack(track.track.timescale)
    language = _UNDETERMINED.to_bytes(2, "big") + bytes(2)
    mdhd = _timed(b"mdhd", 0, created_s, scale, track.length, language)
    handler, name = _HANDLERS["video" if is_video else "audio"]
    hdlr = make_full(b"hdlr", 0, 0, bytes(4), handler, bytes(12), name)
    head = make_full(b"vmhd", 0, 1, bytes(8)) if is_video else make_full(b"smhd", 0, 0, bytes(4))
    dref = make_full(b"dref", 0, 0, _U32.pack(1), make_full(b"url ", 0, 1))
    stsd = make_full(b"stsd", 0, 0, _U32.pack(1), track.track.sample_entry)
    minf = make(b"minf", head, make(b"dinf", dref), make(b"stbl", stsd, *tables(track)))
    return make(b"trak", tkhd, make(b"edts", elst(track.edits)), make(b"mdia", mdhd, hdlr, minf))


def elst(edits: Iterable[Edit]) -> bytes:
    """The edit list (section 8.6.6); an edit without a start is an empty one."""
    rows = [(edit.length, -1 if edit.start is None else edit.start) for edit in edits]
    version = int(max(max(row) for row in rows) >= _NARROW)
    layout = Struct(">QqI") if version else Struct(">IiI")
    # Each is played at its own speed: 1.0, in 16.16 bits.
    return make_full(b"elst", version, 0, _U32.pack(len(rows)), *(layout.pack(*row, 0x10000) for row in rows))
