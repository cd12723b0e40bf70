"""A status line per camera: a live table in a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from holdfast.app.language import say
from holdfast.app.words import PHASE_STYLE, RECORDING_STYLE, fault_words, phase_words, recording_words
from holdfast.recorder.status import StreamStatus

PLAIN_EVERY_S = 10.0


class StatusDisplay:
    """Shows what it is given, as often as it is given it."""

    def __init__(self, *, plain: bool) -> None:
        """A live table, unless `plain` or the output is no terminal."""
        self.console = None if plain or not sys.stdout.isatty() else Console()
        self._live = None if self.console is None else Live(console=self.console, auto_refresh=False)
        self._last: dict[str, tuple[object, ...]] = {}
        self._last_all_s = time.monotonic()

    def __enter__(self) -> Self:
        """Begin."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the last table on the screen."""
        if self._live is not None:
            self._live.stop()

    def show(self, statuses: Sequence[StreamStatus]) -> None:
        """Show the present state."""
        if self._live is not None:
            self._live.update(status_table(statuses), refresh=True)
        else:
            self._show_lines(statuses)

    def _show_lines(self, statuses: Sequence[StreamStatus]) -> None:
        """A line when something changed, and all lines every now and then."""
        now_s = time.monotonic()
        is_due = now_s - self._last_all_s >= PLAIN_EVERY_S
        if is_due:
            self._last_all_s = now_s
        for status in statuses:
            key = f"{status.camera}/{status.stream}"
            changed = (status.phase, status.recording, status.file)
            if is_due or self._last.get(key) != changed:
                self._last[key] = changed
                print(status_line(status), flush=True)


def status_line(status: StreamStatus) -> str:
    """One camera in one line."""
    parts = [
        time.strftime("%H:%M:%S"),
        status.camera if status.stream == "main" else f"{status.camera}/{status.stream}",
        phase_words(status.phase),
        recording_words(status.recording),
        f"{status.fps:.1f} fps",
        f"{status.bits_per_s / 1000:.0f} kbit/s",
        status.file or "-",
    ]
    if status.fault and status.fault_age_s is not None:
        parts.append(say("last fault {age:.0f} s ago: {fault}", age=status.fault_age_s, fault=fault_words(status)))
    if status.next_try_s is not None:
        parts.append(say("next try in {seconds:.0f} s", seconds=status.next_try_s))
    return "  ".join(parts)


def status_table(statuses: Sequence[StreamStatus]) -> Table:
    """All cameras as a table."""
    table = Table(expand=True, pad_edge=False)
    for heading, justify in (
        ("Camera", "left"),
        ("State", "left"),
        ("Recording", "left"),
        ("fps", "right"),
        ("kbit/s", "right"),
    ):
        table.add_column(say(heading), justify=justify, no_wrap=True)  # type: ignore[arg-type] # a literal of two
    table.add_column(say("Current file"), ratio=3, overflow="fold")
    table.add_column(say("Last fault"), ratio=4)
    table.add_column(say("Next try"), justify="right", no_wrap=True)
    for status in statuses:
        fault = ""
        if status.fault and status.fault_age_s is not None:
            fault = say("{age:.0f} s ago: {fault}", age=status.fault_age_s, fault=fault_words(status))
        table.add_row(
            status.camera if status.stream == "main" else f"{status.camera}/{status.stream}",
            Text(phase_words(status.phase), PHASE_STYLE[status.phase]),
            Text(recording_words(status.recording), RECORDING_STYLE[status.recording]),
            f"{status.fps:.1f}",
            f"{status.bits_per_s / 1000:.0f}",
            status.file.rpartition("/")[2],
            fault,
            "" if status.next_try_s is None else say("{seconds:.0f} s", seconds=status.next_try_s),
        )
    return table
