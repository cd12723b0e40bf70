"""Looking up alarms."""

from holdfast.catalog.reading import Reading, given_range
from holdfast.catalog.rows import columns
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.times import WallNs

# Both texts are joined from constants; data comes in as parameters only.
_ALARM = ", ".join(columns(AlarmRecord))
_ALARMS = f"""
SELECT {_ALARM} FROM alarms
WHERE node = :node AND raised_wall_ns < :to_ns AND (cleared_wall_ns IS NULL OR cleared_wall_ns > :from_ns)
ORDER BY raised_wall_ns, kind, subject, alarm_id
"""  # noqa: S608
_OPEN_ALARMS = f"""
SELECT {_ALARM} FROM alarms INDEXED BY alarms_open
WHERE node = :node AND cleared_wall_ns IS NULL AND raised_wall_ns < :to_ns
ORDER BY raised_wall_ns, kind, subject, alarm_id
"""  # noqa: S608


class AlarmQueries(Reading):
    """The part of the reader that is about alarms."""

    def alarms(
        self, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None, open_only: bool = False
    ) -> tuple[AlarmRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            query = _OPEN_ALARMS if open_only else _ALARMS
            found = connection.execute(query, self._given(**given_range(from_ns, to_ns))).fetchall()
        return tuple(AlarmRecord(**dict(row)) for row in found)
