"""Whether a segment may be moved to the volume that it belongs on, just now. Recording comes first, always."""

from holdfast.domain.volumes import VolumeState
from holdfast.policy.volume_events import Volume, VolumeRules

ROOM = 2
"""So many times the reserve stay free at home: moving must not be what fills it."""


def may_move(home: Volume, source: Volume, size_bytes: int, rules: VolumeRules) -> bool:
    """Whether both volumes are well, and the home has room for it."""
    if home.state is not VolumeState.HEALTHY or home.held_until_s is not None or home.space is None:
        return False
    if not source.is_open or source.state is VolumeState.SLOW:
        return False
    return home.space.free_bytes - size_bytes >= ROOM * home.space.reserve_bytes(rules.reserve_bytes)
