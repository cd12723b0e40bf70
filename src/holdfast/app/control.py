"""The control socket: HTTP over a Unix socket of mode 0600, served by the recorder, used by the other commands."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.app.control_timeline import TimelineAnswers
from holdfast.app.daemon import in_daemon
from holdfast.app.folder import control_sockets, private_folder
from holdfast.app.gap_account import Range, gap_account
from holdfast.app.language import say, translated
from holdfast.app.moments import moment_ns
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import recorder_is_running
from holdfast.app.reload import Configured
from holdfast.app.thumbnail_desk import ThumbnailDesk
from holdfast.app.volumes_shown import VolumeShown, as_json, state_in_use
from holdfast.domain.streams import Mode, StreamId
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogError, CatalogPort
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.status import StreamStatus

if TYPE_CHECKING:
    from aiohttp import web

GraphOf = Callable[[StreamId, int], Awaitable[str]]
VolumesNow = Callable[[], Sequence[VolumeShown]]
MAX_REQUEST_BYTES = 64 * 1024
MOST_SEGMENTS = 10_000
"""In one answer: who wants more asks for a part of the time, or reads the catalog."""
MOST_NS = 1 << 63
SWITCH_PATIENCE_S = 3.0
"""So long the answer to a switch waits for the catalog: what was said is then kept, whatever happens next."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who can answer."""

    recorder: Recorder
    catalog: CatalogPort
    graph_of: GraphOf
    configured: Configured | None = None
    volumes: VolumesNow = tuple
    thumbnails: ThumbnailDesk | None = None
    retention: Callable[[], Mapping[str, object]] = dict


class ControlServer:
    """Serves one recorder."""

    def __init__(self, asked: Asked, socket_path: Path) -> None:
        """Nothing listens before `start`."""
        self._recorder, self._catalog = asked.recorder, asked.catalog
        self._graph_of, self._configured, self._volumes_now = asked.graph_of, asked.configured, asked.volumes
        self._thumbnails = asked.thumbnails
        self._path, self._retention_now = socket_path, asked.retention
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. aiohttp is loaded here, when recording has begun already. Raises OSError."""
        web = await asyncio.to_thread(_load_web)
        application = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[web.middleware(_errors_as_json)])
        application.router.add_get("/status", self._status)
        application.router.add_get("/volumes", self._volumes)
        application.router.add_get("/retention", self._retention)
        application.router.add_get("/segments", self._segments)
        application.router.add_get("/gaps", self._gaps)
        application.router.add_get("/timeline", TimelineAnswers(self._catalog).answer)
        application.router.add_get("/alarms", self._alarms)
        application.router.add_get("/config/state", self._config_state)
        if self._thumbnails is not None:
            application.router.add_get("/thumbnail", self._thumbnails.answer)
        application.router.add_post("/reload", self._reload)
        application.router.add_post("/cameras/{camera}/recording", self._recording)
        application.router.add_post("/cameras/{camera}/mode", self._mode)
        application.router.add_post("/cameras/{camera}/trust", self._trust)
        application.router.add_get("/cameras/{camera}/graph", self._graph)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        private_folder(self._path.parent)
        # What lies there was left behind: the recorder holds its folder's lock, so that there is no other.
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The folder keeps others out until the mode is set.
            listening.bind(str(self._path))
            self._path.chmod(0o600)
        except OSError:
            listening.close()
            raise
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._path.unlink(missing_ok=True)

    async def _status(self, _request: "web.Request") -> "web.Response":
        return _answer([self._shown(status) for status in self._recorder.status()])

    async def _volumes(self, _request: "web.Request") -> "web.Response":
        return _answer({"volumes": as_json(self._volumes_now())})

    async def _retention(self, _request: "web.Request") -> "web.Response":
        return _answer(self._retention_now())

    async def _segments(self, request: "web.Request") -> "web.Response":
        query = request.query
        try:
            since, until = (moment_ns(query[key]) if key in query else None for key in ("from", "to"))
        except ValueError as error:
            return _answer({"error": str(error)}, 400)
        wanted = partial(
            self._catalog.segments, query.get("camera"), stream=query.get("stream"), from_ns=since, to_ns=until
        )
        try:
            found = await in_daemon(lambda: list(islice(wanted(), MOST_SEGMENTS + 1)))
        except CatalogError as error:
            return _answer({"error": str(error)}, 503)
        segments = [asdict(record) for record in found[:MOST_SEGMENTS]]
        return _answer({"segments": segments, "more": len(found) > MOST_SEGMENTS})

    async def _gaps(self, request: "web.Request") -> "web.Response":
        query, now_ns = request.query, WallNs(time.time_ns())
        try:
            since = _wall_ns(query["from_ns"]) if "from_ns" in query else None
            until = min(now_ns, _wall_ns(query.get("to_ns", str(now_ns))))
        except ValueError:
            return _answer({"error": "from_ns and to_ns must be nanoseconds since 1970"}, 400)
        asked = Range(query.get("camera"), since, until)
        try:
            look = partial(gap_account, self._catalog, asked, alive_ns=now_ns, now_ns=now_ns)
            account = await in_daemon(look)
        except CatalogError as error:
            return _answer({"error": str(error)}, 503)
        return _answer({"gaps": [asdict(gap) for gap in account.gaps], "days": [asdict(day) for day in account.days]})

    async def _alarms(self, request: "web.Request") -> "web.Response":
        """Those that are open; or, when a range is asked for, all of it."""
        try:
            since, until = (
                _wall_ns(request.query[key]) if key in request.query else None for key in ("from_ns", "to_ns")
            )
        except ValueError:
            return _answer({"error": "from_ns and to_ns must be nanoseconds since 1970"}, 400)
        found = self._recorder.alarms.open
        if since is not None or until is not None:
            try:
                found = await asyncio.to_thread(partial(self._catalog.alarms, from_ns=since, to_ns=until))
            except CatalogError as error:
                return _answer({"error": str(error)}, 503)
        return _answer({"alarms": [asdict(alarm) for alarm in found]})

    async def _config_state(self, _request: "web.Request") -> "web.Response":
        return _unconfigured() if self._configured is None else _answer(self._configured.state.as_json())

    async def _reload(self, _request: "web.Request") -> "web.Response":
        if self._configured is None:
            return _unconfigured()
        return _answer((await self._configured.reload(self._recorder)).as_json())

    async def _recording(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        wanted = (await _body(request)).get("wanted")
        if not isinstance(wanted, bool):
            return _answer({"error": 'the body must be {"wanted": true} or {"wanted": false}'}, 400)
        self._recorder.switch(stream, wanted=wanted)
        answer = self._shown(self._recorder.status_of(stream))
        await asyncio.to_thread(self._catalog.flush, SWITCH_PATIENCE_S)
        return _answer(answer)

    async def _mode(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        try:
            mode = Mode(str((await _body(request)).get("mode")))
        except ValueError:
            return _answer({"error": f"mode must be one of {', '.join(Mode)}"}, 400)
        self._recorder.streams[stream].set_mode(mode)
        return _answer(self._shown(self._recorder.status_of(stream)))

    async def _trust(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        forgotten = self._recorder.streams[stream].approach.trust()
        await asyncio.to_thread(self._catalog.flush, SWITCH_PATIENCE_S)
        return _answer({"forgotten": forgotten})

    async def _graph(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        try:
            dot = await self._graph_of(stream, self._recorder.streams[stream].session)
        except (LookupError, TimeoutError):
            return _answer({"error": f"{stream} has no running pipeline at present: it is not connected"}, 409)
        return _answer({"dot": dot})

    def _shown(self, status: StreamStatus) -> dict[str, object]:
        """With where its footage goes, and what is wrong with the configuration: whoever looks is to see it."""
        error = self._configured.state.error if self._configured is not None else ()
        return status.as_json() | state_in_use(self._volumes_now()) | {"config_error": "\n".join(error)}

    def _stream(self, request: "web.Request") -> StreamId | None:
        wanted = StreamId(request.match_info["camera"], request.query.get("stream", "main"))
        return wanted if wanted in self._recorder.streams else None


def _load_web() -> Any:  # noqa: ANN401 - a module that is imported late
    from aiohttp import web

    return web


async def _errors_as_json(
    request: "web.Request", handler: Callable[["web.Request"], Awaitable["web.StreamResponse"]]
) -> "web.StreamResponse":
    """Whatever aiohttp refuses (no such path, wrong method, too long) is answered as our own refusals are."""
    from aiohttp import web

    try:
        return await handler(request)
    except web.HTTPException as refused:
        return _answer({"error": refused.reason}, refused.status)


async def _body(request: "web.Request") -> dict[str, object]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _wall_ns(text: str) -> WallNs:
    """Raises ValueError for what is no number, and for what neither the catalog nor a calendar can hold."""
    if not 0 <= int(text) < MOST_NS:
        raise ValueError(text)
    return WallNs(int(text))


def _answer(body: object, status: int = 200) -> "web.Response":
    from aiohttp import web

    return web.json_response(body, status=status)


def _unconfigured() -> "web.Response":
    return _answer({"error": "this recorder has no configuration file: it was started by `holdfast record`"}, 409)


def _unknown(request: "web.Request") -> "web.Response":
    return _answer({"error": f"there is no camera {request.match_info['camera']} in this recorder"}, 404)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(root: Path, method: str, path: str, body: object = None, timeout_s: float = 10) -> Any:  # noqa: ANN401 - JSON
    """Ask the recorder of a folder. Raises Problem when none runs there, or when it refuses."""
    for place in control_sockets(root):
        try:
            status, answer = _ask(place, method, path, body, timeout_s)
        except (OSError, ValueError, http.client.HTTPException):
            continue
        if status >= http.client.BAD_REQUEST:
            raise Problem(Exit.INCOMPLETE, translated(str(answer.get("error", answer))))
        return answer
    if _may_be_running(root):
        sentence = "A recorder seems to run in {path}, but does not answer. Ask as the user it runs as."
        raise Problem(Exit.INCOMPLETE, say(sentence, path=root))
    raise Problem(
        Exit.NOT_RUNNING,
        say("No recorder answers for {path}. Start one with: holdfast record URL --to {path}", path=root),
    )


def _ask(place: Path, method: str, path: str, body: object, timeout_s: float) -> tuple[int, Any]:
    connection = _UnixConnection(place, timeout_s)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def _may_be_running(root: Path) -> bool:
    try:
        return recorder_is_running(root)
    except PermissionError:
        return True
    except OSError:
        return False
