"""What Linux says of processes (proc(5)): CPU time, threads, context switches, memory."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STATE_FIELD, _PARENT_FIELD = 0, 1
_UTIME_FIELD, _STIME_FIELD, _THREADS_FIELD = 11, 12, 17
"""Places in /proc/PID/stat, counted from the first field behind the name."""
_BUSY_FIELDS = (0, 1, 2, 5, 6)
"""Places in the first line of /proc/stat: user, nice, system, irq, softirq (idle, iowait and steal are not busy)."""


@dataclass(frozen=True, slots=True)
class Stat:
    """A process or thread: `cpu_s` is user and system time of all its threads, also of those that have ended."""

    pid: int
    name: str
    state: str
    parent: int
    cpu_s: float
    threads: int


@dataclass(frozen=True, slots=True)
class Switches:
    """Context switches: a thread that waited for something, and one that was taken off the processor."""

    voluntary: int
    involuntary: int

    def __add__(self, other: "Switches") -> "Switches":
        """Both together."""
        return Switches(self.voluntary + other.voluntary, self.involuntary + other.involuntary)


def parse_stat(text: str) -> Stat:
    """/proc/PID/stat. The name, in parentheses, may hold spaces and parentheses itself. Raises ValueError."""
    head, _, rest = text.rpartition(")")
    pid, _, name = head.partition("(")
    fields = rest.split()
    if len(fields) <= _THREADS_FIELD:
        raise ValueError(f"not the state of a process: {text[:80]!r}")
    return Stat(
        pid=int(pid),
        name=name,
        state=fields[_STATE_FIELD],
        parent=int(fields[_PARENT_FIELD]),
        cpu_s=(int(fields[_UTIME_FIELD]) + int(fields[_STIME_FIELD])) / TICKS_PER_S,
        threads=int(fields[_THREADS_FIELD]),
    )


def parse_switches(text: str) -> Switches:
    """/proc/PID/task/TID/status. Raises KeyError when it does not say."""
    values = _fields(text)
    return Switches(int(values["voluntary_ctxt_switches"]), int(values["nonvoluntary_ctxt_switches"]))


def parse_pss_bytes(text: str) -> int:
    """/proc/PID/smaps_rollup: memory, of shared pages each process's share. Raises KeyError when it does not say."""
    return int(_fields(text)["Pss"].split()[0]) * 1024


def parse_busy_s(text: str) -> float:
    """/proc/stat: CPU time that this machine has spent on anything at all, in seconds."""
    ticks = text.split("\n", 1)[0].split()[1:]
    return sum(int(ticks[field]) for field in _BUSY_FIELDS) / TICKS_PER_S


def _fields(text: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def tree(roots: Iterable[int], proc: Path = PROC) -> dict[int, Stat]:
    """The processes with these ids and all their descendants that live."""
    everybody = dict(_everybody(proc))
    children: dict[int, list[int]] = {}
    for stat in everybody.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    found: dict[int, Stat] = {}
    waiting = [pid for pid in roots if pid in everybody]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = everybody[pid]
            waiting += children.get(pid, [])
    return found


def _everybody(proc: Path) -> Iterable[tuple[int, Stat]]:
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                stat = parse_stat((folder / "stat").read_text(encoding="utf-8", errors="replace"))
            except (OSError, ValueError):
                continue
            yield stat.pid, stat


def switches(pids: Iterable[int], proc: Path = PROC) -> Switches:
    """Context switches of all threads that live."""
    total = Switches(0, 0)
    for pid in pids:
        for status in (proc / str(pid) / "task").glob("*/status"):
            try:
                total += parse_switches(status.read_text(encoding="utf-8", errors="replace"))
            except (OSError, KeyError):
                continue
    return total


def pss_bytes(pids: Iterable[int], proc: Path = PROC) -> int:
    """PSS of processes together. Raises OSError for one that is gone, or belongs to somebody else."""
    return sum(parse_pss_bytes((proc / str(pid) / "smaps_rollup").read_text(encoding="ascii")) for pid in pids)


def busy_s(proc: Path = PROC) -> float:
    """CPU time that the machine has spent since it was started."""
    return parse_busy_s((proc / "stat").read_text(encoding="ascii"))
