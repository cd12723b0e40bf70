"""Volumes and their policy, step by step, for tests."""

from typing import TypeVar

from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState
from holdfast.policy import volumes
from holdfast.policy.volume_events import (
    Action,
    Event,
    Exited,
    MountsChanged,
    Opened,
    OpeningRefused,
    Seen,
    Unanswered,
    Volume,
    VolumeRules,
    WritingFailed,
)

GIB = 1 << 30
ROOMY = VolumeSpace(500 * GIB, 1000 * GIB)
NEARLY_FULL = VolumeSpace(400 << 20, 1000 * GIB)
FULL_NO_MORE = VolumeSpace(1000 << 20, 1000 * GIB)
DISKS = {"main": 1, "second": 2, "third": 3}
SLOW, HUNG, FULL, GONE = VolumeState.SLOW, VolumeState.HUNG, VolumeState.FULL, VolumeState.GONE
HEALTHY, READ_ONLY, CHECKING, REFUSED = (
    VolumeState.HEALTHY,
    VolumeState.READ_ONLY,
    VolumeState.CHECKING,
    VolumeState.REFUSED,
)
Kind = TypeVar("Kind", bound=Action)


def disk(name: str, mount_id: int = 0, *, read_only: bool = False) -> FileSystem:
    number = DISKS[name]
    return FileSystem("ext4", f"/dev/{name}", f"/mnt/{name}", mount_id or 100 + number, f"8:{number}", read_only)


class Rig:
    """A policy and its clock."""

    def __init__(self, *names: str, rules: VolumeRules | None = None) -> None:
        self.at_s = 1000.0
        self.now, self.actions = volumes.begin(names or ("main", "second"), rules or VolumeRules(), at_s=self.at_s)

    def __getitem__(self, name: str) -> Volume:
        return self.now.of(name)

    def step(self, event: Event, after_s: float = 0.0) -> tuple[Action, ...]:
        self.at_s += after_s
        self.now, self.actions = volumes.step(self.now, event, at_s=self.at_s)
        return self.actions

    def process(self, name: str) -> int:
        found = self[name].process
        assert found is not None
        return found

    def open(
        self, name: str, *, space: VolumeSpace = ROOMY, full: str = "", on: FileSystem | None = None
    ) -> tuple[Action, ...]:
        known = VolumeIdentity(f"id of {name}", "ours", name)
        return self.step(Opened(name, self.process(name), known, on or disk(name), space, f"/mnt/{name}/footage", full))

    def refuse(self, name: str, state: VolumeState = GONE, sentence: str = "It is not mounted.") -> tuple[Action, ...]:
        return self.step(OpeningRefused(name, self.process(name), state, sentence))

    def fail(self, name: str, state: VolumeState | None = GONE) -> tuple[Action, ...]:
        return self.step(WritingFailed(name, self.process(name), "It broke.", state))

    def see(
        self,
        name: str,
        space: VolumeSpace = ROOMY,
        slowest_s: float = 0.0,
        after_s: float = 0.0,
        *,
        is_refusing: bool = False,
    ) -> tuple[Action, ...]:
        return self.step(Seen(name, self.process(name), space, slowest_s, is_refusing), after_s)

    def unanswered(self, name: str, for_s: float) -> tuple[Action, ...]:
        return self.step(Unanswered(name, self.process(name), for_s))

    def exit(self, name: str, process: int) -> tuple[Action, ...]:
        return self.step(Exited(name, process))

    def mounted(self, **covering: FileSystem | None) -> tuple[Action, ...]:
        return self.step(MountsChanged(covering))

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [action for action in self.actions if isinstance(action, kind)]


def well(*names: str, rules: VolumeRules | None = None) -> Rig:
    """All volumes open and healthy, and the table of mounts known."""
    rig = Rig(*names, rules=rules)
    for volume in rig.now.volumes:
        rig.open(volume.name)
    rig.step(MountsChanged({volume.name: disk(volume.name) for volume in rig.now.volumes}))
    return rig
