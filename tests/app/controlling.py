"""What the control server is asked in tests, and who answers there."""

import asyncio
import http.client
import json
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from holdfast.app.control import Asked, ControlServer, VolumesNow, ask
from holdfast.app.folder import control_socket
from holdfast.app.reload import Configured
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.streams import Mode, StreamId
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.status import RecordingState, StreamStatus
from tests.app.statuses import status
from tests.fakes.catalog import FakeCatalog

CAMERAS = ("cam_01", "앞문 카메라")


@dataclass
class FakeApproach:
    """What the control server uses of an approach."""

    pin: str = ""

    def trust(self) -> str:
        forgotten, self.pin = self.pin, ""
        return forgotten


@dataclass
class FakeStream:
    """What the control server uses of a supervisor."""

    status: StreamStatus
    session: int = 3
    approach: FakeApproach = field(default_factory=FakeApproach)

    def set_mode(self, mode: Mode) -> None:
        self.status = replace(self.status, mode=mode)


@dataclass
class FakeAlarms:
    """What the control server uses of the alarms."""

    open: tuple[AlarmRecord, ...] = ()


@dataclass
class FakeRecorder:
    """What the control server uses of a recorder."""

    alarms: FakeAlarms = field(default_factory=FakeAlarms)

    streams: dict[StreamId, FakeStream] = field(
        default_factory=lambda: {
            **{StreamId(camera): FakeStream(status(camera=camera)) for camera in CAMERAS},
            StreamId("cam_01", "sub"): FakeStream(status(stream="sub")),
        }
    )

    def status(self) -> list[StreamStatus]:
        return [stream.status for stream in self.streams.values()]

    def status_of(self, stream: StreamId) -> StreamStatus:
        return self.streams[stream].status

    def switch(self, stream: StreamId, *, wanted: bool) -> None:
        state = RecordingState.RECORDING if wanted else RecordingState.OFF
        self.streams[stream].status = replace(self.streams[stream].status, recording=state)


async def graph_of(stream: StreamId, session: int) -> str:
    if stream.camera != "cam_01":
        raise LookupError(stream.camera)
    return f"digraph {stream.camera}_{session} {{}}"


def serving_of(
    recorder: FakeRecorder,
    root: Path,
    catalog: FakeCatalog | None = None,
    configured: Configured | None = None,
    volumes: VolumesNow = tuple,
) -> ControlServer:
    asked = Asked(cast("Recorder", recorder), catalog or FakeCatalog(), graph_of, configured, volumes)
    return ControlServer(asked, control_socket(root))


async def asked(root: Path, method: str, path: str, body: object = None) -> Any:
    return await asyncio.to_thread(ask, root, method, path, body)


async def raw(root: Path, request: bytes) -> tuple[int, Any]:
    """Send bytes as they are; status and JSON of the answer."""

    def exchange() -> tuple[int, Any]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(str(control_socket(root)))
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status, json.loads(response.read())

    return await asyncio.to_thread(exchange)
