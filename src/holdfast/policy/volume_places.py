"""What volumes must not have in common: a folder, a disk, a folder inside the other's; and how small one may be."""

from collections.abc import Iterable
from dataclasses import dataclass

_UNITS = ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a volume is, as far as that is known."""

    name: str
    path: str
    """Absolute, and as clear of symbolic links and dots as whoever asks can make it; no "/" at its end."""
    device: str = ""
    """major:minor of its file system; empty when it is not known."""
    total_bytes: int | None = None


def objection(place: Place, others: Iterable[Place], memory_bytes: int | None = None) -> str | None:
    """Why a volume cannot be used beside the others, as a sentence; None when it can.

    `memory_bytes`: the limit of what is held in memory; None when nobody set one.
    """
    found = (_quarrel(place, other) for other in others)
    sentence = next((one for one in found if one is not None), None)
    if sentence is None and memory_bytes is not None and place.total_bytes is not None:
        sentence = _too_small(place, place.total_bytes, memory_bytes)
    return sentence


def size_words(size_bytes: int) -> str:
    """A size as it is written in a configuration, such as "500M"; rounded down to two places."""
    for unit, sign in _UNITS:
        if size_bytes >= unit:
            hundredths = size_bytes * 100 // unit
            whole, rest = divmod(hundredths, 100)
            return f"{whole}{sign}" if not rest else f"{whole}.{rest:02d}".rstrip("0") + sign
    return str(size_bytes)


def _quarrel(place: Place, other: Place) -> str | None:
    if place.path == other.path:
        return f"{place.path} is the folder of volume {other.name}, too. Give each volume a folder on its own disk."
    if _is_inside(place.path, other.path):
        return f"{place.path} lies inside volume {other.name} ({other.path}). Choose a folder outside of it."
    if _is_inside(other.path, place.path):
        return f"{place.path} has volume {other.name} ({other.path}) inside it. Choose a folder beside it."
    if place.device and place.device == other.device:
        return (
            f"{place.path} lies on the same file system as volume {other.name} ({other.path}): what ends one ends "
            "both. Choose a folder on another disk."
        )
    return None


def _is_inside(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _too_small(place: Place, total_bytes: int, memory_bytes: int) -> str | None:
    if total_bytes >= memory_bytes:
        return None
    total, memory = size_words(total_bytes), size_words(memory_bytes)
    return (
        f"{place.path} has {total} in all, less than the {memory} that may be held in memory: what is held would not "
        "fit. Choose a larger disk, or a smaller limit of memory."
    )
