"""How the volumes of a running recorder are doing, as the control interface and the commands show it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.policy.volume_events import Volume
from holdfast.ports.clock import Clock
from holdfast.recorder.volumes import VolumeSet


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeShown:
    """One volume at one moment, in order of preference."""

    name: str
    path: str
    """As configured, absolute."""
    state: VolumeState
    since_ns: WallNs
    """When it came into this state."""
    sentence: str
    """Why it is in this state and what to do; empty when there is nothing to say."""
    free_bytes: int | None
    """As last told, as total_bytes; None while it is not open."""
    total_bytes: int | None
    in_use: bool
    """New segments go there."""
    file_system: str
    """Such as "ext4"; empty while it is not open, as source."""
    source: str
    """What is mounted, such as "/dev/sdb1"."""
    volume_id: str
    """Of its marker; empty as long as it was never open in this life of the recorder."""


def volumes_shown(volumes: VolumeSet, clock: Clock) -> list[VolumeShown]:
    """What is known of all of them now. On the event loop; touches no disk."""
    wall_ns, mono_s = clock.wall_ns(), clock.mono_ns() / NS_PER_S
    state, plans = volumes.state, volumes.keeper.plans
    return [
        _shown(volume, plans[volume.name].root, wall_ns - round((mono_s - volume.since_s) * NS_PER_S), state.in_use)
        for volume in state.volumes
    ]


def as_json(shown: Sequence[VolumeShown]) -> list[dict[str, object]]:
    """For the interface."""
    return [asdict(one) for one in shown]


def state_in_use(shown: Sequence[VolumeShown]) -> dict[str, object]:
    """What every stream's state says: the volume in use, and its state; without one, the state of the preferred one."""
    used = next((one for one in shown if one.in_use), None)
    first = shown[0] if shown else None
    state = used.state if used is not None else first.state if first is not None else ""
    return {"volume": "" if used is None else used.name, "volume_state": state}


def _shown(volume: Volume, path: str, since_ns: int, in_use: str | None) -> VolumeShown:
    space = volume.space if volume.is_open else None
    file_system = volume.file_system
    return VolumeShown(
        name=volume.name,
        path=path,
        state=volume.state,
        since_ns=WallNs(since_ns),
        sentence=volume.sentence,
        free_bytes=None if space is None else space.free_bytes,
        total_bytes=None if space is None else space.total_bytes,
        in_use=volume.name == in_use,
        file_system="" if file_system is None else file_system.kind,
        source="" if file_system is None else file_system.source,
        volume_id=volume.volume_id,
    )
