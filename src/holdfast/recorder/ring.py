"""What is in RAM of one stream: fragments that are not yet safe on a disk, and those a recording may begin with.

A fragment leaves only when it is synced, or was never to be recorded (invariant I3); always whole groups of pictures
at a time, so that what is left begins with a key frame and can be written anew after a failure.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.policy.segmenting import EndReason, FragmentInfo, Unwritten


@dataclass(slots=True)
class Held:
    """One fragment in RAM."""

    info: FragmentInfo
    fragment: Fragment
    init: InitSegment
    segment: int | None = None
    """Key of the segment it was last written to."""
    is_saved: bool = False
    begins_run: bool = False
    """It was the first of a run when it was last written."""

    @property
    def samples(self) -> int:
        """Video frames in it."""
        video = self.fragment.video
        return video.sample_count if video is not None else 0


class Ring:
    """Fragments by index, oldest first."""

    def __init__(self) -> None:
        """Empty."""
        self._held: OrderedDict[int, Held] = OrderedDict()
        self._next_index = 0
        self.size_bytes = 0

    def __iter__(self) -> Iterator[Held]:
        """Oldest first."""
        return iter(self._held.values())

    def __getitem__(self, index: int) -> Held:
        """The fragment of that index. Raises KeyError when it is gone."""
        return self._held[index]

    @property
    def oldest(self) -> int:
        """Index of the oldest fragment; when there is none, that of the one to come."""
        return next(iter(self._held), self._next_index)

    @property
    def span_ns(self) -> int:
        """Media time from the begin of the oldest to the end of the newest; 0 when there is none."""
        if not self._held:
            return 0
        oldest, newest = self._held[self.oldest].info, self._held[next(reversed(self._held))].info
        # Times of two takes may have nothing to do with each other.
        return max(0, newest.end_ns - oldest.start_ns)

    def add(self, info: FragmentInfo, fragment: Fragment, init: InitSegment) -> None:
        """The newest fragment, of a take that began with `init`."""
        self._held[info.index] = Held(info, fragment, init)
        self._next_index = info.index + 1
        self.size_bytes += info.size_bytes

    def saved(self, segment: int, up_to_index: int) -> None:
        """Everything of this segment up to this index is on the disk."""
        for held in self._held.values():
            if held.info.index > up_to_index:
                break
            if held.segment == segment:
                held.is_saved = True

    def first_unsaved(self, segment: int) -> int | None:
        """Index of the first fragment that was written to this segment and is not safe."""
        return next((h.info.index for h in self if h.segment == segment and not h.is_saved), None)

    def from_key_frame(self, index: int) -> list[Held]:
        """All from the last key frame at or before `index` of the same take, or the first one after it."""
        fragments = list(self)
        keys = [n for n, h in enumerate(fragments) if h.info.is_sync]
        before = [n for n in keys if fragments[n].info.index <= index]
        first = before[-1] if before else (keys[0] if keys else len(fragments))
        return fragments[first:]

    def release(self, needed_from: int | None) -> None:
        """Drop what is saved or was never recorded, and is older than `needed_from` (None: nothing more is needed)."""
        first_needed = self._next_index if needed_from is None else needed_from
        keep_from = None
        for held in self:
            if held.info.is_sync:
                keep_from = held.info.index
            if held.info.index >= first_needed or (held.segment is not None and not held.is_saved):
                break
        else:
            keep_from = first_needed
        if keep_from is not None:
            self._drop_before(keep_from)

    def shrink(self, limit_bytes: int, *, wanted: frozenset[int]) -> list[FragmentInfo]:
        """Drop oldest groups of pictures, whatever their state, until the limit is kept.

        Returns what of that was to be recorded and is not saved. `wanted`: indexes of what waits to be written.
        """
        lost: list[FragmentInfo] = []
        while self.size_bytes > limit_bytes and self._held:
            oldest, *rest = list(self)
            group = [oldest]
            for held in rest:
                if held.info.is_sync:
                    break
                group.append(held)
            lost += [h.info for h in group if not h.is_saved and (h.segment is not None or h.info.index in wanted)]
            for held in group:
                self._drop(held)
        return lost

    def _drop_before(self, index: int) -> None:
        for held in list(self):
            if held.info.index >= index:
                break
            self._drop(held)

    def _drop(self, held: Held) -> None:
        del self._held[held.info.index]
        self.size_bytes -= held.info.size_bytes


def unwritten(backlog: Sequence[Held], reasons: Mapping[int, EndReason | None]) -> tuple[Unwritten, ...]:
    """What has to be written again, run by run. `reasons`: why each of the segments it was written to has ended."""
    parts: list[list[Held]] = []
    for held in backlog:
        if not parts or held.begins_run or held.info.index != parts[-1][-1].info.index + 1:
            parts.append([])
        parts[-1].append(held)
    return tuple(Unwritten(tuple(h.info for h in part), reasons.get(part[-1].segment or 0)) for part in parts)
