"""`holdfast serve` in a process of its own, and its configuration."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.lab.camera import CameraSpec
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.stand import HOLDFAST, Stand, await_that


@dataclass
class Camera:
    """One `[[camera]]`: further keys by name, as TOML has them."""

    id: str
    url: str
    keys: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        lines = [f'id = "{self.id}"', f'url = "{self.url}"', *(f"{key} = {value}" for key, value in self.keys.items())]
        return "\n[[camera]]\n" + "\n".join(lines) + "\n"


class Service(Stand):
    """Cameras and a service. `cameras` is what the configuration says of them; `write` writes it."""

    def __init__(self, lab: LabServer, specs: Sequence[CameraSpec], root: Path) -> None:
        super().__init__(lab, specs, root)
        self.config = root.parent / "holdfast.toml"
        self.log = root.parent / "service.log"
        self.head = ""
        """What the configuration says before all else."""
        self.cameras = [Camera(f"cam_{number:02d}", url) for number, url in enumerate(lab.urls, 1)]

    def text(self) -> str:
        return f'{self.head}[[volume]]\npath = "{self.root.name}"\n' + "".join(camera.text() for camera in self.cameras)

    def write(self, text: str | None = None) -> None:
        """Replace the file at once, as good editors do."""
        new = self.config.with_suffix(".new")
        new.write_text(self.text() if text is None else text, encoding="utf-8")
        new.replace(self.config)

    def serve(self, *options: str, wait: bool = True) -> None:
        """Start the service; with `wait` until it answers."""
        command = [*HOLDFAST, "serve", "--config", str(self.config), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        if wait:
            await_that(lambda: bool(self.status()), 30)

    def said(self) -> str:
        """What the service has logged so far, of all its lives."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def state(self, camera: str) -> dict[str, Any]:
        """One camera's; empty while there is none."""
        return next((one for one in self.status() if one["camera"] == camera), {})

    def sessions(self) -> dict[str, int]:
        """The newest session of every camera."""
        return {one["camera"]: one["session"] for one in self.status()}

    def await_files(self, camera: str, before: frozenset[Path] = frozenset(), patience_s: float = 30) -> None:
        """Until a new file of a camera has a fragment in it."""
        folder = self.root / camera
        await_that(lambda: any(_has_fragment(f) for f in set(folder.rglob("*.mp4")) - before), patience_s)

    def known(self, camera: str) -> frozenset[Path]:
        """The files that a camera has."""
        return frozenset((self.root / camera).rglob("*.mp4"))

    def ask_json(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ask(*words).stdout.splitlines()]


def _has_fragment(file: Path) -> bool:
    with contextlib.suppress(OSError), file.open("rb") as opened:
        return b"moof" in opened.read(4096)
    return False


@contextlib.contextmanager
def service(specs: Sequence[CameraSpec], folder: Path) -> Iterator[Service]:
    """Cameras that run, and a service that is not started yet; both end with the block."""
    with LabServer(specs) as lab:
        made = Service(lab, specs, folder / "rec")
        try:
            yield made
        finally:
            if made.process is not None:
                made.kill_everything()
