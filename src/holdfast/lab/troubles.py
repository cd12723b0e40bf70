"""The trouble a simulated camera makes, as long as it is switched on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Admission = Literal["any", "refuse", "kick"]
"""What becomes of a second session: it plays, too; it is refused; or it plays and ends the first."""
Times = Literal["right", "still", "random"]
"""The RTP timestamps."""
_HEAD = 4


@dataclass(slots=True)
class Troubles:
    """The faults that are switched on."""

    chance: Random
    status: int = 0
    """Answer to every request for this camera; 0: the truth."""
    statuses: dict[str, int] = field(default_factory=dict)
    """The same for single methods."""
    delays_s: dict[str, float] = field(default_factory=dict)
    """How long the answers to these methods take."""
    no_video: bool = False
    no_keyframes: bool = False
    deaf: bool = False
    """Requests are read and never answered."""
    admission: Admission = "any"
    refuses_with: int = 453
    refuses_at: str = "PLAY"
    """The method that is refused to a second session."""
    refuses_sound_with: int = 0
    """The status of the answer to whoever wants to set the sound up; 0: it may."""
    times: Times = "right"
    lost_share: float = 0.0
    lost_until_s: float = 0.0
    """Until then (time of the event loop) this share of the RTP packets is left out."""

    def status_for(self, method: str) -> int:
        """What to answer instead of the truth; 0: the truth."""
        return self.statuses.get(method, self.status)

    def time_of(self, right: int) -> int:
        """The RTP timestamp that a frame gets."""
        match self.times:
            case "right":
                return right
            case "still":
                return 1
            case "random":
                return self.chance.getrandbits(32)

    def thinned(self, packets: bytes, now_s: float) -> bytes:
        """Interleaved packets without those that get lost; their sequence numbers are missing."""
        if now_s >= self.lost_until_s:
            return packets
        kept = bytearray()
        at = 0
        while at < len(packets):
            size = _HEAD + int.from_bytes(packets[at + 2 : at + _HEAD], "big")
            if self.chance.random() >= self.lost_share:
                kept += packets[at : at + size]
            at += size
        return bytes(kept)


def switched(now: Mapping[str, int], method: str, code: int) -> dict[str, int]:
    """The statuses with one of them changed; 0 is the truth again."""
    others = {name: status for name, status in now.items() if name != method}
    return {**others, method: code} if code else others
