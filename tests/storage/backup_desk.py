"""A volume with a file on it, a folder for its backup, and what the process is asked for."""

import os
from pathlib import Path
from typing import Any

from holdfast.storage import moving
from holdfast.storage.backup_ledger import FOLDER, NAME, read_saved
from holdfast.storage.backup_process import Backup
from holdfast.storage.identity import adopt

OURS, THEIRS = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
PATH = "cam_01/2026-11-26/cam_01_20261126_120000.mp4"
FAST = 1 << 40


class Desk:
    """A volume with a file on it, and a folder for the backup."""

    def __init__(self, tmp_path: Path) -> None:
        self.volume, self.target = tmp_path / "volume", tmp_path / "target"
        self.volume.mkdir()
        self.volume_id = adopt(self.volume, "main", OURS).volume_id
        self.content = os.urandom(3 * moving.CHUNK_BYTES + 12345)
        self.put(PATH, self.content)
        self.told: list[dict[str, Any]] = []
        self.backup = Backup(self.told.append)

    def put(self, path: str, content: bytes) -> None:
        (self.volume / path).parent.mkdir(parents=True, exist_ok=True)
        (self.volume / path).write_bytes(content)

    def opening(
        self, *, how: str = "write", recorder: str = OURS, known: tuple[str, ...] = (), anew: bool = False
    ) -> Any:
        return {
            "do": "open",
            "as": how,
            "target": str(self.target),
            "recorder_id": recorder,
            "known": known,
            "begins_anew": anew,
        }

    def saving(self, path: str = PATH, *, ordinal: int = 0, size_bytes: int | None = None, rate: float = FAST) -> Any:
        entry = {
            "size_bytes": (self.volume / path).stat().st_size if size_bytes is None else size_bytes,
            "camera": "cam_01",
            "stream": "main",
            "run_id": "run",
            "session": 1,
            "ordinal": ordinal,
            "wall_start_ns": 1,
            "duration_ns": 2,
            "frames": 3,
            "recorder_id": OURS,
        }
        return {
            "do": "save",
            "source_root": str(self.volume),
            "source_id": self.volume_id,
            "path": path,
            "bytes_per_s": rate,
            "entry": entry,
        }

    def opened(self) -> "Desk":
        assert "error" not in self.backup.answer(self.opening())
        return self

    def saved(self) -> list[str]:
        folder = os.open(self.target, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return sorted(one.path for one in read_saved(folder).whole())
        finally:
            os.close(folder)

    def record(self) -> Path:
        return self.target / FOLDER / NAME

    def verified(self) -> dict[str, str]:
        self.told.clear()
        said = self.backup.answer({"do": "verify", "bytes_per_s": FAST})
        assert "error" not in said
        return {one["file"]: one["state"] for one in self.told if "file" in one}
