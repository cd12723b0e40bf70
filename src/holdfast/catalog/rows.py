"""Records to rows and back."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, assert_never

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted
from holdfast.domain.segments import (
    FaultRecord,
    Heartbeat,
    IntentRecord,
    LeftoverRemoved,
    RebuildDone,
    RecorderStopped,
    RunRecord,
    SegmentMoved,
    SegmentRecord,
    SegmentState,
    SessionRecord,
    StreamRecord,
    VolumeForgotten,
    VolumeRecord,
)
from holdfast.ports.catalog import Change


def columns(record: type[Any]) -> tuple[str, ...]:
    """The columns of a record, which are named like its fields."""
    return tuple(field.name for field in fields(record))


_NAMES: dict[type[Any], tuple[str, ...]] = {}
"""What `columns` gave: a rebuild asks a million times."""


def _insert(table: str, names: Iterable[str], key: tuple[str, ...]) -> str:
    # The key's columns alone are not updated; names come from the records above, never from data.
    listed = tuple(names)
    values = ", ".join(f":{name}" for name in listed)
    text = f"INSERT INTO {table} ({', '.join(listed)}) VALUES ({values})"  # noqa: S608 - no data in the text
    if not key:
        return text
    updates = ", ".join(f"{name} = excluded.{name}" for name in listed if name not in key)
    return f"{text} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"


_STREAM_KEY = ("node", "camera", "stream")
_PUT_SEGMENT = _insert("segments", columns(SegmentRecord), ("node", "volume", "path"))
_PUT_VOLUME = _insert("volumes", columns(VolumeRecord), ("node", "name"))
_FORGET_VOLUME = "DELETE FROM volumes WHERE node = :node AND name = :name"
_FORGET_WHAT_WAS_THERE = (
    "DELETE FROM leftovers WHERE node = :node AND volume = :name",
    "UPDATE segments SET home = '' WHERE node = :node AND home = :name",
    "UPDATE segments SET state = 'missing', keep_bytes = NULL WHERE node = :node AND volume = :name",
)
_PUT_LEFTOVER = "INSERT OR IGNORE INTO leftovers (node, volume, path) VALUES (:node, :volume, :path)"
_FORGET_LEFTOVER = "DELETE FROM leftovers WHERE node = :node AND volume = :volume AND path = :path"
# What is in the catalog at the place that a segment moves to gives way. Not with OR REPLACE, which fires no trigger.
_MAKE_WAY = """
DELETE FROM segments
WHERE node = :node AND volume = :to_volume AND path = :to_path AND (volume <> :volume OR path <> :path)
AND EXISTS (SELECT 1 FROM segments WHERE node = :node AND volume = :volume AND path = :path)
"""
_MOVE_SEGMENT = """
UPDATE segments SET volume = :to_volume, path = :to_path, home = ''
WHERE node = :node AND volume = :volume AND path = :path
"""
_PUT_SESSION = _insert("sessions", columns(SessionRecord), (*_STREAM_KEY, "number", "started_wall_ns"))
_PUT_INTENT = _insert("intents", columns(IntentRecord), _STREAM_KEY)
_PUT_STREAM = _insert("streams", columns(StreamRecord), _STREAM_KEY)
_PUT_CERTIFICATE = _insert("certificates", columns(CertificateRecord), ("node", "place"))
_FORGET_CERTIFICATE = "DELETE FROM certificates WHERE node = :node AND place = :place"
_PUT_HEARTBEAT = _insert("heartbeats", (*columns(Heartbeat), "stopped"), ("node",))
_PUT_GAP = _insert("gaps", columns(GapRecord), ("node", "gap_id"))
_PUT_ALARM = _insert("alarms", columns(AlarmRecord), ("node", "alarm_id"))
_PUT_HOLD = _insert("holds", columns(HoldRecord), ("node", "hold_id"))
_RELEASE = "DELETE FROM holds WHERE node = :node AND hold_id = :hold_id"
# Whether it may go is looked at in the very transaction in which it goes: a hold that came first wins.
_DELETE_SEGMENT = """
DELETE FROM segments
WHERE node = :node AND volume = :volume AND path = :path AND state <> 'open' AND keep_bytes IS NULL
AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.node = segments.node AND holds.camera = segments.camera
    AND holds.from_wall_ns < segments.wall_start_ns + max(segments.duration_ns, 1)
    AND holds.to_wall_ns > segments.wall_start_ns)
"""
_REMOVE_GAP = "DELETE FROM gaps WHERE node = :node AND gap_id = :gap_id"
_PUT_REBUILD = _insert("rebuilds", columns(RebuildDone), ("node",))
_PUT_FAULT = _insert("faults", columns(FaultRecord), ())
_KNOW_STREAM = "INSERT OR IGNORE INTO streams (node, camera, stream) VALUES (:node, :camera, :stream)"

# A run that the recorder announces comes after all others of its stream, whatever the wall clock says (invariant I2).
_PUT_RUN = """
INSERT INTO runs (run_id, node, camera, stream, session, order_ns, started_wall_ns, first_ordinal, ended_wall_ns,
    end_reason)
VALUES (:run_id, :node, :camera, :stream, :session,
    max(:started_wall_ns, COALESCE((SELECT max(order_ns) + 1 FROM runs
        WHERE node = :node AND camera = :camera AND stream = :stream), :started_wall_ns)),
    :started_wall_ns, 0, :ended_wall_ns, :end_reason)
ON CONFLICT (run_id) DO UPDATE SET started_wall_ns = excluded.started_wall_ns, first_ordinal = 0,
    ended_wall_ns = excluded.ended_wall_ns, end_reason = excluded.end_reason
"""

# A run found through its segments began where its first known segment did.
_IMPLY_RUN = """
INSERT INTO runs (run_id, node, camera, stream, session, order_ns, started_wall_ns, first_ordinal)
VALUES (:run_id, :node, :camera, :stream, :session, :wall_start_ns, :wall_start_ns, :ordinal)
ON CONFLICT (run_id) DO UPDATE SET order_ns = excluded.order_ns, started_wall_ns = excluded.started_wall_ns,
    first_ordinal = excluded.first_ordinal
WHERE excluded.first_ordinal < runs.first_ordinal
"""


def write(connection: sqlite3.Connection, change: Change) -> None:
    """Put one change into an open transaction. Raises sqlite3.Error, OverflowError or UnicodeError for bad values."""
    values = _values(change)
    if isinstance(change, SegmentRecord | RunRecord | SessionRecord | IntentRecord | GapRecord):
        connection.execute(_KNOW_STREAM, values)
    if isinstance(change, SegmentRecord):
        connection.execute(_IMPLY_RUN, values)
    if isinstance(change, SegmentDeleted):
        _delete(connection, change)
        return
    if isinstance(change, SegmentMoved):
        connection.execute(_PUT_LEFTOVER, values)
        connection.execute(_MAKE_WAY, values)
    if isinstance(change, VolumeForgotten):
        for statement in _FORGET_WHAT_WAS_THERE:
            connection.execute(statement, values)
    connection.execute(_statement(change), values)


def _delete(connection: sqlite3.Connection, change: SegmentDeleted) -> None:
    values = {"node": change.node, "volume": change.volume, "path": change.path}
    if connection.execute(_DELETE_SEGMENT, values).rowcount:
        connection.execute(_PUT_LEFTOVER, values)
        if change.gap is not None:
            write(connection, change.gap)


def _statement(change: Change) -> str:
    match change:
        case SegmentDeleted():
            return _DELETE_SEGMENT
        case HoldRecord():
            return _PUT_HOLD
        case HoldReleased():
            return _RELEASE
        case SegmentRecord():
            return _PUT_SEGMENT
        case SegmentMoved():
            return _MOVE_SEGMENT
        case LeftoverRemoved():
            return _FORGET_LEFTOVER
        case VolumeRecord():
            return _PUT_VOLUME
        case VolumeForgotten():
            return _FORGET_VOLUME
        case RunRecord():
            return _PUT_RUN
        case SessionRecord():
            return _PUT_SESSION
        case IntentRecord():
            return _PUT_INTENT
        case CertificateRecord():
            return _PUT_CERTIFICATE
        case CertificateForgotten():
            return _FORGET_CERTIFICATE
        case StreamRecord():
            return _PUT_STREAM
        case Heartbeat() | RecorderStopped():
            return _PUT_HEARTBEAT
        case RebuildDone():
            return _PUT_REBUILD
        case FaultRecord():
            return _PUT_FAULT
        case GapRecord():
            return _PUT_GAP
        case GapRemoved():
            return _REMOVE_GAP
        case AlarmRecord():
            return _PUT_ALARM
        case _:
            assert_never(change)


def _values(change: Change) -> dict[str, Any]:
    names = _NAMES.get(type(change)) or _NAMES.setdefault(type(change), columns(type(change)))
    values = {name: getattr(change, name) for name in names}
    if isinstance(change, Heartbeat | RecorderStopped):
        values |= {"stopped": isinstance(change, RecorderStopped), "boot_id": getattr(change, "boot_id", "")}
    if isinstance(change, FaultRecord | GapRecord):
        values["detail"] = json.dumps(dict(change.detail), ensure_ascii=False, sort_keys=True, default=str)
    return values


def segment_from(row: sqlite3.Row) -> SegmentRecord:
    """A segment from a row with exactly its columns."""
    values = dict(row)
    values["state"] = SegmentState(values["state"])
    return SegmentRecord(**values)


def fault_from(row: sqlite3.Row) -> FaultRecord:
    """A fault from a row with exactly its columns."""
    values = dict(row)
    values["detail"] = json.loads(values["detail"])
    return FaultRecord(**values)


def gap_from(row: sqlite3.Row) -> GapRecord:
    """A gap from a row with exactly its columns."""
    values = dict(row)
    values["detail"] = json.loads(values["detail"])
    return GapRecord(**values)


def life_from(row: sqlite3.Row) -> Heartbeat | RecorderStopped:
    """The last life of a recorder, from a row of any schema."""
    values = dict(row)
    if values.pop("stopped", 0):
        values.pop("boot_id", None)
        return RecorderStopped(**values)
    return Heartbeat(**values)


def intent_from(row: sqlite3.Row) -> IntentRecord:
    """An intent from a row with exactly its columns."""
    values = dict(row)
    values["wanted"] = bool(values["wanted"])
    return IntentRecord(**values)
