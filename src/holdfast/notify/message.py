"""What is told of an alarm: the same for a command and for a webhook. Texts are in English, as in the log."""

import json
import socket
from datetime import UTC, datetime

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.times import NS_PER_S, WallNs

Message = dict[str, str | int | None]


def message_of(alarm: AlarmRecord) -> Message:
    """The alarm for a program. `text` is there because several chats show just that of a webhook."""
    event = "raised" if alarm.cleared_wall_ns is None else "cleared"
    about = f"{alarm.subject}: " if alarm.subject else ""
    host = socket.gethostname()
    return {
        "event": event,
        "id": alarm.alarm_id,
        "kind": alarm.kind,
        "severity": alarm.severity,
        "subject": alarm.subject,
        "sentence": alarm.sentence,
        "raised": _iso(alarm.raised_wall_ns),
        "cleared": None if alarm.cleared_wall_ns is None else _iso(alarm.cleared_wall_ns),
        "raised_ns": alarm.raised_wall_ns,
        "cleared_ns": alarm.cleared_wall_ns,
        "host": host,
        "node": alarm.node,
        "text": f"Holdfast on {host}: {event}, {alarm.severity}: {about}{alarm.sentence}",
    }


def json_of(message: Message) -> bytes:
    """As it is sent."""
    return json.dumps(message, ensure_ascii=False).encode()


def environment_of(message: Message) -> dict[str, str]:
    """`HOLDFAST_ALARM_KIND` and so on, for a command that would rather not read JSON."""
    shown = {name: "" if value is None else str(value) for name, value in message.items()}
    # An environment holds no NUL, and nothing that is no text.
    return {
        f"HOLDFAST_ALARM_{name.upper()}": value.replace("\0", " ").encode(errors="replace").decode()
        for name, value in shown.items()
    }


def _iso(wall_ns: WallNs) -> str:
    return datetime.fromtimestamp(wall_ns / NS_PER_S, tz=UTC).astimezone().isoformat(timespec="milliseconds")
