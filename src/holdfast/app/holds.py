"""Holds beside the catalog: a copy on every volume and in the state folder, read back when the catalog was lost."""

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import LOCAL_NODE
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogPort
from holdfast.storage.holds_file import keep_text, read_text

LOG = logging.getLogger("holdfast.storage")
FORMAT = 1
MOST_HOLDS = 10_000
MOST_NS = 1 << 62
MOST_LETTERS = 1000
_TEXTS = ("hold_id", "camera", "reason")
_MOMENTS = ("from_wall_ns", "to_wall_ns", "created_wall_ns")


def text_of(holds: Iterable[HoldRecord]) -> str:
    """The copy. The same holds make the same text."""
    listed = [asdict(hold) for hold in sorted(holds, key=lambda one: (one.created_wall_ns, one.hold_id))]
    return json.dumps({"format": FORMAT, "holds": listed}, ensure_ascii=False, indent=1) + "\n"


def holds_in(text: str) -> tuple[HoldRecord, ...]:
    """What a copy says, as far as it can be believed: it lies on a disk that anybody may have written to."""
    try:
        listed = json.loads(text)["holds"] if text else []
    except (ValueError, RecursionError, KeyError, TypeError):
        return ()
    if not isinstance(listed, list):
        return ()
    return tuple(hold for one in listed[:MOST_HOLDS] if (hold := _hold(one)) is not None)


def recall(catalog: CatalogPort, found: Iterable[HoldRecord]) -> list[HoldRecord]:
    """Put holds back that the catalog does not have; which. Raises CatalogError."""
    known = {hold.hold_id for hold in catalog.holds()}
    lost = [hold for hold in found if hold.hold_id not in known]
    for hold in lost:
        catalog.post(hold)
    return lost


def copy_in(root: Path) -> tuple[HoldRecord, ...]:
    """What the copy in a volume or state folder says; nothing when it cannot be read."""
    try:
        return holds_in(read_text(root))
    except (OSError, UnicodeDecodeError):
        return ()


def keep_copy(root: Path, text: str) -> None:
    """Write the copy in the state folder. One that cannot be written is tried again with the next change."""
    try:
        keep_text(root, text)
    except OSError as error:
        LOG.warning("the copy of the holds in %s cannot be written (%s)", root, error.strerror)


def _hold(one: object) -> HoldRecord | None:
    if not isinstance(one, dict):
        return None
    texts = [one.get(key) for key in _TEXTS]
    moments = [WallNs(one[key]) for key in _MOMENTS if type(one.get(key)) is int and 0 <= one[key] < MOST_NS]
    if not all(isinstance(text, str) and text and len(text) <= MOST_LETTERS for text in texts):
        return None
    if len(moments) != len(_MOMENTS) or moments[0] >= moments[1]:
        return None
    hold_id, camera, reason = map(str, texts)
    return HoldRecord(
        hold_id=hold_id,
        camera=camera,
        from_wall_ns=moments[0],
        to_wall_ns=moments[1],
        reason=reason,
        created_wall_ns=moments[2],
        node=LOCAL_NODE,
    )
