"""The index at the end of a file: `mfra` (ISO/IEC 14496-12, sections 8.8.9 to 8.8.11)."""

from collections.abc import Mapping
from struct import Struct

from holdfast.fmp4.boxes import make, make_full
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import TrackRun

_ENTRY = Struct(">QQBBB")
_TFRA = Struct(">III")
_MFRO_BYTES = 16


class IndexBuilder:
    """Collects what a file needs at its end: its index, its lengths, its count of samples.

    `bases` are the decode times, in ticks by track number, that are 0 in the file.
    """

    def __init__(self, bases: Mapping[int, int]) -> None:
        self._bases = dict(bases)
        self._shown_later: dict[int, int] = {}
        self._entries: dict[int, list[bytes]] = {track_id: [] for track_id in bases}
        self._ends = dict(bases)
        self._samples = 0
        self._fragments = 0

    @property
    def durations(self) -> dict[int, int]:
        """Ticks by track number, from the base to the end of the last sample, pauses between samples included."""
        return {track_id: end - self._bases[track_id] for track_id, end in self._ends.items()}

    @property
    def samples(self) -> int:
        """Video samples."""
        return self._samples

    @property
    def fragments(self) -> int:
        """Fragments."""
        return self._fragments

    def add(self, runs: tuple[TrackRun, ...], offset: int) -> None:
        """Take note of a fragment whose moof is at byte `offset` of the file; in the order of the file.

        Raises Fmp4Error for a track without a base, or a run before it.
        """
        for run in runs:
            if run.decode_time < self._bases.get(run.track_id, run.decode_time + 1):
                reason = f"track {run.track_id} is at {run.decode_time}, before the base of its file"
                raise Fmp4Error(reason)
        for number, run in enumerate(runs, start=1):
            self._ends[run.track_id] = max(self._ends[run.track_id], run.end_time)
            self._samples += run.sample_count if run.kind == "video" else 0
            later = self._shown_later.setdefault(run.track_id, run.first_composition_offset)
            if run.starts_with_sync and number <= 0xFF:
                time = run.decode_time - self._bases[run.track_id] + run.first_composition_offset - later
                self._entries[run.track_id].append(_ENTRY.pack(max(0, time), offset, number, 1, 1))
        self._fragments += 1

    def mfra(self) -> bytes:
        """Return the index of everything added so far, to be the last bytes of the file.

        Entries are presentation times: after the edit list, the first picture is at 0.
        """
        tables = [
            make_full(b"tfra", 1, 0, _TFRA.pack(track_id, 0, len(entries)), *entries)
            for track_id, entries in self._entries.items()
        ]
        size = 8 + sum(map(len, tables)) + _MFRO_BYTES
        return make(b"mfra", *tables, make_full(b"mfro", 0, 0, size.to_bytes(4, "big")))
