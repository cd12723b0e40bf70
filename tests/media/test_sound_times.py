"""When sound was made, by the clock of the picture."""

from holdfast.domain.times import NS_PER_MS, NS_PER_S
from holdfast.media.sound_times import IN_ORDER, LOOKS, Order, SoundTimes
from holdfast.media.sync import Reports

PACKET_NS = 64 * NS_PER_MS


class Camera:
    """Picture and sound of one clock, 100 ms and 30 ms late; the pipeline counts sound from 500 ms before."""

    def __init__(self) -> None:
        self.times = SoundTimes()
        self.at_ns = 10 * NS_PER_S
        self.origin_ns = NS_PER_S // 2

    def picture(self, late_ns: int = 0) -> None:
        self.times.video(self.at_ns, self.at_ns + 100 * NS_PER_MS + late_ns)

    def packets(self, count: int = 2, *, late_ns: int = 0) -> list[Order]:
        found = []
        for _ in range(count):
            arrival_ns = self.at_ns + PACKET_NS + 30 * NS_PER_MS + late_ns
            found.append(self.times.sound(self.at_ns + self.origin_ns, arrival_ns))
            self.at_ns += PACKET_NS
        return found


BY_ARRIVAL_NS = -NS_PER_S // 2 - 70 * NS_PER_MS
"""It is off by what the camera needs longer for a picture."""
REPORTED_NS = -NS_PER_S // 2


def test_nothing_is_known_before_both_were_seen() -> None:
    camera = Camera()
    assert camera.times.offset_ns() is None
    assert not camera.times.is_off(0)
    camera.packets()
    assert camera.times.offset_ns() is None
    camera.picture()
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_a_single_packet_tells_nothing_as_its_length_is_not_known() -> None:
    camera = Camera()
    camera.picture()
    camera.packets(1)
    assert camera.times.offset_ns() is None


def test_the_least_late_ones_count() -> None:
    camera = Camera()
    for late_ns in (0, 400 * NS_PER_MS, 20 * NS_PER_MS):
        camera.picture(late_ns)
        camera.packets(late_ns=late_ns // 2)
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_what_was_seen_long_ago_counts_no_more() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    camera.origin_ns -= 40 * NS_PER_MS
    camera.packets(LOOKS + 1)
    assert camera.times.offset_ns() == BY_ARRIVAL_NS + 40 * NS_PER_MS


def test_what_the_camera_reports_wins_over_arrivals_and_is_kept_to_more_closely() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    assert not camera.times.is_off(BY_ARRIVAL_NS + 59 * NS_PER_MS)
    assert camera.times.is_off(BY_ARRIVAL_NS + 61 * NS_PER_MS)
    camera.times.reported(REPORTED_NS)
    assert camera.times.offset_ns() == REPORTED_NS
    assert camera.times.is_off(BY_ARRIVAL_NS)
    assert not camera.times.is_off(REPORTED_NS - 24 * NS_PER_MS)
    assert camera.times.is_off(REPORTED_NS - 26 * NS_PER_MS)


def test_reports_of_two_clocks_are_not_believed() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    camera.times.reported(REPORTED_NS + 3600 * NS_PER_S)
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_when_the_times_of_the_picture_break_all_is_to_be_learnt_anew() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    camera.times.reported(REPORTED_NS)
    camera.times.begin_anew()
    assert camera.times.offset_ns() is None
    camera.picture()
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_a_clock_of_sound_that_jumps_is_followed_when_it_goes_on_from_there() -> None:
    for jump_ns in (-5 * NS_PER_S, 5 * NS_PER_S):
        camera = Camera()
        camera.picture()
        assert set(camera.packets(5)) == {Order.FOLLOWS}
        camera.times.reported(REPORTED_NS)
        camera.origin_ns += jump_ns
        assert camera.packets(IN_ORDER + 2) == [*[Order.NONSENSE] * IN_ORDER, Order.ANEW, Order.FOLLOWS]
        assert camera.times.offset_ns() == BY_ARRIVAL_NS - jump_ns, "until the camera reports again"


def test_packets_at_random_times_change_nothing() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    for number in range(50):
        wrong_ns = camera.at_ns + (-1) ** number * (number + 2) * NS_PER_S
        assert camera.times.sound(wrong_ns, camera.at_ns) is Order.NONSENSE
        assert camera.packets(1) == [Order.FOLLOWS]
    assert camera.packets(IN_ORDER + 1) == [*[Order.FOLLOWS] * (IN_ORDER - 1), Order.ANEW, Order.FOLLOWS]
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_a_short_step_among_nonsense_does_not_make_nonsense_of_what_follows() -> None:
    camera = Camera()
    camera.picture()
    camera.packets(5)
    # A packet by chance right behind a right one, as in a flood of nonsense, and then nothing but nonsense.
    last_ns = camera.at_ns - PACKET_NS + camera.origin_ns
    assert camera.times.sound(last_ns + NS_PER_MS // 8, camera.at_ns + 30 * NS_PER_MS) is Order.FOLLOWS
    camera.at_ns += 5 * NS_PER_S
    camera.origin_ns += 3 * NS_PER_S
    assert Order.ANEW in camera.packets(IN_ORDER + 2)
    assert set(camera.packets(10)) == {Order.FOLLOWS}


def test_by_a_packet_of_nonsense_that_looks_right_sound_is_not_dated_once_it_is_in_order_again() -> None:
    camera = Camera()
    camera.picture()
    camera.packets(5)
    # Two packets further than the last right one, and here at the same time: it seems to be early.
    ahead_ns = camera.at_ns + camera.origin_ns + 2 * PACKET_NS
    assert camera.times.sound(ahead_ns, camera.at_ns + 30 * NS_PER_MS) is Order.FOLLOWS
    assert camera.times.offset_ns() != BY_ARRIVAL_NS
    found = camera.packets(2 * IN_ORDER)
    assert found[0] is Order.NONSENSE
    assert Order.ANEW in found
    camera.packets()
    assert camera.times.offset_ns() == BY_ARRIVAL_NS


def test_steps_that_were_all_learned_from_nonsense_are_forgotten() -> None:
    camera = Camera()
    camera.picture()
    camera.packets(1)
    for number in range(1, 10):
        camera.times.sound(camera.origin_ns + camera.at_ns + number * NS_PER_MS // 8, camera.at_ns)
    camera.at_ns += 3 * NS_PER_S
    camera.origin_ns += 7 * NS_PER_S
    found = camera.packets(2 * NS_PER_S // PACKET_NS)
    assert found[-1] is Order.FOLLOWS
    assert Order.ANEW in found


def test_one_or_two_packets_may_be_lost() -> None:
    camera = Camera()
    camera.packets()
    for lost in (1, 2):
        camera.at_ns += lost * PACKET_NS
        assert camera.packets(2, late_ns=NS_PER_S) == [Order.FOLLOWS] * 2


def test_sound_that_comes_again_after_a_pause_follows_when_it_is_as_late_as_before() -> None:
    camera = Camera()
    camera.packets()
    camera.at_ns += 60 * NS_PER_S
    assert camera.packets(2) == [Order.FOLLOWS] * 2


def test_what_the_network_held_back_follows() -> None:
    camera = Camera()
    camera.packets(4)
    assert set(camera.packets(50, late_ns=4 * NS_PER_S)) == {Order.FOLLOWS}


class Listener:
    is_asked_for = False

    def __init__(self) -> None:
        self.heard: list[int] = []

    def reported(self, offset_ns: int) -> None:
        self.heard.append(offset_ns)

    def ready(self, pad: object, kind: object) -> None:
        """Never here."""

    def unusable(self, text: str) -> None:
        """Never here."""


def test_the_reports_of_two_tracks_tell_how_far_they_are_apart() -> None:
    listener = Listener()
    reports = Reports(listener)
    reports.take(7, ntp=1 << 32, running_ns=0)
    reports.video, reports.sound = 0, 1
    # 3 913 056 000 s since 1900, and half a second.
    noon = 3_913_056_000 << 32
    reports.take(0, ntp=noon, running_ns=4 * NS_PER_S)
    assert listener.heard == []
    reports.take(1, ntp=noon + (1 << 31), running_ns=4 * NS_PER_S)
    assert listener.heard == [NS_PER_S // 2]
