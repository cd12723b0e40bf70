"""From a byte stream, in pieces of any size, to whole fragments."""

from dataclasses import dataclass
from typing import TypeAlias

from holdfast.fmp4.boxes import DEFAULT_LIMITS, Box, Buffer, Limits, children, read_box
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import TrackRun, read_runs
from holdfast.fmp4.tracks import Track, read_tracks, video_track

_IGNORED = frozenset((b"free", b"skip", b"styp", b"sidx", b"prft", b"emsg", b"uuid"))


@dataclass(frozen=True, slots=True)
class InitSegment:
    """`ftyp` and `moov`, as they came."""

    data: bytes
    tracks: tuple[Track, ...]

    @property
    def video(self) -> Track:
        """The first video track. Raises Fmp4Error when there is none."""
        return video_track(self.tracks)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` and its `mdat`, as they came: `data` is both, the first `moof_bytes` of it are the moof."""

    data: bytes
    moof_bytes: int
    runs: tuple[TrackRun, ...]

    @property
    def video(self) -> TrackRun | None:
        """The run of the first video track in it."""
        return next((run for run in self.runs if run.kind == "video"), None)

    @property
    def starts_with_sync(self) -> bool:
        """Whether a file may begin with it: its video begins with a key frame."""
        video = self.video
        return video is not None and video.starts_with_sync


@dataclass(frozen=True, slots=True)
class Trailer:
    """`mfra`: the muxer ended in order. Its offsets are those of the stream, of no use in a file of ours."""

    data: bytes


Piece: TypeAlias = InitSegment | Fragment | Trailer


class FragmentSplitter:
    """Cuts a stream of `ftyp moov (moof mdat)* mfra` into its pieces. Other known boxes between them are left out.

    It keeps at most one piece that is not complete, never more than the limits allow.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._pending = bytearray()
        self._source = memoryview(b"")
        self._held: Box | None = None
        self._tracks: dict[int, Track] = {}
        self._position = 0
        self._error: Fmp4Error | None = None

    @property
    def pending_bytes(self) -> int:
        """Bytes of a piece that is not complete yet; 0 at a boundary between pieces."""
        return len(self._pending)

    def feed(self, data: bytes | bytearray | memoryview) -> list[Piece]:
        """Return the pieces that became complete, in order.

        Raises Fmp4Error at bytes that cannot be; its offset counts from the start of the stream. Pieces that were
        complete before those bytes are returned first: then the next call raises. After an error every call does.
        """
        pieces: list[Piece] = []
        if self._error is None:
            # Mostly nothing is pending and whole pieces arrive: they are cut out of `data` and copied only once.
            whole: Buffer = data
            if self._pending:
                self._pending += data
                whole = self._pending
            self._source = memoryview(whole)
            try:
                while self._advance(pieces):
                    pass
            except Fmp4Error as error:
                self._error = error.moved(self._position)
                self._source = memoryview(b"")
            if whole is not self._pending or len(self._source) < len(whole):
                self._pending = bytearray(self._source)
            self._source = memoryview(b"")
        if self._error is not None and not pieces:
            raise self._error
        return pieces

    def _advance(self, pieces: list[Piece]) -> bool:
        """Deal with the next box, if it is there as a whole."""
        at = self._held.end if self._held else 0
        source = self._source
        box = read_box(source, at, len(source))
        if box is None:
            return False
        self._check(box)
        if box.end > len(source):
            return False
        match box.kind:
            case b"ftyp" | b"moof":
                self._held = box
            case b"moov":
                pieces.append(self._take_init(box))
            case b"mdat":
                pieces.append(self._take_fragment(box))
            case b"mfra":
                self._tracks = {}
                pieces.append(Trailer(self._take(box.end)))
            case _:
                self._take(box.end)
        return True

    def _check(self, box: Box) -> None:
        """Refuse a box as soon as its header is known, before its bytes are waited for."""
        before = self._held.kind if self._held else None
        expected = {b"moov": b"ftyp", b"mdat": b"moof"}.get(box.kind)
        if box.kind not in _IGNORED | {b"ftyp", b"moov", b"moof", b"mdat", b"mfra"}:
            reason = "is no box of a fragmented stream"
            raise box.error(reason)
        if before != expected:
            reason = f"follows {self._held.name!r}" if self._held else "comes alone"
            raise box.error(reason)
        if box.kind in (b"moof", b"mfra") and not self._tracks:
            reason = "comes before any moov"
            raise box.error(reason)
        size = box.end - box.start
        limit = self._limits.of(box.kind)
        if size > limit:
            reason = f"has {size} bytes, more than the {limit} allowed"
            raise box.error(reason)
        if int.from_bytes(self._source[box.start : box.start + 4]) == 0:
            reason = "has no size, which a stream without end cannot have"
            raise box.error(reason)

    def _take(self, size: int) -> bytes:
        data = bytes(self._source[:size])
        self._source = self._source[size:]
        self._held = None
        self._position += size
        return data

    def _take_init(self, moov: Box) -> InitSegment:
        tracks = read_tracks(bytes(self._source[: moov.end]), moov)
        self._tracks = {track.track_id: track for track in tracks}
        return InitSegment(self._take(moov.end), tracks)

    def _take_fragment(self, mdat: Box) -> Fragment:
        moof = next(children(self._source, 0, mdat.start))
        runs = read_runs(self._source, moof, range(mdat.body, mdat.end), self._tracks)
        return Fragment(self._take(mdat.end), moof.end, runs)
