"""The control socket: HTTP over a Unix socket of mode 0600, served by the recorder, used by the other commands."""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.app.folder import control_socket
from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.domain.streams import Mode, StreamId
from holdfast.recorder.recorder import Recorder

if TYPE_CHECKING:
    from aiohttp import web

GraphOf = Callable[[StreamId, int], Awaitable[str]]
MAX_REQUEST_BYTES = 64 * 1024


class ControlServer:
    """Serves one recorder."""

    def __init__(self, recorder: Recorder, graph_of: GraphOf, socket_path: Path) -> None:
        """Nothing listens before `start`."""
        self._recorder, self._graph_of, self._path = recorder, graph_of, socket_path
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. aiohttp is loaded here, when recording has begun already."""
        web = await asyncio.to_thread(_load_web)
        application = web.Application(client_max_size=MAX_REQUEST_BYTES)
        application.router.add_get("/status", self._status)
        application.router.add_post("/cameras/{camera}/recording", self._recording)
        application.router.add_post("/cameras/{camera}/mode", self._mode)
        application.router.add_get("/cameras/{camera}/graph", self._graph)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(self._path))
        finally:
            os.umask(before)
        await web.SockSite(self._runner, listening).start()

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._path.unlink(missing_ok=True)

    async def _status(self, _request: "web.Request") -> "web.Response":
        return _answer([status.as_json() for status in self._recorder.status()])

    async def _recording(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        wanted = (await _body(request)).get("wanted")
        if not isinstance(wanted, bool):
            return _answer({"error": 'the body must be {"wanted": true} or {"wanted": false}'}, 400)
        self._recorder.streams[stream].want(wanted=wanted)
        return _answer(self._recorder.streams[stream].status.as_json())

    async def _mode(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        try:
            mode = Mode(str((await _body(request)).get("mode")))
        except ValueError:
            return _answer({"error": f"mode must be one of {', '.join(Mode)}"}, 400)
        self._recorder.streams[stream].set_mode(mode)
        return _answer(self._recorder.streams[stream].status.as_json())

    async def _graph(self, request: "web.Request") -> "web.Response":
        stream = self._stream(request)
        if stream is None:
            return _unknown(request)
        try:
            dot = await self._graph_of(stream, self._recorder.streams[stream].session)
        except (LookupError, TimeoutError):
            return _answer({"error": f"{stream} has no running pipeline at present: it is not connected"}, 409)
        return _answer({"dot": dot})

    def _stream(self, request: "web.Request") -> StreamId | None:
        wanted = StreamId(request.match_info["camera"], request.query.get("stream", "main"))
        return wanted if wanted in self._recorder.streams else None


def _load_web() -> Any:  # noqa: ANN401 - a module that is imported late
    from aiohttp import web

    return web


async def _body(request: "web.Request") -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _answer(body: object, status: int = 200) -> "web.Response":
    from aiohttp import web

    return web.json_response(body, status=status)


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
    connection = _UnixConnection(control_socket(root), timeout_s)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Problem(
            Exit.NOT_RUNNING,
            say("No recorder answers for {path}. Start one with: holdfast record URL --to {path}", path=root),
        ) from error
    finally:
        connection.close()
    if response.status >= http.client.BAD_REQUEST:
        raise Problem(Exit.INCOMPLETE, str(answer.get("error", answer)))
    return answer
