"""What can be asked of a running simulated camera: a table of commands, one line each way (JSON)."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import Camera
from holdfast.lab.clips import ClipError, ClipSpec, cached
from holdfast.lab.feeds import ClipFeed
from holdfast.lab.listener import Listener
from holdfast.lab.proxy import CAMERA_NOTICES_S, End, NetworkPath
from holdfast.lab.sound_feed import MANNERS, SoundFeed
from holdfast.lab.troubles import Admission, Times, switched

_MAX_LINE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Station:
    """A camera with the ports it answers on and, unless it is live, its clip."""

    camera: Camera
    listeners: tuple[Listener, ...]
    """The first one's port is given out. Behind a network path there is a second, which only the path calls."""
    feed: ClipFeed | None
    url: str
    path: NetworkPath | None = None
    sound: SoundFeed | None = None

    @property
    def listener(self) -> Listener:
        """The one that clients call."""
        return self.listeners[0]

    @property
    def network(self) -> NetworkPath:
        """The path to the camera. Raises ValueError when its clients reach it without one."""
        if self.path is None:
            raise ValueError("this camera is not proxied")
        return self.path


Arguments = dict[str, Any]
Command = Callable[[Station, Arguments], Awaitable[Any]]


# ---------------------------------------------------------------- the port


async def _refuse(station: Station, _: Arguments) -> None:
    await station.listener.refuse()


async def _listen(station: Station, _: Arguments) -> None:
    await station.listener.listen()


async def _unreachable(station: Station, arguments: Arguments) -> None:
    await station.listener.drop_calls()
    if station.path is not None:
        station.path.vanish()
    _later(float(arguments["seconds"]), station.listener.listen)


async def _boot(station: Station, arguments: Arguments) -> int:
    refuse_s, not_found_s = float(arguments["refuse_s"]), float(arguments["not_found_s"])
    camera = station.camera
    camera.close_clients(reset=True, end="rebooted")
    await station.listener.refuse()
    camera.troubles.status = 404
    _later(refuse_s, station.listener.listen)
    _later(refuse_s + not_found_s, partial(_status, station, {"code": 0}))
    return time.time_ns() + round((refuse_s + not_found_s) * 1e9)


def _later(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Something that the lab does by its own clock, whoever waits for what."""

    def begin() -> None:
        task = asyncio.ensure_future(act())
        _RUNNING.add(task)
        task.add_done_callback(_RUNNING.discard)

    asyncio.get_running_loop().call_later(seconds, begin)


_RUNNING: set[asyncio.Future[None]] = set()
"""The loop itself holds its tasks only weakly."""


# ---------------------------------------------------------------- the camera


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
    troubles, code, method = station.camera.troubles, int(arguments["code"]), str(arguments.get("method", ""))
    if method:
        troubles.statuses = switched(troubles.statuses, method, code)
    else:
        troubles.status = code


async def _slow(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.delays_s[str(arguments["method"])] = float(arguments["seconds"])


async def _one_session(station: Station, arguments: Arguments) -> None:
    troubles = station.camera.troubles
    troubles.admission = _ADMISSIONS[str(arguments["admission"])]
    troubles.refuses_with = int(arguments.get("code", troubles.refuses_with))
    troubles.refuses_at = str(arguments.get("method", troubles.refuses_at))


async def _times(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.times = _TIMES[str(arguments["times"])]


async def _lose(station: Station, arguments: Arguments) -> None:
    troubles = station.camera.troubles
    troubles.lost_share = float(arguments["share"])
    troubles.lost_until_s = asyncio.get_running_loop().time() + float(arguments["seconds"])


async def _sound(station: Station, arguments: Arguments) -> None:
    if station.sound is None:
        raise ValueError("this camera has no sound")
    station.sound.manner = MANNERS[MANNERS.index(arguments["manner"])]


async def _refuse_sound(station: Station, arguments: Arguments) -> None:
    station.camera.troubles.refuses_sound_with = int(arguments["code"])


_ADMISSIONS: dict[str, Admission] = {"any": "any", "refuse": "refuse", "kick": "kick"}
_TIMES: dict[str, Times] = {"right": "right", "still": "still", "random": "random"}


# ---------------------------------------------------------------- the network path to it


async def _hold(station: Station, arguments: Arguments) -> int:
    return station.network.hold(float(arguments["seconds"]), whole_path=bool(arguments.get("whole_path", False)))


async def _vanish(station: Station, arguments: Arguments) -> int:
    return station.network.vanish(
        whole_path=bool(arguments.get("whole_path", False)),
        seconds=float(arguments.get("seconds", 0.0)),
        camera_notices_s=float(arguments.get("camera_notices_s", CAMERA_NOTICES_S)),
    )


async def _drip(station: Station, arguments: Arguments) -> None:
    station.network.drip(float(arguments["bytes_per_s"]), float(arguments["seconds"]))


async def _late(station: Station, arguments: Arguments) -> None:
    station.network.late(float(arguments["delay_s"]))


async def _garble(station: Station, arguments: Arguments) -> None:
    station.network.garble(float(arguments["share"]), float(arguments["seconds"]))


async def _garble_framing(station: Station, _: Arguments) -> int:
    return station.network.garble_framing()


async def _end(station: Station, arguments: Arguments) -> int:
    return station.network.end(End(arguments["how"]))


# ---------------------------------------------------------------- the account


async def _served(station: Station, _: Arguments) -> list[ServedFrame]:
    return station.camera.served()


async def _sessions(station: Station, _: Arguments) -> list[dict[str, Any]]:
    return [account.summary() for account in station.camera.sessions]


async def _requests(station: Station, _: Arguments) -> list[tuple[int, str]]:
    return station.camera.requests


COMMANDS: dict[str, Command] = {
    "refuse": _refuse,
    "listen": _listen,
    "unreachable": _unreachable,
    "boot": _boot,
    "close_clients": _close_clients,
    "pause": _pause,
    "change": _change,
    "no_keyframes": _no_keyframes,
    "no_video": _no_video,
    "deaf": _deaf,
    "status": _status,
    "slow": _slow,
    "one_session": _one_session,
    "times": _times,
    "lose": _lose,
    "sound": _sound,
    "refuse_sound": _refuse_sound,
    "hold": _hold,
    "vanish": _vanish,
    "drip": _drip,
    "late": _late,
    "garble": _garble,
    "garble_framing": _garble_framing,
    "end": _end,
    "served": _served,
    "sessions": _sessions,
    "requests": _requests,
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
