"""Words for people, in English and Korean.

The English sentence is the key. `HOLDFAST_LANG` (en, ko) decides, else the locale (LC_ALL, LC_MESSAGES, LANG).

Two ways lead here. What the command line says itself goes through `say` with the data still apart. What is made below
`app`, or comes from another process, the catalog or argparse, is English text with the data already in it, as the log
and the catalog want it: `translated` finds the template it was made from, and puts the data into the Korean one.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from holdfast.app.korean import KOREAN, TOLD

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN}
TEMPLATES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": TOLD}
CLAUSES = frozenset({"reason", "remedy", "sentence", "what", "difference", "trouble"})
"""Holes that hold words of ours and not data: they are translated in their turn."""
NUMBERS = frozenset({"bytes", "count", "offset", "seconds"})
_HOLE = re.compile(r"\{(\w+)\}")
_OF_ONE = {"are": "is", "were": "was", "stay": "stays", "go": "goes"}
_COUNTED = re.compile(
    r"(?<!\} of )\{(\w+)\} (alarm|camera|file|frame|gap|hold|line|picture|place|thumbnail|track)s\b"
    rf"(?: ({'|'.join(_OF_ONE)})\b)?"
)
"""What is counted in sentences; not in "{done} of {count} files"."""
_BETWEEN_CLAUSES = "; "
_DEEPEST = 4


def language() -> str:
    """The language to use: "en" or "ko"."""
    for variable in ("HOLDFAST_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return value[:2].lower() if value[:2].lower() in LANGUAGES else "en"
    return "en"


def say(sentence: str, **values: object) -> str:
    """The sentence in the user's language, with `values` put in."""
    said = LANGUAGES[language()].get(sentence, sentence)
    if not values:
        return said
    return (_in_singular(said, values) if said is sentence else said).format(**values)


def _in_singular(sentence: str, values: Mapping[str, object]) -> str:
    """The English template with "{count} file is" in place of "{count} files are" where the count is 1."""

    def one(match: re.Match[str]) -> str:
        hole, noun, verb = match.groups(default="")
        if values.get(hole) != 1:
            return match.group()
        return f"{{{hole}}} {noun}{verb and ' ' + _OF_ONE[verb]}"

    return _COUNTED.sub(one, sentence)


def translated(text: str) -> str:
    """A sentence that was made elsewhere in English, in the user's language; as it is when nothing is known of it."""
    templates = TEMPLATES[language()]
    return _translated(text, templates, 0) if templates else text


def _translated(text: str, templates: Mapping[str, str], depth: int) -> str:
    known = templates.get(text)
    if known is not None or depth > _DEEPEST:
        return known or text
    if "\n" in text:
        return "\n".join(_translated(line, templates, depth + 1) for line in text.split("\n"))
    for literal, pattern, target in _patterns(language()):
        match = pattern.fullmatch(text) if literal in text else None
        if match is not None:
            values = {
                name: _translated(value, templates, depth + 1) if name.rstrip("_") in CLAUSES else value
                for name, value in match.groupdict().items()
            }
            return target.format(**values)
    if _BETWEEN_CLAUSES in text:
        clauses = text.split(_BETWEEN_CLAUSES)
        return _BETWEEN_CLAUSES.join(_translated(clause, templates, depth + 1) for clause in clauses)
    return text


@cache
def _patterns(code: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Templates with holes: their longest literal part, their pattern, and what they become; the most literal first."""
    found = [(*_pattern(source), target) for source, target in TEMPLATES[code].items() if _HOLE.search(source)]
    return tuple(sorted(found, key=lambda one: -len(_HOLE.sub("", one[1].pattern))))


def _pattern(template: str) -> tuple[str, re.Pattern[str]]:
    parts = _HOLE.split(template)
    literals, names = parts[::2], parts[1::2]
    source = "".join(
        re.escape(literal) + (f"(?P<{name}>{_values_of(name)})" if name else "")
        for literal, name in zip(literals, [*names, ""], strict=True)
    )
    return max(literals, key=len), re.compile(source, re.DOTALL)


def _values_of(name: str) -> str:
    return r"[0-9.]+" if name.rstrip("_") in NUMBERS else ".+?"


def cells(text: str) -> int:
    """Columns that a text takes in a terminal: Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of at most `columns` columns, unless a single word is longer."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cells(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
