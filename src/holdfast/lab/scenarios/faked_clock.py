"""`python -m holdfast.lab.scenarios.faked_clock FILE ...`: `holdfast ...` under another wall clock.

FILE holds how many seconds that clock is ahead; it may be replaced at any moment, and the clock jumps. The monotonic
clock stays true, as it does when somebody sets the clock of a real machine. (libfaketime would do the same for any
program, but makes Python's `time.sleep` fail now and then.)
"""

import runpy
import sys
import time
from pathlib import Path


def fake(offset: Path) -> None:
    """Replace the functions through which Python programs read the wall clock."""
    true_ns, true_local, true_format = time.time_ns, time.localtime, time.strftime

    def wall_ns() -> int:
        return true_ns() + int(offset.read_text(encoding="ascii")) * 1_000_000_000

    def wall_s() -> float:
        return wall_ns() / 1e9

    def local(at_s: float | None = None) -> time.struct_time:
        return true_local(wall_s() if at_s is None else at_s)

    def formatted(form: str, at: tuple[int, ...] | time.struct_time | None = None) -> str:
        return true_format(form, local() if at is None else at)  # type: ignore[arg-type] # as the original takes it

    time.time_ns, time.time, time.localtime, time.strftime = wall_ns, wall_s, local, formatted  # type: ignore[assignment] # the same functions, looser about types


if __name__ == "__main__":
    fake(Path(sys.argv[1]))
    sys.argv[:2] = ["holdfast"]
    runpy.run_module("holdfast.app.cli", run_name="__main__")
