"""The recording of one stream, as a lane for each session that still delivers.

A session that was only late goes on delivering after its rival has won. It keeps its own ring, segmenter and open file,
and ends where the winner began, so that no frame is lost and none is there twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from holdfast.domain.faults import Fault, FaultKind
from holdfast.domain.streams import StreamId, Track
from holdfast.domain.times import NS_PER_MS, NS_PER_S, MonoNs
from holdfast.fmp4.stream import Fragment
from holdfast.policy.renewing import renewed
from holdfast.policy.segmenting import FragmentInfo, SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.volumes import Answer
from holdfast.recorder.keys import REFUSED_AT_MOST, KnownKeys, key_of
from holdfast.recorder.lane_totals import LaneTotals, held_bytes
from holdfast.recorder.recording import Recording, Services
from holdfast.recorder.takes import SessionClock

SLACK_NS = NS_PER_S // 2
"""A session whose key frames are not those of its winner ends this much later than the clocks say."""
PAUSE_NS = NS_PER_S // 2
"""Two frames that are further apart than this, and than two usual intervals, have others missing between them."""
REGULAR = 4
"""Within a fragment, the longest frame is not longer than so many of the others, unless there was a pause."""
MOST_LANES = 64
REDATED_NS = 5 * NS_PER_MS
YOUNG_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Turns:
    """What the owner of the stream is told of its lanes."""

    begins: Callable[[int], None]
    """A rival has a key frame that nobody had before."""
    drained: Callable[[int], None]
    """A session has come to where its winner began."""


class Account(Protocol):
    """Keeps account of what is recorded and what is not. Times are those of the host's monotonic clock."""

    def recorded(self, lane: int, from_ns: MonoNs, to_ns: MonoNs, interval_ns: int) -> None:
        """Footage of a session is in the recording: when it was taken, and how far apart its frames are."""

    def redated(self, lane: int, by_ns: int) -> None:
        """All that was recorded of a session was taken this much later than was said."""

    def lost(self, from_ns: MonoNs, to_ns: MonoNs, cause: str, text: str, session: int | None) -> None:
        """Footage was to be recorded, and is known to be lost."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a winner began: its first key frame, and when that was taken."""

    key: bytes
    mono_ns: MonoNs


@dataclass(slots=True, eq=False)
class Lane:
    """One session's recording. Implements `recording.Footage`."""

    session: int
    owner: "Lanes"
    recording: Recording = field(init=False)
    is_rival: bool = False
    """What it delivers is not recorded before it wins."""
    has_begun: bool = False
    has_ended: bool = False
    """The session delivers no more."""
    ends_at: Mark | None = None
    is_drained: bool = False
    is_told: bool = False
    """The owner knows that it is drained."""
    refused: int = 0
    interval_ns: int = 0
    said_delay_ns: int | None = None

    @property
    def clock(self) -> SessionClock:
        """The session's media clock."""
        return self.recording.clock

    def mono_of(self, pts_ns: int) -> MonoNs:
        """When the frame of this media time was taken."""
        delay_ns = self.clock.media.delay_ns
        return MonoNs(pts_ns + (delay_ns if delay_ns is not None else 0))

    def admits(self, info: FragmentInfo, fragment: Fragment) -> bool:
        """See Footage."""
        key = key_of(fragment)
        if not self.has_begun and not self._begins(info, key):
            return False
        if self.is_drained or self._is_at_its_end(info, key):
            return False
        if key is not None:
            self.owner.keys.add(key, self.session)
        return True

    def taken(self, info: FragmentInfo, fragment: Fragment) -> None:
        """See Footage."""
        video = fragment.video
        assert video is not None
        ns = (info.end_ns - info.start_ns) / max(1, video.duration)
        longest_ns = int(video.longest_sample * ns)
        if video.sample_count > 1:
            others_ns = int((video.duration - video.longest_sample) * ns) // (video.sample_count - 1)
            # Around a pause B-frames are crowded together in decode time: that is no new rhythm.
            if not self.interval_ns or REGULAR * others_ns >= longest_ns:
                self.interval_ns = others_ns
        usual_ns = self.interval_ns or longest_ns
        end_ns = info.end_ns
        if longest_ns > max(2 * usual_ns, PAUSE_NS):
            # The muxer makes the last frame before a pause as long as the pause, and ends the fragment with it.
            end_ns = type(end_ns)(end_ns - longest_ns + usual_ns)
        self._say_delay()
        self.owner.account.recorded(self.session, self.mono_of(info.start_ns), self.mono_of(end_ns), usual_ns)

    def unwritable(self, info: FragmentInfo) -> None:
        """See Footage."""
        from_ns, to_ns = self.mono_of(info.start_ns), self.mono_of(info.end_ns)
        self.owner.account.lost(from_ns, to_ns, FaultKind.MUX, "it does not fit into a file", self.session)

    def dropped(self, infos: Sequence[FragmentInfo]) -> None:
        """See Footage."""
        for info in infos:
            from_ns, to_ns = self.mono_of(info.start_ns), self.mono_of(info.end_ns)
            self.owner.account.lost(from_ns, to_ns, FaultKind.FOOTAGE_DROPPED, "memory was full", self.session)

    def redate(self) -> None:
        """A young session's clock gets better with every frame; what was said with the old one is put right."""
        said_ns, delay_ns = self.said_delay_ns, self.clock.media.delay_ns
        if said_ns is None or delay_ns is None or self.clock.age_ns > YOUNG_NS:
            return
        if abs(delay_ns - said_ns) >= REDATED_NS:
            self.said_delay_ns = delay_ns
            self.owner.account.redated(self.session, delay_ns - said_ns)

    def _say_delay(self) -> None:
        if self.said_delay_ns is None:
            self.said_delay_ns = self.clock.media.delay_ns
        else:
            self.redate()

    def _begins(self, info: FragmentInfo, key: bytes | None) -> bool:
        if key is None:
            return False
        if self.refused < REFUSED_AT_MOST and self.owner.keys.is_of_another(key, self.session):
            self.refused += 1
            return False
        mark = Mark(key, self.mono_of(info.start_ns))
        if self.is_rival:
            # Whether it wins is decided by whoever listens: then it is a rival no more.
            self.owner.turns.begins(self.session)
        if self.is_rival:
            return False
        self.has_begun = True
        self.owner.began(self, mark)
        return True

    def _is_at_its_end(self, info: FragmentInfo, key: bytes | None) -> bool:
        end = self.ends_at
        if end is None:
            return False
        is_there = key == end.key and self.owner.keys.tells(end.key)
        if not is_there and self.mono_of(info.start_ns) < end.mono_ns + SLACK_NS:
            return False
        self.is_drained = True
        return True


class Lanes(LaneTotals):
    """All lanes of a stream, oldest first; the newest that is no rival is the current one."""

    def __init__(
        self,
        stream: StreamId,
        rules: SegmentRules,
        services: Services,
        report: Callable[[Fault], None],
        turns: Turns,
        account: Account,
    ) -> None:
        """Nothing is recorded before `start`."""
        self.keys = KnownKeys()
        self.turns, self.account = turns, account
        self.rules = rules
        self._stream, self._services, self._report = stream, services, report
        self._wanted = False
        self._lanes: dict[int, Lane] = {}
        super().__init__(self._lanes)

    # ------------------------------------------------------------ sessions

    def open(self, session: int, *, is_rival: bool) -> None:
        """A session begins."""
        self._forget_done()
        lane = Lane(session, self, is_rival=is_rival)
        lane.recording = Recording(self._stream, self.rules, self._services, self._report, lane)
        self._lanes[session] = lane
        if self._wanted:
            lane.recording.start()

    def close(self, session: int) -> None:
        """The session delivers no more, and all its takes were closed."""
        lane = self._lanes.get(session)
        if lane is not None and not lane.has_ended:
            lane.has_ended = True
            self._forget_done()

    def inherit(self, session: int) -> None:
        """The session is the primary, whatever it was before."""
        lane = self._lanes.get(session)
        if lane is not None:
            lane.is_rival = False

    def began(self, lane: Lane, mark: Mark) -> None:
        """A lane is recorded from here on: older ones, whose last frames may still come, end where it began."""
        for other in self._lanes.values():
            if other.session < lane.session and not other.has_ended and other.ends_at is None:
                other.ends_at = mark

    # ------------------------------------------------------------ what the user wants

    def start(self) -> None:
        """Record from now on."""
        self._wanted = True
        for lane in self._lanes.values():
            lane.recording.start()

    def stop(self) -> None:
        """Record up to this moment."""
        self._wanted = False
        for lane in self._lanes.values():
            # What still comes of one that drains was taken before, however late it comes.
            if lane.ends_at is None:
                lane.recording.stop()

    def set_rules(self, rules: SegmentRules) -> None:
        """Other lengths of files, from the next file on."""
        self.rules = rules
        for lane in self._lanes.values():
            lane.recording.segmenter = replace(lane.recording.segmenter, rules=rules)

    def shut_down(self) -> None:
        """End the open segments with what there is."""
        for lane in self._lanes.values():
            lane.recording.shut_down()

    # ------------------------------------------------------------ events

    def take_opened(self, event: TakeOpened) -> None:
        """A take begins."""
        lane = self._lanes.get(event.session)
        if lane is not None and event.track is Track.SOUND:
            lane.recording.sound.take_opened(event)
        elif lane is not None:
            lane.recording.take_opened(event)

    def take_bytes(self, event: TakeBytes) -> None:
        """The next bytes of a take."""
        lane = self._lanes.get(event.session)
        if lane is None:
            return
        if event.track is Track.SOUND:
            lane.recording.sound.take_bytes(event)
            self._services.memory.holds(self, self.held_bytes)
            return
        lane.recording.take_bytes(event)
        self._services.memory.holds(self, self.held_bytes)
        if lane.is_drained and not lane.is_told:
            lane.is_told = True
            self.turns.drained(lane.session)

    def take_closed(self, event: TakeClosed) -> None:
        """A take ended."""
        lane = self._lanes.get(event.session)
        if lane is not None and event.track is Track.SOUND:
            lane.recording.sound.take_closed(event)
        elif lane is not None:
            lane.recording.take_closed(event)

    def observe(self, session: int, pts_ns: int, arrival_ns: int) -> None:
        """A frame of a session arrived at this moment."""
        lane = self._lanes.get(session)
        if lane is not None:
            lane.clock.observe(session, pts_ns, arrival_ns)
            lane.redate()

    def answered(self, answer: Answer) -> bool:
        """An answer of the writer; False when it is about none of these."""
        return any(lane.recording.answered(answer) for lane in list(self._lanes.values()))

    def try_again(self) -> None:
        """There is a volume again: write what was held back."""
        for lane in list(self._lanes.values()):
            lane.recording.try_again()

    def come_home(self) -> None:
        """A volume that is preferred is in use again: go on there with the next key frame."""
        for lane in list(self._lanes.values()):
            lane.recording.segmenter = renewed(lane.recording.segmenter)

    def tick(self) -> None:
        """Let time pass."""
        for lane in list(self._lanes.values()):
            lane.recording.tick()
        self._forget_done()

    def drop_oldest(self) -> None:
        """See memory.Holder: of the oldest lane that holds something."""
        for lane in self._lanes.values():
            held = held_bytes(lane.recording)
            if held:
                lane.recording.shrink(held - 1)
                return

    # ------------------------------------------------------------ inside

    def _forget_done(self) -> None:
        for session, lane in list(self._lanes.items()):
            is_over = lane.has_ended and lane.recording.is_idle and not lane.recording.open_paths
            if is_over:
                del self._lanes[session]
            elif lane.has_ended and len(self._lanes) > MOST_LANES:
                # What it holds can be written no more, and that is said.
                lane.recording.shrink(0)
                del self._lanes[session]
