"""Where in the text a key stands: the parser does not tell, and people want to know."""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\"'-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([\"']?)([\w-]+)\1\s*(=|\.)")
_LONG_QUOTES = ('"""', "'''")

Place = tuple[str, int]
"""The name of a table, and its place (from 0) among those of this name; ("", 0) before the first header."""


class Lines:
    """An index of the lines of one text. Keys of tables in braces are not found."""

    def __init__(self, text: str) -> None:
        """Look through the text once."""
        self._headers: dict[Place, int] = {}
        self._keys: dict[tuple[Place, str], int] = {}
        self._counts: dict[str, int] = {}
        place: Place = ("", 0)
        inside = ""
        for number, line in enumerate(text.splitlines(), 1):
            if not inside:
                place = self._note(line, number, place)
            inside = _inside(line, inside)

    def of(self, place: Place, key: str = "") -> int | None:
        """The line of a key, else of its table's header, else None."""
        return self._keys.get((place, key), self._headers.get(place))

    def _note(self, line: str, number: int, place: Place) -> Place:
        header = _HEADER.match(line)
        if header is not None:
            name = header[2]
            # [[name]] begins another one; [name] is the only one.
            count = self._counts[name] = self._counts.get(name, -1) + 1 if header[1] == "[[" else 0
            self._headers[name, count] = number
            return name, count
        key = _KEY.match(line)
        if key is not None:
            self._keys.setdefault((place, key[2]), number)
        return place


def _inside(line: str, inside: str) -> str:
    """The quotes of a text of several lines that is still open after this line."""
    for quotes in _LONG_QUOTES:
        if inside in ("", quotes) and line.count(quotes) % 2:
            return "" if inside else quotes
    return inside
