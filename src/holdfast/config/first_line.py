"""A secret in a file of its own, so that the configuration can be shown to others: the first line of that file."""

from pathlib import Path

from holdfast.config.tables import Table, shown

MOST_BYTES = 4096


def first_line(table: Table, key: str, file: Path) -> str:
    """The first line of a file that `key` names, empty after a problem was noted."""
    value = shown(key, file)
    try:
        with file.open("rb") as opened:
            lines = opened.read(MOST_BYTES).decode().splitlines()
    except OSError as error:
        table.problem(key, f"{key} = {value} cannot be read ({error.strerror}).")
        return ""
    except UnicodeDecodeError:
        table.problem(key, f"{key} = {value} is no UTF-8 text.")
        return ""
    except ValueError:  # a NUL in the name
        table.problem(key, f"{key} = {value} cannot be the name of a file.")
        return ""
    if not lines or not lines[0].strip():
        table.problem(key, f"{key} = {value} is empty. Its first line is what is read.")
        return ""
    return lines[0]
