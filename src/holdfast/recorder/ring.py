"""What is in RAM of one stream: fragments that are not yet safe on a disk, and those a recording may begin with.

A fragment leaves only when it is synced, or was never to be recorded (invariant I3); always whole groups of pictures
at a time, so that what is left begins with a key frame and can be written anew after a failure.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.policy.segmenting import FragmentInfo


@dataclass(slots=True)
class Held:
    """One fragment in RAM."""

    info: FragmentInfo
    fragment: Fragment
    init: InitSegment
    segment: int | None = None
    """Key of the segment it was last written to."""
    is_saved: bool = False

    def is_missing(self, is_wanted: bool) -> bool:  # noqa: FBT001 - the one question asked here
        """Whether it was to be recorded and is in no file."""
        return not self.is_saved and (is_wanted or self.segment is not None)

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
        self.size_bytes = 0

    def __iter__(self) -> Iterator[Held]:
        """Oldest first."""
        return iter(self._held.values())

    def __getitem__(self, index: int) -> Held:
        """The fragment of that index. Raises KeyError when it is gone."""
        return self._held[index]

    @property
    def oldest(self) -> int:
        """Index of the oldest fragment; 0 when there is none."""
        return next(iter(self._held), 0)

    def add(self, info: FragmentInfo, fragment: Fragment, init: InitSegment) -> None:
        """The newest fragment, of a take that began with `init`."""
        self._held[info.index] = Held(info, fragment, init)
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

    def release(self, first_needed: int) -> None:
        """Drop what is saved or was never recorded, and is older than `first_needed`."""
        keep_from = None
        for held in self:
            if held.info.index >= first_needed or (held.segment is not None and not held.is_saved):
                break
            if held.info.is_sync:
                keep_from = held.info.index
        else:
            keep_from = first_needed
        if keep_from is not None and self._held:
            self._drop_before(keep_from)

    def shrink(self, limit_bytes: int, *, all_wanted: bool) -> int:
        """Drop oldest groups of pictures, whatever their state, until the limit is kept.

        Returns how much of that was to be recorded and is not saved, in ns of media. `all_wanted`: also what was never
        written, because nothing can be written at present.
        """
        lost_ns = 0
        while self.size_bytes > limit_bytes and self._held:
            oldest, *rest = list(self)
            group = [oldest]
            for held in rest:
                if held.info.is_sync:
                    break
                group.append(held)
            lost_ns += sum(h.info.end_ns - h.info.start_ns for h in group if h.is_missing(all_wanted))
            for held in group:
                self._drop(held)
        return lost_ns

    def _drop_before(self, index: int) -> None:
        for held in list(self):
            if held.info.index >= index:
                break
            self._drop(held)

    def _drop(self, held: Held) -> None:
        del self._held[held.info.index]
        self.size_bytes -= held.info.size_bytes
