"""What is wrong with a configuration: all of it at once, each with its place, and never with a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that has to be changed."""

    sentence: str
    """In English; names the key, the value and what is allowed."""
    section: str = ""
    """Such as "[[camera]] cam_02"; empty for the file as a whole."""
    line: int | None = None
    """Counted from 1; None when it is not known."""


class ConfigError(Exception):
    """The configuration cannot be used."""

    def __init__(self, path: Path, problems: Sequence[ConfigProblem], files: Sequence[Path] = ()) -> None:
        """`files`: whatever, once it is changed, may make the configuration good."""
        self.path, self.problems, self.files = path, tuple(problems), tuple(files) or (path,)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """A line per problem, in English: FILE:LINE: SECTION: SENTENCE."""
        return [f"{self.where(problem)}{problem.sentence}" for problem in self.problems]

    def where(self, problem: ConfigProblem) -> str:
        """The beginning of its line, the same in every language."""
        line = "" if problem.line is None else f":{problem.line}"
        section = f"{problem.section}: " if problem.section else ""
        return f"{self.path}{line}: {section}"
