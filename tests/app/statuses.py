"""Statuses of streams, as a recorder would tell them."""

from dataclasses import replace
from typing import Any

from holdfast.domain.faults import FaultKind
from holdfast.domain.streams import Mode
from holdfast.policy.connecting import Phase
from holdfast.policy.faults import SENTENCES
from holdfast.recorder.status import RecordingState, StreamStatus

CONNECTED = StreamStatus(
    camera="cam_01",
    stream="main",
    name="cam_01",
    phase=Phase.CONNECTED,
    recording=RecordingState.RECORDING,
    mode=Mode.RECORDING_ONLY,
    session=3,
    fps=15.0,
    bits_per_s=432_100.0,
    file="cam_01/2026-03-29/cam_01_20260329_021500.mp4",
    fault="",
    fault_kind="",
    fault_age_s=None,
    next_try_s=None,
    held_bytes=60_000,
    missing_s=None,
    frames=4711,
)


def status(**changes: Any) -> StreamStatus:
    return replace(CONNECTED, **changes)


def failing(kind: FaultKind = FaultKind.RTSP_NETWORK, **changes: Any) -> StreamStatus:
    """Not connected, with a fault and a next try."""
    return status(
        **{
            "phase": Phase.RECONNECTING,
            "recording": RecordingState.WAITING,
            "fps": 0.0,
            "bits_per_s": 0.0,
            "file": "",
            "fault": SENTENCES[kind],
            "fault_kind": kind,
            "fault_age_s": 12.3,
            "next_try_s": 7.6,
            **changes,
        }
    )
