"""A service that starts beside a catalog of a million segments: when it is ready, and when it records."""

import contextlib
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from holdfast.lab.bench.long_past import LongPast, write_catalog
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.accounts import missing
from holdfast.lab.scenarios.stand import HOLDFAST, Stand, await_that, small

PATIENCE_S = 120.0
RECORDED_S = 6.0
OWN = "door"
"""A camera of its own: it has no past."""


@dataclass(frozen=True, slots=True)
class Start:
    """What was measured, in seconds from the command on."""

    ready_s: float
    """The service said so to its manager (sd_notify(3))."""
    first_frame_s: float
    """A file had a fragment in it."""
    end_s: float
    """How long the orderly end took, from the signal on."""
    lost_frames: int


class Notified(Stand):
    """A service that tells when it is ready."""

    def start(self, *_: object, **__: object) -> None:
        """Write the configuration, and start it."""
        beside = self.root.parent
        config = beside / f"{self.root.name}.toml"
        text = f'[recorder]\nsegment = "10s"\n[[volume]]\npath = "{self.root}"\n'
        config.write_text(f'{text}[[camera]]\nid = "{OWN}"\nurl = "{self.lab.urls[0]}"\n', encoding="utf-8")
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listening.settimeout(PATIENCE_S)
        # In the abstract namespace: there is no file to be left behind, and no path that is too long.
        self.listening.bind(f"\0holdfast-bench-{os.getpid()}")
        environment = {**os.environ, "NOTIFY_SOCKET": f"@holdfast-bench-{os.getpid()}"}
        with (beside / f"{self.root.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*HOLDFAST, "serve", "--config", str(config)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
            )

    def await_ready(self) -> None:
        """Wait until it says so. Raises TimeoutError."""
        with contextlib.closing(self.listening):
            while b"READY=1" not in self.listening.recv(4096):
                pass

    def files(self, camera: int) -> list[Path]:
        """The files of its camera."""
        return sorted((self.root / OWN).rglob("*.mp4")) if camera == 0 else []


def start_beside(folder: Path, past: LongPast, *, seed: int = 0) -> Start:
    """Start a service in a folder with this past, whose files are all gone: there is as much to do beside as can be.

    Raises TimeoutError, LabError, OSError.
    """
    root = folder / "service"
    root.mkdir()
    write_catalog(root / ".holdfast" / "catalog.db", past)
    # Or the first sync of the service would wait for all that was just generated.
    os.sync()
    with LabServer([small()], seed=seed) as lab:
        made = Notified(lab, [small()], root)
        try:
            begun_s = time.monotonic()
            made.start()
            made.await_ready()
            ready_s = time.monotonic() - begun_s
            await_that(partial(made.has_new_file, 0, set()), PATIENCE_S)
            first_s = time.monotonic() - begun_s
            time.sleep(RECORDED_S)
            ended_s = time.monotonic()
            made.stop()
            return Start(ready_s, first_s, time.monotonic() - ended_s, missing(made, 0))
        finally:
            if made.process is not None:
                made.kill_everything()
