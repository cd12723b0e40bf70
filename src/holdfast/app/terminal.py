"""The state of every camera: a live table in a terminal, plain lines otherwise."""

import contextlib
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.app.language import say
from holdfast.app.words import PHASE_STYLE, RECORDING_STYLE, age_words, fault_words, phase_words, recording_words
from holdfast.policy.connecting import Phase
from holdfast.recorder.status import RecordingState, StreamStatus

PLAIN_EVERY_S = 10.0
WIDE_COLUMNS = 130
"""From this width on there is room for the whole file name and the faults beside it."""
NARROW_COLUMNS = 78
"""Below this width there is no room for files."""
MOST_NAME_COLUMNS = {True: 24, False: 13}
"""Columns for a camera's name, in a wide table and in others; below the table it stands in full."""


class Screen(Console):
    """A console that leaves it to the command what a closed pipe means; rich would end the program with 1."""

    def on_broken_pipe(self) -> None:
        """Raise it to whoever prints."""
        raise BrokenPipeError


class StatusDisplay:
    """Shows what it is given, as often as it is given it. May be called from any thread.

    When nobody can see it any more (the terminal was closed, the pipe is broken) it falls silent: recording goes on.
    """

    def __init__(self, *, plain: bool) -> None:
        """A live table, unless `plain` or the output is no terminal."""
        self.console = None if plain or not sys.stdout.isatty() else Screen()
        self._is_seen = True
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
            with contextlib.suppress(OSError):
                self._live.stop()

    def show(self, statuses: Sequence[StreamStatus]) -> None:
        """Show the present state."""
        if not self._is_seen:
            return
        try:
            if self._live is not None:
                self._live.update(StatusTable(statuses), refresh=True)
            else:
                self._show_lines(statuses)
        except OSError:
            self._is_seen = False

    def announce(self, text: str, style: str = "") -> None:
        """Say something, once, with the time: above the table, or as a line."""
        if not self._is_seen:
            return
        moment = time.strftime("%H:%M:%S")
        try:
            if self.console is not None:
                grid = Table.grid(padding=(0, 2))
                grid.add_row(Text(moment, "dim"), Text(text, style))
                self.console.print(grid)
            else:
                print(f"{moment}  >>> {text}", flush=True)
        except OSError:
            self._is_seen = False

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


def print_statuses(statuses: Sequence[StreamStatus]) -> None:
    """Once: a table in a terminal, a line per camera otherwise."""
    if sys.stdout.isatty():
        Screen().print(StatusTable(statuses))
    else:
        for status in statuses:
            print(status_line(status))


def status_line(status: StreamStatus) -> str:
    """One camera in one line."""
    parts = [
        time.strftime("%H:%M:%S"),
        _camera(status),
        phase_words(status.phase),
        _recording(status),
        f"{status.fps:.1f} fps",
        f"{status.bits_per_s / 1000:.0f} kbit/s",
        status.file or "-",
    ]
    if status.fault and status.fault_age_s is not None:
        age, fault = age_words(status.fault_age_s), fault_words(status)
        parts.append(say("last fault {age} ago: {fault}", age=age, fault=fault))
    if status.next_try_s is not None:
        parts.append(_next_try(status.next_try_s))
    return "  ".join(parts)


class StatusTable:
    """All cameras as a table that fits the width it is given; what has no room in it follows below."""

    def __init__(self, statuses: Sequence[StreamStatus]) -> None:
        """Drawn when the width is known."""
        self._statuses = statuses

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Choose by width."""
        if options.max_width >= WIDE_COLUMNS:
            yield _wide(self._statuses)
        else:
            faults = [_fault_below(status) for status in self._statuses if status.fault]
            table = _table(self._statuses, has_files=options.max_width >= NARROW_COLUMNS)
            yield Group(table, *faults)


def _table(statuses: Sequence[StreamStatus], *, has_files: bool) -> Table:
    table = _columns(is_wide=False)
    if has_files:
        table.add_column(say("Current file"), overflow="fold")
    for status in statuses:
        # Beside the camera's name the rest of the file's name is enough, and has room.
        file = status.file.rpartition("/")[2].removeprefix(f"{status.camera}_")
        table.add_row(*_cells(status), *([file] if has_files else []))
    return table


def _wide(statuses: Sequence[StreamStatus]) -> Table:
    table = _columns(is_wide=True)
    table.add_column(say("Current file"), overflow="fold", max_width=48)
    table.add_column(say("Last fault"), ratio=1, overflow="fold")
    for status in statuses:
        table.add_row(*_cells(status), status.file.rpartition("/")[2], _fault(status))
    return table


def _columns(*, is_wide: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(say("Camera"), no_wrap=True, overflow="ellipsis", max_width=MOST_NAME_COLUMNS[is_wide])
    table.add_column(say("State"), no_wrap=True)
    table.add_column(say("Recording"), no_wrap=True)
    table.add_column("fps", justify="right", no_wrap=True)
    table.add_column("kbit/s", justify="right", no_wrap=True)
    return table


def _cells(status: StreamStatus) -> list[Text]:
    return [
        Text(_camera(status)),
        Text(phase_words(status.phase), PHASE_STYLE[status.phase]),
        Text(recording_words(status), RECORDING_STYLE[status.recording]),
        Text(f"{status.fps:.1f}"),
        Text(f"{status.bits_per_s / 1000:.0f}"),
    ]


def _fault_below(status: StreamStatus) -> Padding:
    name = Text(f"{_camera(status)}: ", "bold")
    return Padding(name + _fault(status), (0, 0, 0, 1))


def _fault(status: StreamStatus) -> Text:
    """The last fault with its age; dim once frames arrive again."""
    if not status.fault or status.fault_age_s is None:
        return Text()
    said = say("{age} ago: {fault}", age=age_words(status.fault_age_s), fault=fault_words(status))
    text = Text(said, "dim" if status.phase is Phase.CONNECTED else "")
    if status.next_try_s is not None:
        text.append(f" {_next_try(status.next_try_s)}", "yellow")
    return text


def _recording(status: StreamStatus) -> str:
    words = recording_words(status)
    return words if status.recording is RecordingState.RECORDING else say("recording: {state}", state=words)


def _next_try(seconds: float) -> str:
    return say("Next try in {seconds:.0f} s.", seconds=seconds)


def _camera(status: StreamStatus) -> str:
    return status.camera if status.stream == "main" else f"{status.camera}/{status.stream}"
