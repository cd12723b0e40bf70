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

_READY_TIMEOUT_S = 300.0
_ANSWER_TIMEOUT_S = 300.0
_POLL_S = 0.05


class LabError(RuntimeError):
    """The lab refused a command; the message says why."""


class LabServer:
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

    def refuse(self, camera: int) -> None:
        """Refuse new connections; open ones go on. With one port this is for all cameras."""
        self.command("refuse", camera)

    def listen(self, camera: int) -> None:
        """Accept connections again, on the same port."""
        self.command("listen", camera)

    def close_clients(self, camera: int, *, reset: bool = False) -> int:
        """Close all playing connections, by FIN or by RST; returns how many."""
        return int(self.command("close_clients", camera, reset=reset))

    def pause(self, camera: int, seconds: float, *, deliver_late: bool = False) -> None:
        """Write no frames. Then go on with the next key frame, or deliver the late frames all at once."""
        self.command("pause", camera, seconds=seconds, deliver_late=deliver_late)

    def change(self, camera: int, **clip: Any) -> None:
        """Change fields of the clip (see `ClipSpec.as_json`) in mid-stream, at the next key frame.

        Another codec ends the sessions, because it needs another session description.
        """
        self.command("change", camera, **clip)

    def no_keyframes(self, camera: int, *, on: bool = True) -> None:
        """Withhold key frames."""
        self.command("no_keyframes", camera, on=on)

    def no_video(self, camera: int, *, on: bool = True) -> None:
        """Describe only an audio track."""
        self.command("no_video", camera, on=on)

    def deaf(self, camera: int, *, on: bool = True) -> None:
        """Accept connections and answer nothing."""
        self.command("deaf", camera, on=on)

    def status(self, camera: int, code: int) -> None:
        """Answer every request for this camera with an RTSP status, such as 404 or 503; 0: with the truth again."""
        self.command("status", camera, code=code)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
