"""Simulated cameras in a process of their own, for tests, the demo and benchmarks."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from holdfast.lab import processes
from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import CameraSpec
from holdfast.lab.orders import CameraOrders, PathOrders

_READY_TIMEOUT_S = 300.0
_ANSWER_TIMEOUT_S = 300.0
_POLL_S = 0.05


class LabError(RuntimeError):
    """The lab refused a command; the message says why."""


class LabServer(CameraOrders, PathOrders):
    """A context manager around `python -m holdfast.lab.server`.

    >>> with LabServer([CameraSpec(), CameraSpec(start="burst")]) as lab:  # doctest: +SKIP
    ...     record(lab.urls)
    ...     lab.pause(0, seconds=3)
    ...     frames = lab.served(0)
    """

    def __init__(self, cameras: Sequence[CameraSpec], *, one_port: bool = False, seed: int = 0) -> None:
        self._cameras = list(cameras)
        self._flags = ["--seed", str(seed), *(["--one-port"] if one_port else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.urls: list[str] = []

    def start(self) -> None:
        """Start the process and wait until all cameras listen (clips are encoded when they are not in the cache).

        Raises `processes.ProcessError` when it cannot; the reason is on standard error.
        """
        spec = json.dumps([camera.as_json() for camera in self._cameras])
        command = [sys.executable, "-m", "holdfast.lab.server", "--until-stdin-closes", "--spec", spec, *self._flags]
        pipe = subprocess.PIPE
        self._process = processes.start(command, stdin=pipe, stdout=pipe, bufsize=0)
        try:
            ready = processes.read_json_line(self._process, _READY_TIMEOUT_S)
        except processes.ProcessError:
            self.stop()
            raise
        self.urls = ready["urls"]
        self._control = socket.create_connection(("127.0.0.1", ready["control"]), timeout=_ANSWER_TIMEOUT_S)
        self._answers = self._control.makefile("rb")

    def stop(self) -> None:
        """End the process."""
        if self._control is not None:
            self._answers.close()
            self._control.close()
            self._control = None
        if self._process is not None:
            processes.end(self._process)
            self._process = None

    @property
    def pid(self) -> int:
        """Process id, for measurements. Raises LabError when the process is not running."""
        if self._process is None:
            raise LabError("the lab is not running")
        return self._process.pid

    def command(self, name: str, camera: int, **arguments: Any) -> Any:
        """Any command of `holdfast.lab.faults.COMMANDS`. Raises LabError with the lab's reason."""
        if self._control is None:
            raise LabError("the lab is not running")
        line = json.dumps({"command": name, "camera": camera, "arguments": arguments})
        self._control.sendall(line.encode() + b"\n")
        answer = json.loads(self._answers.readline() or b'{"error": "the lab has ended"}')
        if "error" in answer:
            raise LabError(f"{name} of camera {camera}: {answer['error']}")
        return answer["result"]

    def served(self, camera: int) -> list[ServedFrame]:
        """The frames that were written completely to sockets, session by session in sending order."""
        return [ServedFrame(*values) for values in self.command("served", camera)]

    def wait_served(self, camera: int, frames: int, timeout_s: float = 30.0) -> list[ServedFrame]:
        """Wait until that many frames were served in all. Raises LabError when it takes too long."""
        deadline_s = time.monotonic() + timeout_s
        while len(served := self.served(camera)) < frames:
            if time.monotonic() > deadline_s:
                raise LabError(f"camera {camera} has served {len(served)} frames instead of {frames}")
            time.sleep(_POLL_S)
        return served

    def sessions(self, camera: int) -> list[dict[str, Any]]:
        """Per session: `session`, `opened_ns`, `ended_ns` (None while it plays), `end` (why), `frames`, `unwritten`."""
        answer: list[dict[str, Any]] = self.command("sessions", camera)
        return answer

    def requests(self, camera: int) -> list[tuple[int, str]]:
        """When (wall time in ns) the camera was asked for what (RTSP method)."""
        return [(wall_ns, method) for wall_ns, method in self.command("requests", camera)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
