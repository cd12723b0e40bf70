"""What every catalog does with alarms, whether in a file or in memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.catalog.store import Catalog
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogPort
from tests.fakes.catalog import FakeCatalog


@pytest.fixture(params=["file", "memory"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogPort]:
    made: CatalogPort = Catalog.open(tmp_path / "catalog.db") if request.param == "file" else FakeCatalog()
    yield made
    assert made.close()


def alarm(name: str, raised: int, cleared: int | None = None, *, subject: str = "앞문") -> AlarmRecord:
    return AlarmRecord(
        alarm_id=name,
        kind="volume_gone",
        severity="critical",
        subject=subject,
        sentence="디스크가 없어졌습니다.",
        raised_wall_ns=WallNs(raised),
        cleared_wall_ns=None if cleared is None else WallNs(cleared),
    )


def put(catalog: CatalogPort, *records: AlarmRecord) -> None:
    for record in records:
        catalog.post(record)
    assert catalog.flush(10)


def test_an_alarm_is_put_in_when_it_is_raised_and_again_when_it_is_cleared(catalog: CatalogPort) -> None:
    put(catalog, alarm("a", 10))
    assert catalog.alarms() == catalog.alarms(open_only=True) == (alarm("a", 10),)
    put(catalog, alarm("a", 10, 20))
    assert catalog.alarms() == (alarm("a", 10, 20),)
    assert catalog.alarms(open_only=True) == ()
    assert catalog.cameras() == (), "its subject need not be a camera"


def test_alarms_come_by_time_and_can_be_asked_for_by_range(catalog: CatalogPort) -> None:
    late, early, is_open, twin = alarm("a", 30, 40), alarm("b", 10, 20), alarm("c", 50), alarm("d", 10, 20, subject="a")
    put(catalog, late, early, is_open, twin)
    assert catalog.alarms() == (twin, early, late, is_open)
    assert catalog.alarms(from_ns=WallNs(20), to_ns=WallNs(31)) == (late,)
    assert catalog.alarms(from_ns=WallNs(900)) == (is_open,)
    assert catalog.alarms(to_ns=WallNs(10)) == ()
    assert catalog.alarms(open_only=True, from_ns=WallNs(900)) == (is_open,)
    assert catalog.alarms(open_only=True, to_ns=WallNs(50)) == ()


def test_alarms_of_another_node_are_not_shown(catalog: CatalogPort) -> None:
    put(catalog, replace(alarm("a", 10), node="elsewhere"))
    assert catalog.alarms() == catalog.alarms(open_only=True) == ()
