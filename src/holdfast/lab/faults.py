"""What can be asked of a running simulated camera: a table of commands, one line each way (JSON)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import Camera
from holdfast.lab.clips import ClipError, ClipSpec, cached
from holdfast.lab.feeds import ClipFeed
from holdfast.lab.listener import Listener

_MAX_LINE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Station:
    """A camera with the port it answers on and, unless it is live, its clip."""

    camera: Camera
    listener: Listener
    feed: ClipFeed | None
    url: str


Arguments = dict[str, Any]
Command = Callable[[Station, Arguments], Awaitable[Any]]


async def _refuse(station: Station, _: Arguments) -> None:
    await station.listener.refuse()


async def _listen(station: Station, _: Arguments) -> None:
    await station.listener.listen()


async def _close_clients(station: Station, arguments: Arguments) -> int:
    return station.camera.close_clients(reset=bool(arguments.get("reset", False)))


async def _pause(station: Station, arguments: Arguments) -> None:
    station.camera.pause(float(arguments["seconds"]), deliver_late=bool(arguments.get("deliver_late", False)))


async def _change(station: Station, arguments: Arguments) -> None:
    if station.feed is None:
        raise ClipError("a live camera cannot change its clip")
    spec = ClipSpec.from_json(station.camera.spec.clip.as_json() | arguments)
    clip = await asyncio.to_thread(cached, spec)
    station.feed.change(clip)


async def _no_keyframes(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.no_keyframes = bool(arguments.get("on", True))


async def _no_video(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.no_video = bool(arguments.get("on", True))


async def _deaf(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.deaf = bool(arguments.get("on", True))


async def _status(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.status = int(arguments["code"])


async def _served(station: Station, _: Arguments) -> list[ServedFrame]:
    return station.camera.served()


async def _sessions(station: Station, _: Arguments) -> list[dict[str, Any]]:
    return [account.summary() for account in station.camera.sessions]


COMMANDS: dict[str, Command] = {
    "refuse": _refuse,
    "listen": _listen,
    "close_clients": _close_clients,
    "pause": _pause,
    "change": _change,
    "no_keyframes": _no_keyframes,
    "no_video": _no_video,
    "deaf": _deaf,
    "status": _status,
    "served": _served,
    "sessions": _sessions,
}
"""A new fault is a line here and a function above."""


async def serve_control(stations: list[Station], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer `{"command": ..., "camera": index, "arguments": {...}}` with `{"result": ...}` or `{"error": ...}`."""
    try:
        while line := await reader.readline():
            writer.write(json.dumps(await _answer(stations, line)).encode() + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def _answer(stations: list[Station], line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
        command = COMMANDS[asked["command"]]
        return {"result": await command(stations[asked["camera"]], asked.get("arguments", {}))}
    except (ValueError, KeyError, IndexError, TypeError, ClipError, OSError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


async def start_control(stations: list[Station]) -> tuple[asyncio.Server, int]:
    """Open the control port on loopback; returns the server and the port."""
    server = await asyncio.start_server(
        lambda reader, writer: serve_control(stations, reader, writer), "127.0.0.1", 0, limit=_MAX_LINE_BYTES
    )
    return server, server.sockets[0].getsockname()[1]
