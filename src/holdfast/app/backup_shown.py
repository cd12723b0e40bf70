"""How far a backup is, and what came of it: a bar in a terminal, plain lines or JSON otherwise."""

import json
import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.progress import Progress

from holdfast.app.backup import BackupOrder, Outcome
from holdfast.app.language import say, translated
from holdfast.app.progress import bytes_progress
from holdfast.app.words import age_words, space_words
from holdfast.domain.segments import SegmentRecord
from holdfast.policy.backups import BackupPlan

PLAIN_EVERY_S = 10.0
MOST_TOLD = 20
"""Files that are named one by one when they could not be saved."""


class BackupProgress:
    """A context manager. Implements `backup.Watches`."""

    def __init__(self, *, quiet: bool) -> None:
        """`quiet`: nothing is shown, as for a program that reads the result."""
        self._bar: Progress | None = None
        self._is_quiet = quiet
        self._task = 0
        self._files = self._total_files = self._done_bytes = self._total_bytes = 0
        self._begun_s = self._said_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begins(self, planned: BackupPlan) -> None:
        """So much is to be done."""
        self._total_files, self._total_bytes = len(planned.to_save), planned.size_bytes
        if self._is_quiet or not self._total_files:
            return
        if not sys.stderr.isatty():
            count, size = self._total_files, space_words(self._total_bytes)
            print(say("{count} files are to be saved, {size}.", count=count, size=size), flush=True)
            return
        self._bar = bytes_progress()
        self._task = self._bar.add_task(self._words(), total=self._total_bytes)
        self._bar.start()

    def at(self, row: SegmentRecord, done_bytes: int) -> None:
        """So many bytes of this file are copied and read back, one by one counted twice."""
        self._show(min(done_bytes // 2, row.size_bytes))

    def ended(self, row: SegmentRecord) -> None:
        """It is saved, or it is not."""
        self._files += 1
        self._done_bytes += row.size_bytes
        self._show(0)

    def _words(self) -> str:
        return say("{done} of {count} files", done=self._files, count=self._total_files)

    def _show(self, of_file_bytes: int) -> None:
        done_bytes = self._done_bytes + of_file_bytes
        if self._bar is not None:
            task = next(task for task in self._bar.tasks if task.id == self._task)
            self._bar.update(task.id, completed=done_bytes, description=self._words())
            return
        now_s = time.monotonic()
        if self._is_quiet or now_s - self._said_s < PLAIN_EVERY_S:
            return
        self._said_s = now_s
        print(self._line(done_bytes, now_s - self._begun_s), flush=True)

    def _line(self, done_bytes: int, took_s: float) -> str:
        sentence = "{done} of {count} files, {done_size} of {size}, about {left} left"
        left_s = took_s * (self._total_bytes - done_bytes) / done_bytes if done_bytes else 0.0
        return say(
            sentence,
            done=self._files,
            count=self._total_files,
            done_size=space_words(done_bytes),
            size=space_words(self._total_bytes),
            left=age_words(left_s),
        )


def plan_lines(planned: BackupPlan, rate_bytes: int) -> list[str]:
    """What a backup would do."""
    lines = [f"{row.path}  {space_words(row.size_bytes)}" for row in planned.to_save]
    # Each byte is read from one disk, written to the other, and read back.
    takes_s = 2 * planned.size_bytes / rate_bytes
    count, size, time_words = len(planned.to_save), space_words(planned.size_bytes), age_words(takes_s)
    lines.append(
        say(
            "{count} files are to be saved, {size}: at this rate in {time} or more.",
            count=count,
            size=size,
            time=time_words,
        )
    )
    return [*lines, *_rest_lines(planned)]


def outcome_lines(outcome: Outcome, order: BackupOrder) -> list[str]:
    """What came of it, for people."""
    count, size = len(outcome.saved), space_words(outcome.saved_bytes)
    lines = [say("{count} files were saved, {size}, each read back and compared.", count=count, size=size)]
    lines += _rest_lines(outcome.plan)
    if outcome.gone:
        lines.append(say("{count} files moved or were deleted meanwhile.", count=outcome.gone))
    lines += [f"{row.path}: {translated(reason)}" for row, reason in outcome.failed[:MOST_TOLD]]
    if outcome.stopped:
        lines.append(translated(outcome.stopped))
    if outcome.left:
        sentence = "{count} files are not saved, {size}. The next backup goes on where this one ended."
        lines.append(say(sentence, count=outcome.left, size=space_words(outcome.left_bytes)))
    if outcome.is_full:
        sentence = "The target needs at least {size} more. Free some space on it, or take another disk."
        lines.append(say(sentence, size=space_words(outcome.left_bytes)))
    if order.removes:
        count, size = len(outcome.removed), space_words(sum(row.size_bytes for row in outcome.removed))
        lines.append(say("{count} files were removed here, {size}: they are in the backup.", count=count, size=size))
    if outcome.held_back:
        lines.append(say("{count} files are held: they are in the backup, and stay here.", count=outcome.held_back))
    if outcome.not_removed:
        sentence = "{count} files stay here: their copies are not what was saved any more. The next backup saves them."
        lines.append(say(sentence, count=outcome.not_removed))
    return lines


def outcome_json(outcome: Outcome) -> str:
    """The same for programs: an object for each file, and one for the whole as the last line."""
    lines: list[dict[str, Any]] = [
        {"saved": one.path, "bytes": one.size_bytes, "sha256": one.sha256, "camera": one.camera}
        for one in outcome.saved
    ]
    lines += [{"failed": row.path, "error": reason} for row, reason in outcome.failed]
    lines.append(
        {
            "files": len(outcome.saved),
            "bytes": outcome.saved_bytes,
            "left": outcome.left,
            "left_bytes": outcome.left_bytes,
            "already": len(outcome.plan.saved),
            "not_yet": outcome.plan.not_yet,
            "not_there": len(outcome.plan.not_there),
            "removed": len(outcome.removed),
            "held": outcome.held_back,
            "not_removed": outcome.not_removed,
            "is_full": outcome.is_full,
            "is_complete": outcome.is_complete,
            "error": outcome.reason,
        }
    )
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def _rest_lines(planned: BackupPlan) -> list[str]:
    lines = []
    if planned.saved:
        lines.append(say("{count} files were saved before.", count=len(planned.saved)))
    if planned.not_yet:
        lines.append(say("{count} files are still being written: they wait for the next time.", count=planned.not_yet))
    if planned.not_there:
        names = ", ".join(sorted({row.volume for row in planned.not_there}))
        sentence = "{count} files are on volumes that are not there: {names}."
        lines.append(say(sentence, count=len(planned.not_there), names=names))
    if planned.unusable:
        sentence = "{count} files are missing or damaged, and are left out. To see them: holdfast check"
        lines.append(say(sentence, count=planned.unusable))
    return lines
