"""From a configuration to what the recorder is asked for."""

from dataclasses import replace

from holdfast.config.settings import AlarmSettings, CameraSettings, RecorderSettings, RetentionSettings, Settings
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.media.pool import PoolSettings
from holdfast.notify.deliveries import DeliverySettings
from holdfast.policy.alarms import AlarmRules
from holdfast.policy.backoff import Backoff
from holdfast.policy.connecting import ConnectionSettings
from holdfast.policy.retention import CameraRules, MinFree, RetentionRules
from holdfast.policy.segmenting import SegmentRules
from holdfast.recorder.supervisor import StreamPlan

SLOWEST_QUICK_S = 1.0
"""A longer first wait is a wish for slow tries, such as the 5 s of the description."""


def plans_from(settings: Settings) -> tuple[StreamPlan, ...]:
    """Every stream that is to be captured, in the order of the configuration."""
    plans = []
    for camera in settings.cameras:
        plans.append(_plan(settings, camera, "main", camera.main))
        if camera.sub is not None and camera.record_sub:
            # Without a live view a second stream is of use only in a file.
            plans.append(_plan(settings, camera, "sub", camera.sub))
    return tuple(plans)


def pool_from(settings: Settings) -> PoolSettings:
    """The capture processes."""
    recorder = settings.recorder
    return PoolSettings(streams_per_worker=recorder.cameras_per_worker, memory_limit_bytes=recorder.worker_memory_bytes)


def connection_from(recorder: RecorderSettings, *, one_session: bool = False) -> ConnectionSettings:
    """Timings of connecting. Whoever asks for slow tries gets no quick ones after a session that had worked."""
    usual = ConnectionSettings()
    return ConnectionSettings(
        backoff=Backoff(base_s=recorder.retry_base_s, cap_s=recorder.retry_cap_s),
        suspect_s=recorder.suspect_after_s,
        max_retries=recorder.max_retries,
        quick_for_s=usual.quick_for_s if recorder.retry_base_s <= SLOWEST_QUICK_S else 0.0,
        one_session=one_session,
    )


def alarm_rules_from(alarms: AlarmSettings) -> AlarmRules:
    """From when on something is an alarm."""
    return AlarmRules(
        unsaved_after_s=alarms.unsaved_after_s,
        error_after_s=alarms.error_after_s,
        slow_after_s=alarms.slow_after_s,
        memory_percent=alarms.memory_percent,
        clear_after_s=alarms.clear_after_s,
    )


def deliveries_from(alarms: AlarmSettings) -> DeliverySettings:
    """Who is told of them."""
    return DeliverySettings(
        command=alarms.command,
        command_timeout_s=alarms.command_timeout_s,
        webhook=alarms.webhook,
        webhook_timeout_s=alarms.webhook_timeout_s,
        heartbeat=alarms.heartbeat,
        heartbeat_every_s=alarms.heartbeat_every_s,
        heartbeat_method=alarms.heartbeat_method,
    )


def retention_from(settings: Settings) -> RetentionRules:
    """What is deleted by itself."""
    cameras = {
        camera.id: CameraRules(_ns(camera.max_age_s), camera.quota_bytes)
        for camera in settings.cameras
        if camera.max_age_s is not None or camera.quota_bytes is not None
    }
    return replace(retention_rules(settings.retention), cameras=cameras)


def retention_rules(retention: RetentionSettings) -> RetentionRules:
    """What holds for all cameras."""
    size_bytes, percent = retention.min_free_bytes, retention.min_free_percent
    min_free = MinFree(size_bytes, percent) if size_bytes or percent else None
    return RetentionRules(retention.enabled, _ns(retention.max_age_s), min_free)


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * NS_PER_S)


def needs_restart(running: Settings, wanted: Settings) -> tuple[str, ...]:
    """Keys whose change takes effect with the next start only."""
    pairs = {
        "volume": (running.volumes, wanted.volumes),
        "storage": (running.storage, wanted.storage),
        "recorder.cameras_per_worker": (running.recorder.cameras_per_worker, wanted.recorder.cameras_per_worker),
        "recorder.worker_memory": (running.recorder.worker_memory_bytes, wanted.recorder.worker_memory_bytes),
        "logging.format": (running.logging.format, wanted.logging.format),
    }
    return tuple(key for key, (now, then) in pairs.items() if now != then)


def _plan(settings: Settings, camera: CameraSettings, stream: str, address: StreamAddress) -> StreamPlan:
    recorder = settings.recorder
    segment_s = recorder.segment_s if camera.segment_s is None else camera.segment_s
    return StreamPlan(
        StreamId(camera.id, stream),
        address,
        name=camera.name,
        rules=SegmentRules(
            duration_ns=int(segment_s * NS_PER_S),
            size_bytes=recorder.segment_size_bytes,
            pre_record_ns=int(recorder.pre_record_s * NS_PER_S),
        ),
        connection=connection_from(recorder, one_session=camera.one_session),
        records=camera.record if stream == "main" else camera.record_sub,
        sound=camera.audio,
    )
