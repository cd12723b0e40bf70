"""The table `[backup]`: where footage is copied to by itself, and when."""

import re
from collections.abc import Sequence
from pathlib import Path

from holdfast.config.settings import BackupSettings
from holdfast.config.tables import Table, given_or, shown

_AT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
USUAL_RATE_BYTES = 20 << 20


def read_backup(table: Table, folder: Path, cameras: Sequence[str], *, is_there: bool) -> BackupSettings | None:
    """Read `[backup]`; None when there is none. `folder`: where relative names begin. `cameras`: the ids there are."""
    to, at_minute = table.text("to", required=is_there), _at(table)
    settings = BackupSettings(
        to=folder / to,
        at_minute=at_minute,
        every_s=table.duration_s("every", "10m", "720h"),
        cameras=_cameras(table, cameras),
        rate_bytes=given_or(table.size_bytes("rate", "64K", "100G"), USUAL_RATE_BYTES),
        remove=table.boolean("remove", default=False),
    )
    table.end()
    if not is_there:
        return None
    if "\0" in to:
        table.problem("to", f"to = {shown('to', Path(to))} cannot be the name of a folder.")
    if table.has("at") == table.has("every"):
        table.problem("at", 'Say when: either at = "03:00" for once a day, or every = "6h".')
    return settings


def _at(table: Table) -> int | None:
    """Minutes since midnight."""
    given = table.text("at")
    if not given:
        return None
    found = _AT.fullmatch(given)
    if found is None:
        table.problem("at", f'at = {shown("at", given)} is no time of the day. Write it as "03:00".')
        return None
    return int(found[1]) * 60 + int(found[2])


def _cameras(table: Table, known: Sequence[str]) -> tuple[str, ...]:
    given = table.texts("cameras") or ()
    for one in given:
        if one not in known:
            table.problem("cameras", f"cameras names {shown('cameras', one)}, and there is no camera of this id.")
    return given
