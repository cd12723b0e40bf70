"""When sound was made, by the clock of the picture."""

from holdfast.domain.times import NS_PER_MS, NS_PER_S
from holdfast.media.sound_times import IN_ORDER, LOOKS, SoundTimes
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

    def packets(self, count: int = 2, *, late_ns: int = 0) -> None:
        self.times.begin_row()
        for _ in range(count):
            arrival_ns = self.at_ns + PACKET_NS + 30 * NS_PER_MS + late_ns
            self.times.sound(self.at_ns + self.origin_ns, arrival_ns)
            self.at_ns += PACKET_NS


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
    camera.origin_ns += 300 * NS_PER_MS
    for _ in range(LOOKS):
        camera.packets()
    assert camera.times.offset_ns() == BY_ARRIVAL_NS - 300 * NS_PER_MS


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


def test_a_clock_of_sound_that_jumps_is_followed_at_once() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    camera.origin_ns -= 5 * NS_PER_S
    camera.packets(3)
    assert camera.times.offset_ns() == BY_ARRIVAL_NS + 5 * NS_PER_S


def test_the_end_of_disorder_is_told_once_and_what_was_seen_in_it_is_forgotten() -> None:
    camera = Camera()
    camera.picture()
    camera.packets()
    camera.times.reported(REPORTED_NS)
    assert not camera.times.is_in_order_again()
    camera.times.sound(0, camera.at_ns)
    assert camera.times.is_disordered
    assert not camera.times.is_off(0), "nothing is known for sure at the moment"
    camera.times.sound(NS_PER_S // 3, camera.at_ns - NS_PER_S)
    camera.packets(IN_ORDER)
    assert not camera.times.is_in_order_again()
    camera.packets(IN_ORDER + 1)
    assert camera.times.is_in_order_again()
    assert not camera.times.is_in_order_again()
    assert camera.times.offset_ns() == BY_ARRIVAL_NS, "the camera may count from elsewhere, until it reports again"


class Listener:
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
