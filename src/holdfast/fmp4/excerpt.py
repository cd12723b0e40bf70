"""Which samples a range of a film needs: those that are shown in it, and those without which they cannot be decoded.

What counts is when a picture is shown, not when it is decoded: with B-pictures these are two orders.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.fmp4.samples import SampleTable


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Pictures of one file, from a key frame on.

    `shown_from` is the composition time, in ticks, of the first that is shown, `shown_to` where the last one ends.
    `shown` of the samples are shown. `hidden_before` and `hidden_after` are only decoded: others need them.
    """

    samples: SampleTable
    shown_from: int
    shown_to: int
    shown: int
    hidden_before: int
    hidden_after: int


def excerpt(video: SampleTable, begin: int, end: int, *, continues: bool = False) -> Excerpt | None:
    """Return the pictures whose composition time is in `begin <= t < end`; None when there are none.

    `continues`: what comes before this file goes on into it without a break, so that pictures which are shown before
    its first key frame can be decoded. Otherwise such pictures are left out.
    """
    times = video.shown()
    shown = [number for number, time in enumerate(times) if begin <= time < end]
    if not shown:
        return None
    first_time = min(times[number] for number in shown)
    start = _key_frame_before(video, times, shown[0], first_time)
    if start is None and continues:
        start = 0
    if start is None:
        start = video.syncs.find(1)
        if not 0 <= start <= shown[-1]:
            return None
        shown = [number for number in shown if number >= start and times[number] >= times[start]]
        if not shown:
            # The key frame itself is shown behind the end.
            return None
        first_time = min(times[number] for number in shown)
    is_whole = continues and start == 0
    needed = list(range(shown[-1] + 1)) if is_whole else _without_leading(video, times, start, shown[-1])
    return _excerpt(video.picked(needed), first_time, begin, end)


def _excerpt(samples: SampleTable, first_time: int, begin: int, end: int) -> Excerpt:
    usual = sorted(samples.durations)[len(samples) // 2]
    if samples.durations[-1] * 2 < usual:
        # The last of a session: when the next one would have come nobody knew, and the muxer wrote 0.
        samples.durations[-1] = usual
    times = samples.shown()
    shown = [number for number, time in enumerate(times) if max(first_time, begin) <= time < end]
    last = max(shown, key=times.__getitem__)
    after = min((time for time in times if time > times[last]), default=times[last] + samples.durations[last])
    return Excerpt(
        samples=samples,
        shown_from=first_time,
        shown_to=max(times[last] + 1, min(after, end)),
        shown=len(shown),
        hidden_before=sum(time < first_time for time in times),
        hidden_after=sum(time >= end for time in times),
    )


def _key_frame_before(video: SampleTable, times: Sequence[int], number: int, first_time: int) -> int | None:
    """Return the last key frame up to this sample that is shown no later than `first_time`; None: there is none.

    A key frame that is shown later has pictures before it that need the group before (an open group of pictures).
    """
    start = video.syncs.rfind(1, 0, number + 1)
    while start >= 0 and times[start] > first_time:
        start = video.syncs.rfind(1, 0, start)
    return start if start >= 0 else None


def _without_leading(video: SampleTable, times: Sequence[int], start: int, last: int) -> list[int]:
    """The samples from `start` to `last`, but not those that are shown before the key frame that it is."""
    until = video.syncs.find(1, start + 1, last + 1)
    group = range(start, last + 1 if until < 0 else until)
    return [number for number in group if times[number] >= times[start]] + list(range(group.stop, last + 1))


def heard(sound: SampleTable, begin: int, end: int, *, warm_up: bool) -> SampleTable:
    """Return the frames of sound that are heard in `begin <= t < end`, in ticks of their track.

    `warm_up`: one more at the begin, because a frame of AAC is decoded with the help of the one before it.
    """
    low = bisect_left(sound.times, begin)
    if low > 0 and sound.times[low - 1] + sound.durations[low - 1] > begin:
        low -= 1
    if warm_up and low > 0:
        low -= 1
    return sound.picked(range(low, max(low, bisect_left(sound.times, end))))
