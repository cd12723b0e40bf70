"""On which machine, when, and with which versions something was measured."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import holdfast
from holdfast.lab.bench.report import table

GIB = 1 << 30


def described(folder: Path) -> dict[str, str]:
    """Facts by name; `folder` is where the recordings go."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": _line(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)") or platform.machine(),
        "cores, RAM": f"{os.cpu_count()}, {_memory_gib():.0f} GiB",
        "storage": f"{_file_system(folder)}, {shutil.disk_usage(folder).free / GIB:.0f} GiB free",
        "system": _line(Path("/etc/os-release"), r'PRETTY_NAME="?([^"\n]+)') or platform.system(),
        "kernel": platform.release(),
        "GStreamer, Python, ffmpeg": ", ".join(
            [
                _said(["gst-launch-1.0", "--version"], r"GStreamer ([\d.]+)"),
                platform.python_version(),
                _said(["ffmpeg", "-version"], r"ffmpeg version (\S+)"),
            ]
        ),
        "version of Holdfast": " ".join(part for part in (holdfast.__version__, _commit()) if part),
    }


def as_table(facts: dict[str, str]) -> str:
    """Markdown."""
    return table(("", ""), list(facts.items()))


def _line(path: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB


def _file_system(folder: Path) -> str:
    """The type of the file system that a folder is on: that of the longest mount point above it."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines():
        _, point, kind = line.split()[:3]
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def _said(command: list[str], pattern: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "missing"
    found = re.search(pattern, done.stdout)
    return found[1] if found else "unknown"


def _commit() -> str:
    """The commit of the working copy, if it is one."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
