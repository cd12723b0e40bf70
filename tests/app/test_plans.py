"""From a configuration to what the recorder is asked for."""

from pathlib import Path

from holdfast.app.plans import connection_from, plans_from
from holdfast.config.settings import CameraSettings, RecorderSettings, Settings, VolumeSettings
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.policy.connecting import ConnectionSettings

MAIN, SUB = StreamAddress("rtsp://h/a"), StreamAddress("rtsp://h/b")


def test_what_is_not_said_is_as_the_policy_has_it() -> None:
    assert connection_from(RecorderSettings()) == ConnectionSettings()


def test_every_timing_reaches_the_policy() -> None:
    recorder = RecorderSettings(retry_base_s=0.8, retry_cap_s=30, max_retries=7, suspect_after_s=1.5)
    made = connection_from(recorder)
    assert (made.backoff.base_s, made.backoff.cap_s, made.max_retries, made.suspect_s) == (0.8, 30, 7, 1.5)
    assert made.quick_for_s == ConnectionSettings().quick_for_s


def test_whoever_asks_for_slow_tries_gets_no_quick_ones() -> None:
    assert connection_from(RecorderSettings(retry_base_s=5)).quick_for_s == 0


def test_a_second_stream_is_captured_only_to_be_recorded() -> None:
    second = CameraSettings("cam_02", MAIN, sub=SUB, record_sub=True, one_session=True, audio=True)
    cameras = (CameraSettings("cam_01", MAIN, sub=SUB), second)
    plans = plans_from(Settings((VolumeSettings(Path("/x")),), cameras))
    assert [plan.stream for plan in plans] == [StreamId("cam_01"), StreamId("cam_02"), StreamId("cam_02", "sub")]
    assert [plan.sound for plan in plans] == [False, True, True]
    assert [plan.connection.one_session for plan in plans] == [False, True, True]
