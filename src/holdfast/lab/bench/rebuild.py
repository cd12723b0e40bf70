"""A lost catalog made anew from its files by `holdfast check --repair`: how long it takes, and how much it reads."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from holdfast.catalog.queries import CatalogReader
from holdfast.lab.bench.long_past import LongPast
from holdfast.lab.bench.long_tree import forget_pages, record_template, shares_blocks, write_tree
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.processes import ProcessError
from holdfast.lab.scenarios.stand import HOLDFAST

LARGE = ClipSpec(width=1280, height=720, fps=Fraction(15), gop=15, bitrate_kbps=4000, seconds=4)
SMALL = ClipSpec(width=160, height=120, fps=Fraction(2), gop=2, bitrate_kbps=50)
"""Where every copy takes its room."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was measured."""

    files: int
    file_bytes: int
    seconds: float
    """Of the whole command."""
    read_bytes: int
    """That the command read of files and for the database (`rchar` of proc(5)): what it reads of itself is left out."""
    catalogued: int
    """Segments that the catalog knows afterwards."""


def rebuilt(folder: Path, files: int) -> Rebuilt:
    """Make a tree, lose its catalog, and have it made anew. Raises ProcessError, LabError, TimeoutError, OSError."""
    template = record_template(folder / "recorded", CameraSpec(clip=LARGE if shares_blocks(folder) else SMALL))
    root = folder / "tree"
    made = write_tree(root, template, LongPast(segments=files, segment_s=900))
    print(f"tree of {made} files of {template.size_bytes} bytes: made", file=sys.stderr, flush=True)
    forget_pages(root)
    begun_s = time.monotonic()
    read_bytes = _checked(root)
    seconds = time.monotonic() - begun_s
    nothing = folder / "nothing"
    nothing.mkdir()
    usage = CatalogReader(root / ".holdfast" / "catalog.db").usage()
    catalogued = sum(one.segments for one in usage)
    return Rebuilt(made, template.size_bytes, seconds, read_bytes - _checked(nothing), catalogued)


def _checked(root: Path) -> int:
    """Check and repair; how many bytes that read."""
    process = subprocess.Popen([*HOLDFAST, "check", str(root), "--repair"], stdout=subprocess.DEVNULL)
    # Ended and not yet waited for: the kernel still knows what it has read.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    read_bytes = _read_bytes(process.pid)
    if process.wait() != 0:
        raise ProcessError(f"the check ended with {process.returncode}")
    return read_bytes


def _read_bytes(pid: int) -> int:
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines())
    return int(fields["rchar"])
