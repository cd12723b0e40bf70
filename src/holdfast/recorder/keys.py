"""Key frames that a stream had lately, by their content: the only thing that two sessions of a camera have in common.

RTP times of two sessions say nothing of one another, but the same picture is the same bytes in both.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from holdfast.fmp4.stream import Fragment

REMEMBERED = 128
REFUSED_AT_MOST = 2
"""A camera may send the group of pictures again with which the last session ended. No camera sends three."""


def key_of(fragment: Fragment) -> bytes | None:
    """What the key frame is known by with which the fragment begins; None when it begins with another frame."""
    video = fragment.video
    if video is None or not video.starts_with_sync:
        return None
    # The sample's own bytes; those of the moof count the frames of the session and differ.
    begin = fragment.moof_bytes + 8
    size = video.first_sample_bytes
    return hashlib.blake2b(fragment.data[begin : begin + size], digest_size=16).digest()


@dataclass(slots=True)
class _Seen:
    session: int
    times: int = 1


@dataclass(slots=True)
class KnownKeys:
    """The last key frames of all sessions of one stream."""

    _seen: OrderedDict[bytes, _Seen] = field(default_factory=OrderedDict)

    def add(self, key: bytes, session: int) -> None:
        """A session had this key frame, and it is recorded."""
        seen = self._seen.get(key)
        if seen is not None and (seen.session == session or seen.times > 1):
            seen.session, seen.times = session, seen.times + 1
        else:
            self._seen[key] = _Seen(session)
        self._seen.move_to_end(key)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def is_of_another(self, key: bytes, session: int) -> bool:
        """Whether another session had it already. A picture that came twice in one session tells nothing."""
        seen = self._seen.get(key)
        return seen is not None and seen.session != session and seen.times == 1

    def tells(self, key: bytes) -> bool:
        """Whether it can be recognised: it came once."""
        seen = self._seen.get(key)
        return seen is not None and seen.times == 1
