"""How much footage may be held in memory when nobody says so."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

SHARE = 4
MOST_BYTES = 4 << 30
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def memory_limit(wanted_bytes: int | None) -> int:
    """What is wanted; else a quarter of what this process may have, and at most 4 GiB."""
    return min(machine_bytes() // SHARE, MOST_BYTES) if wanted_bytes is None else wanted_bytes


def machine_bytes(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> int:
    """The memory of the machine, or of the container or service that this process is in (cgroups(7), version 2)."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [_limit_of(group) for group in _groups(cgroups, own)]
    return min([machine, *(limit for limit in limits if limit is not None)])


def _groups(cgroups: Path, own: Path) -> Iterator[Path]:
    """The group of this process and those around it."""
    try:
        lines = own.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith("0::"):
            group = cgroups / line.removeprefix("0::").lstrip("/")
            yield from (one for one in (group, *group.parents) if one.is_relative_to(cgroups))


def _limit_of(group: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((group / "memory.max").read_text(encoding="ascii"))
    return None
