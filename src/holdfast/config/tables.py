"""Typed access to the tables of a configuration: what does not fit is noted, and reading goes on."""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from holdfast.config.lines import Lines, Place
from holdfast.config.problems import ConfigProblem
from holdfast.config.values import duration_s, size_bytes
from holdfast.domain.secrets import redact

SECRETS = frozenset({"password", "webhook", "heartbeat"})
"""Keys whose values are never shown."""
MOST_SHOWN = 80
MOST_SHOWN_OF_A_PATH = 1000
_Number = TypeVar("_Number", int, float)


class Notes:
    """Everything that was found wrong in one text."""

    def __init__(self, lines: Lines) -> None:
        """Nothing yet."""
        self.lines = lines
        self.problems: list[ConfigProblem] = []

    def add(self, place: Place, key: str, section: str, sentence: str) -> None:
        """Note it where it stands."""
        self.problems.append(ConfigProblem(sentence, section, self.lines.of(place, key)))

    def ordered(self) -> list[ConfigProblem]:
        """By line; those of no known line first."""
        return sorted(self.problems, key=lambda problem: problem.line or 0)


class Table:
    """One table. What is asked for is known; `end` complains about the rest."""

    def __init__(self, notes: Notes, values: Mapping[str, Any], place: Place, section: str) -> None:
        """`section`: how people find it, such as "[recorder]"."""
        self.section = section
        self._notes, self._values, self._place = notes, values, place
        self._known: list[str] = []

    def problem(self, key: str, sentence: str) -> None:
        """Note that something is wrong with a key."""
        self._notes.add(self._place, key, self.section, sentence)

    def has(self, key: str) -> bool:
        """Whether it is there at all."""
        return key in self._values

    def line_of(self, key: str) -> int | None:
        """Where a key stands."""
        return self._notes.lines.of(self._place, key)

    # ------------------------------------------------------------ values

    def text(self, key: str, *, required: bool = False) -> str:
        """A text; empty when it is missing or wrong."""
        value = self._take(key)
        if value is None:
            if required:
                self.problem(key, f"{key} is missing.")
            return ""
        if not isinstance(value, str):
            self.problem(key, f"{key} = {shown(key, value)} is no text. Write it in quotation marks.")
            return ""
        if required and not value.strip():
            self.problem(key, f"{key} is empty.")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list of texts; None when it is missing or wrong."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.problem(key, f'{key} must be a list of texts, such as ["first", "second"].')
            return None
        return tuple(value)

    def boolean(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            sentence = f"{key} = {shown(key, value)} must be true or false, without quotation marks."
            self.problem(key, sentence)
            return default
        return value

    def integer(self, key: str, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`; None when it is missing or wrong."""
        value = self._take(key)
        if value is None:
            return None
        if type(value) is not int:
            self.problem(key, f"{key} = {shown(key, value)} is no whole number.")
            return None
        if not low <= value <= high:
            self.problem(key, f"{key} = {value} must be between {low} and {high}.")
            return None
        return value

    def duration_s(self, key: str, low: str, high: str) -> float | None:
        """A time such as "15m", from `low` to `high`; None when it is missing or wrong."""
        return self._measure(key, low, high, duration_s)

    def size_bytes(self, key: str, low: str, high: str) -> int | None:
        """A size such as "500M", from `low` to `high`; None when it is missing or wrong."""
        found = self._measure(key, low, high, size_bytes)
        return None if found is None else int(found)

    def choice(self, key: str, choices: Sequence[str]) -> str | None:
        """One of these; None when it is missing or wrong."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, str) and value in choices:
            return value
        self.problem(key, f"{key} = {shown(key, value)} must be one of {', '.join(choices)}.")
        return None

    # ------------------------------------------------------------ tables inside

    def table(self, key: str) -> "Table":
        """The table `[key]`; an empty one when it is missing or wrong."""
        value = self._take(key)
        if not isinstance(value, dict | None):
            self.problem(key, f"{key} must be a table: [{key}] and its keys below it.")
        return Table(self._notes, value if isinstance(value, dict) else {}, (key, 0), f"[{key}]")

    def tables(self, key: str) -> list["Table"]:
        """The tables `[[key]]`."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.problem(key, f"{key} must be a list of tables: [[{key}]] and its keys below it, for each.")
            return []
        return [Table(self._notes, one, (key, n), f"[[{key}]] #{n + 1}") for n, one in enumerate(value)]

    def items(self) -> Mapping[str, Any]:
        """All keys and values: those of a table whose keys are not fixed."""
        self._known += self._values
        return self._values

    def end(self) -> None:
        """Complain about every key that nobody asked for."""
        for key in self._values:
            if key in self._known:
                continue
            like = difflib.get_close_matches(key, self._known, 1)
            if like:
                self.problem(key, f"{key} is not known here. Did you mean {like[0]}?")
            else:
                self.problem(key, f"{key} is not known here. Known are {', '.join(self._known)}.")

    # ------------------------------------------------------------ inside

    def _take(self, key: str) -> Any:  # noqa: ANN401 - any value of TOML; None: it has no such value itself
        self._known.append(key)
        return self._values.get(key)

    def _measure(self, key: str, low: str, high: str, read: Callable[[str], float]) -> float | None:
        value = self._take(key)
        if value is None:
            return None
        given = shown(key, value)
        try:
            found = read(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None and read is duration_s:
            self.problem(key, f"{key} = {given} is no time. Write it as 500ms, 90s, 15m or 1h, in quotation marks.")
        elif found is None:
            self.problem(key, f"{key} = {given} is no size. Write it as 500M or 2G, in quotation marks.")
        elif not read(low) <= found <= read(high):
            self.problem(key, f"{key} = {given} must be between {low} and {high}.")
            return None
        return found


def given_or(given: _Number | None, usual: _Number) -> _Number:
    """What was given, if anything was."""
    return usual if given is None else given


def shown(key: str, value: object) -> str:
    """A value as it may be shown: never a password, a path to its end, all else not for pages."""
    if key in SECRETS:
        return "…"
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    most = MOST_SHOWN_OF_A_PATH if isinstance(value, Path) else MOST_SHOWN
    return text if len(text) <= most else text[:most] + "…"
