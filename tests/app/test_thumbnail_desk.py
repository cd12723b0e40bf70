"""`GET /thumbnail`: a picture, or why there is none, and never a wait for the recorder."""

import asyncio
import http.client
import json
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest
import pytest_asyncio

pytest.importorskip("av", reason="needs PyAV")

from holdfast.app.control import Asked, ControlServer
from holdfast.app.daemon import in_daemon
from holdfast.app.folder import control_socket
from holdfast.app.thumbnail_desk import MOST_AT_ONCE, ThumbnailDesk, places_of
from holdfast.app.thumbnail_maker import Answer, Maker
from holdfast.app.volumes_shown import VolumeShown
from holdfast.domain.segments import SegmentRecord, VolumeRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.lab.films import SMALL, film
from holdfast.ports.catalog import CatalogUnreadableError
from holdfast.recorder.recorder import Recorder
from tests.app.controlling import FakeRecorder, graph_of
from tests.app.pictures import size_of
from tests.app.thumbnail_rig import BEGIN_NS, Rig


@pytest.fixture(autouse=True)
def own_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One with a short name: those of tests are too long for a socket."""
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    with tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


def volume(state: VolumeState = VolumeState.HEALTHY, sentence: str = "") -> VolumeShown:
    return VolumeShown(
        name="main",
        path="/x",
        state=state,
        since_ns=WallNs(0),
        sentence=sentence,
        free_bytes=None,
        total_bytes=None,
        in_use=True,
        file_system="",
        source="",
        volume_id="",
    )


class Served:
    """A control server with real footage behind it."""

    def __init__(self, root: Path) -> None:
        self.rig, self.root = Rig(root), root
        self.volumes = [volume()]
        self.desk = ThumbnailDesk(self.rig.catalog, root, {"main": root}, lambda: self.volumes)
        asked = Asked(cast("Recorder", FakeRecorder()), self.rig.catalog, graph_of, thumbnails=self.desk)
        self.server = ControlServer(asked, control_socket(root))

    async def get(self, **query: object) -> tuple[int, Mapping[str, str], bytes]:
        path = "/thumbnail?" + urlencode({key: str(value) for key, value in query.items()})
        # A thread for each: the loop's own pool has fewer than there are requests at once here.
        return await in_daemon(lambda: self._get(path))

    def _get(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(60)
        connection.sock.connect(str(control_socket(self.root)))
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    async def refused(self, status: int, **query: object) -> Any:
        found, _, body = await self.get(**query)
        assert found == status, body
        return json.loads(body)


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path)
    await made.server.start()
    yield made
    await made.server.stop()
    made.desk.close()


@pytest.fixture
def row(served: Served, tmp_path_factory: pytest.TempPathFactory) -> SegmentRecord:
    return served.rig.record(film(SMALL, tmp_path_factory.mktemp("film")))


async def test_a_thumbnail_is_a_jpeg_that_says_of_when_it_is(served: Served, row: SegmentRecord) -> None:
    at_ns = BEGIN_NS + 2_500_000_000
    status, headers, body = await served.get(camera="cam_01", at_ns=at_ns)
    assert (status, headers["Content-Type"], size_of(body)) == (200, "image/jpeg", (320, 180))
    assert int(headers["Holdfast-Wall-Ns"]) == BEGIN_NS + 2 * NS_PER_S
    assert headers["Cache-Control"] == "private, no-cache"
    assert (await served.get(camera="cam_01", at_ns=at_ns))[2] == body
    assert size_of((await served.get(camera="cam_01", at_ns=at_ns, width=64, stream="main"))[2]) == (64, 36)


async def test_what_cannot_be_understood_is_refused(served: Served, row: SegmentRecord) -> None:
    for query in (
        {},
        {"camera": "cam_01"},
        {"at_ns": BEGIN_NS},
        {"camera": "cam_01", "at_ns": "yesterday"},
        {"camera": "cam_01", "at_ns": -1},
        {"camera": "cam_01", "at_ns": 1 << 63},
        {"camera": "cam_01", "at_ns": BEGIN_NS, "width": "wide"},
        {"camera": "cam_01", "at_ns": BEGIN_NS, "width": 5},
        {"camera": "cam_01", "at_ns": BEGIN_NS, "width": 10**30},
        {"camera": "cam_01", "at_ns": time.time_ns() + 3600 * NS_PER_S},
    ):
        assert (await served.refused(400, **query))["error"]


async def test_where_there_is_no_footage_the_answer_says_what_is_near(served: Served, row: SegmentRecord) -> None:
    said = await served.refused(404, camera="cam_01", at_ns=BEGIN_NS + 60 * NS_PER_S)
    assert (said["why"], said["before_ns"], said["after_ns"], said["cause"]) == (
        "no_footage",
        row.wall_end_ns,
        None,
        "",
    )
    assert (await served.refused(404, camera="nobody", at_ns=BEGIN_NS))["why"] == "unknown"
    assert (await served.refused(404, camera="cam_01", stream="sub", at_ns=BEGIN_NS))["why"] == "unknown"


async def test_a_damaged_file_and_a_disk_that_is_away_are_told_apart(served: Served, row: SegmentRecord) -> None:
    served.rig.file(row).write_bytes(b"nothing")
    said = await served.refused(422, camera="cam_01", at_ns=BEGIN_NS)
    assert said["why"] == "unreadable"
    for state in (VolumeState.GONE, VolumeState.HUNG, VolumeState.REFUSED):
        served.volumes = [volume(state, "The disk is gone.")]
        said = await served.refused(503, camera="cam_01", at_ns=BEGIN_NS)
        assert (said["why"], "The disk is gone." in said["error"]) == ("away", True)


async def test_a_catalog_that_cannot_be_read_is_said(
    served: Served, row: SegmentRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> tuple[VolumeRecord, ...]:
        raise CatalogUnreadableError("The catalog is damaged.")

    monkeypatch.setattr(served.rig.catalog, "volumes", fail)
    assert await served.refused(503, camera="cam_01", at_ns=BEGIN_NS) == {"error": "The catalog is damaged."}


class Slow(Maker):
    """A process that waits for its disk."""

    def ask(self, request: Mapping[str, object]) -> Answer:
        time.sleep(0.5)
        return super().ask(request)


async def test_more_than_a_few_at_once_are_told_to_come_back_and_the_loop_goes_on(
    served: Served, row: SegmentRecord
) -> None:
    served.desk._thumbnails.makers[:] = []  # noqa: SLF001 - replaced by slow ones
    served.desk._thumbnails._idle[:] = [Slow(), Slow()]  # noqa: SLF001
    asking = [
        asyncio.create_task(served.get(camera="cam_01", at_ns=BEGIN_NS + number * NS_PER_S // 4, width=100 + number))
        for number in range(MOST_AT_ONCE + 4)
    ]
    longest_s, last_s = 0.0, time.monotonic()
    while not all(task.done() for task in asking):
        await asyncio.sleep(0.01)
        longest_s, last_s = max(longest_s, time.monotonic() - last_s), time.monotonic()
    answers = [await task for task in asking]
    assert sorted({status for status, _, _ in answers}) == [200, 503]
    refused = [(headers, body) for status, headers, body in answers if status == 503]
    assert all(headers["Retry-After"] == "1" for headers, _ in refused)
    assert len(refused) == 4
    assert longest_s < 0.9, "the loop stood still"
    assert (await served.get(camera="cam_01", at_ns=BEGIN_NS))[0] == 200, "the places are free again"
    for maker in served.desk._thumbnails._idle:  # noqa: SLF001
        maker.close()


def record(name: str, path: str) -> VolumeRecord:
    return VolumeRecord(name=name, volume_id=f"id-{name}", path=path, file_system="", source="", seen_wall_ns=WallNs(0))


def test_a_volume_is_looked_for_where_it_should_be_where_it_was_and_where_the_catalog_is() -> None:
    root = Path("/state")
    places = places_of([record("main", "/old"), record("spare", "/spare")], {"main": Path("/new")}, root)
    assert (places["main"].roots, places["main"].volume_id) == (("/new", "/old", "/state"), "id-main")
    assert places["spare"].roots == ("/spare", "/state")
    assert places_of([], {}, root)["main"].roots == ("/state",)
    assert places_of([], {"main": Path("/new")}, root)["main"].volume_id == ""
    gone = places_of([record("main", "/old")], {}, root, [volume(VolumeState.GONE, "Gone.")])
    assert gone["main"].trouble == "Gone."
    full = places_of([record("main", "/old")], {}, root, [volume(VolumeState.FULL, "Full.")])
    assert full["main"].trouble == "", "a full disk is read as well as any"
