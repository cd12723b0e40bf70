"""A simulated camera, a user and a disk around the segmenter, and an independent account of what should be recorded."""

from dataclasses import dataclass, field

from holdfast.domain.times import NS_PER_MS, NS_PER_S, PtsNs, WallNs
from holdfast.policy import segmenting
from holdfast.policy.segmenting import (
    Append,
    Arrived,
    Begin,
    EndReason,
    Event,
    Finish,
    FinishNow,
    FragmentInfo,
    Resumed,
    Segmenter,
    SegmentRules,
    Start,
    Stop,
    Suspended,
    TakeEnded,
    Unwritten,
)

WALL_AT_BOOT_NS = 1_700_000_000 * NS_PER_S
EVER = 1 << 62


@dataclass
class File:
    run: int
    fragments: list[FragmentInfo] = field(default_factory=list)
    reason: EndReason | None = None


@dataclass
class Wish:
    """The user wanted a recording from `from_ns` to `to_ns` (true time); `first_take` was the take at the start."""

    from_ns: int
    to_ns: int
    first_take: int
    pre_record: bool
    arrived_before: int
    """How many fragments had arrived when it was asked for."""
    last_take: int = EVER
    """The take at the stop: one that begins afterwards is not asked for."""


@dataclass
class RecordedStream:
    rules: SegmentRules
    drift_ppm: int = 0
    jump_ns: int = 0
    utc_offset_s: int = 3600
    now: Segmenter = field(init=False)
    arrived: list[FragmentInfo] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    """Cut and removed files are gone; the rest is what a disk would have."""
    wishes: list[Wish] = field(default_factory=list)
    tolerated: list[tuple[int, int]] = field(default_factory=list)
    """From where to where (true time) a recording goes on although it was stopped and started again meanwhile."""
    take: int = 0
    at_ns: int = 0
    """True time, which is also media time."""
    user_ns: int = 0
    runs: int = 0
    take_is_open: bool = False

    def __post_init__(self) -> None:
        self.now = Segmenter(self.rules)

    # ------------------------------------------------------------ the camera

    def deliver(self, duration_ms: int, *, is_sync: bool, gap_ms: int = 0, size_bytes: int = 1000) -> None:
        self.at_ns += gap_ms * NS_PER_MS
        start_ns = self.at_ns
        self.at_ns += duration_ms * NS_PER_MS
        if not self.take_is_open:
            self.take += 1
            self.take_is_open = is_sync = True
        wall_ns = WALL_AT_BOOT_NS + self.jump_ns + start_ns + start_ns * self.drift_ppm // 1_000_000
        fragment = FragmentInfo(
            index=len(self.arrived),
            take=(1, self.take),
            start_ns=PtsNs(start_ns),
            end_ns=PtsNs(self.at_ns),
            is_sync=is_sync,
            size_bytes=size_bytes,
            wall_ns=WallNs(wall_ns),
            utc_offset_s=self.utc_offset_s,
        )
        self.arrived.append(fragment)
        self.step(Arrived(fragment))

    def end_take(self, *, silently: bool) -> None:
        """Silently: the next fragment is simply one of another take."""
        self.take_is_open = False
        if not silently:
            self.step(TakeEnded())

    # ------------------------------------------------------------ the user

    def start(self, later_ms: int) -> None:
        if self.now.wanted:
            return
        at_ns = self._user_at_ns(later_ms)
        is_manual = bool(self.now.held) or self.now.segment is not None
        self.wishes.append(Wish(at_ns, EVER, self.take, is_manual, len(self.arrived)))
        self.step(Start(PtsNs(at_ns) if is_manual else None))

    def stop(self, later_ms: int) -> None:
        if not self.now.wanted:
            return
        wish = self.wishes[-1]
        has_take = bool(self.now.held) or self.now.segment is not None
        wish.to_ns = self._user_at_ns(later_ms) if has_take else self.at_ns
        wish.last_take = self.take
        if len(self.wishes) > 1 and self.wishes[-2].to_ns > self.at_ns:
            self.tolerated.append((self.wishes[-2].to_ns, wish.to_ns))
        self.step(Stop(PtsNs(wish.to_ns) if has_take else None))

    def _user_at_ns(self, later_ms: int) -> int:
        """The user's own time never goes back."""
        self.user_ns = max(self.user_ns, self.at_ns + later_ms * NS_PER_MS)
        return self.user_ns

    # ------------------------------------------------------------ the disk

    def lose(self, fragments: int) -> None:
        """The last so many written fragments are not safe after all: cut them off and write them again."""
        written = [(file, n) for file in self.files for n in range(len(file.fragments))]
        if not written:
            return
        file, first = written[-min(fragments, len(written))]
        while not file.fragments[first].is_sync:
            first -= 1
        place = self.files.index(file)
        lost = [(file, file.fragments[first:])] + [(later, later.fragments) for later in self.files[place + 1 :]]
        parts: list[tuple[list[FragmentInfo], File]] = []
        for source, found in lost:
            if parts and parts[-1][1].run == source.run:
                parts[-1] = ([*parts[-1][0], *found], source)
            else:
                parts.append((list(found), source))
        still_open = None if self.now.suspended else self.now.segment
        backlog = tuple(
            Unwritten(tuple(found), None if source is self.files[-1] and still_open else source.reason)
            for found, source in parts
        )
        del file.fragments[first:]
        del self.files[place + (first > 0) :]
        if file.reason is None:
            file.reason = EndReason.WRITE_FAILED
        self.step(Suspended(backlog))

    def resume(self) -> None:
        if self.now.suspended:
            self.step(Resumed(0))

    def end(self) -> None:
        self.end_take(silently=False)
        self.resume()
        self.step(FinishNow(EndReason.SHUTDOWN))

    # ------------------------------------------------------------ what the segmenter says

    def step(self, event: Event) -> None:
        needed_from = len(self.arrived) - 1 if self.now.needed_from is None else self.now.needed_from
        self.now, actions = segmenting.step(self.now, event)
        for action in actions:
            match action:
                case Begin(first, new_run):
                    assert not self.files or self.files[-1].reason is not None, "a segment began inside another"
                    assert first.is_sync
                    self.runs += new_run
                    self.files.append(File(self.runs))
                case Append(fragment):
                    assert fragment.index >= needed_from, "a fragment was asked for that nobody had to keep"
                    assert self.files[-1].reason is None, "a fragment was written to a finished segment"
                    self.files[-1].fragments.append(fragment)
                case Finish(reason):
                    assert self.files[-1].reason is None, "a segment was finished twice"
                    self.files[-1].reason = reason

    # ------------------------------------------------------------ the account

    @property
    def kept(self) -> set[int]:
        """Indexes of what is in files or will be."""
        written = {f.index for file in self.files for f in file.fragments}
        return written | {a.fragment.index for a in self.now.deferred if isinstance(a, Append)}

    def due(self) -> set[int]:
        """Indexes of what must be recorded."""
        waits = self.now.start_at_ns is not None
        wishes = self.wishes[:-1] if waits else self.wishes
        return {f.index for wish in wishes for f in self._of(wish)}

    def allowed(self) -> set[int]:
        """Indexes of what may be recorded."""
        over = {f.index for f in self.arrived for begin, end in self.tolerated if begin < f.end_ns and f.start_ns < end}
        known = {f.index for wish in self.wishes for f in self._of(wish, known=wish.arrived_before)}
        return self.due() | known | over

    def _of(self, wish: Wish, known: int = EVER) -> list[FragmentInfo]:
        """What the wish is about, when it begins with the best of the first `known` key frames."""
        found: list[FragmentInfo] = []
        for take in range(max(1, wish.first_take), min(self.take, wish.last_take) + 1):
            fragments = [f for f in self.arrived if f.take[1] == take]
            if take > wish.first_take or not wish.pre_record:
                fragments = [f for f in fragments if f.index >= wish.arrived_before]
            syncs = [f for f in fragments if f.is_sync]
            first = syncs[0].index if syncs else EVER
            if take == wish.first_take and wish.pre_record:
                early_ns = wish.from_ns - self.rules.pre_record_ns
                first = max([f.index for f in syncs if f.start_ns <= early_ns and f.index < known], default=first)
            found += [f for f in fragments if f.index >= first and f.start_ns < wish.to_ns]
        return found
