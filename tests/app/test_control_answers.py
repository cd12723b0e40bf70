"""What the control interface tells of segments and of the configuration."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from holdfast.app.control import ControlServer
from holdfast.app.problems import Problem
from holdfast.app.reload import ConfigState, Configured
from holdfast.app.volumes_shown import VolumeShown
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import PtsNs, WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.ports.catalog import CatalogUnreadableError
from tests.app.controlling import FakeAlarms, FakeRecorder, asked, raw, serving_of
from tests.fakes.catalog import FakeCatalog
from tests.records import PLAIN


@pytest.fixture(autouse=True)
def own_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One with a short name: those of tests are too long for a socket."""
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    with tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest_asyncio.fixture
async def server(catalog: FakeCatalog, root: Path) -> AsyncIterator[ControlServer]:
    serving = serving_of(FakeRecorder(), root, catalog)
    await serving.start()
    yield serving
    await serving.stop()


# ------------------------------------------------------------ segments


def recorded(hour: int, camera: str = "cam_01") -> SegmentRecord:
    began = datetime(2026, 11, 23, hour, tzinfo=UTC)
    return replace(
        PLAIN,
        path=f"{camera}/{hour}.mp4",
        camera=camera,
        ordinal=hour,
        wall_start_ns=WallNs(int(began.timestamp()) * 1_000_000_000),
        duration_ns=3_600_000_000_000,
        pts_start_ns=PtsNs(hour),
    )


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ("", [1, 2, 3]),
        ("?camera=cam_01", [1, 2, 3]),
        ("?camera=nobody", []),
        ("?stream=sub", []),
        ("?from=2026-11-23T02:00:00Z", [2, 3]),
        ("?from=2026-11-23T11:30:00%2B09:00&to=2026-11-23T02:45:00Z", [2]),
        ("?to=2026-11-23T02:00:00Z", [1]),
    ],
)
async def test_segments_of_a_part_of_the_time_are_told(
    server: ControlServer, catalog: FakeCatalog, root: Path, query: str, hours: list[int]
) -> None:
    for hour in (1, 2, 3):
        catalog.post(recorded(hour))
    answer = await asked(root, "GET", "/segments" + query)
    assert [segment["ordinal"] for segment in answer["segments"]] == hours
    assert answer["more"] is False


async def test_an_answer_has_a_limit_and_says_so(
    server: ControlServer, catalog: FakeCatalog, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.app.control.MOST_SEGMENTS", 2)
    for hour in (1, 2, 3):
        catalog.post(recorded(hour))
    answer = await asked(root, "GET", "/segments")
    assert (len(answer["segments"]), answer["more"]) == (2, True)


async def test_a_moment_that_is_none_is_refused(server: ControlServer, root: Path) -> None:
    status_code, answer = await raw(root, b"GET /segments?from=soon HTTP/1.0\r\n\r\n")
    assert status_code == 400
    assert "'soon' is no moment" in answer["error"]


@pytest.mark.parametrize("query", ["from_ns=-1", f"from_ns={1 << 63}", f"to_ns=-{1 << 70}", "from_ns=x"])
@pytest.mark.usefixtures("server")
async def test_a_range_that_no_calendar_has_is_refused(root: Path, query: str) -> None:
    for what in ("gaps", "alarms"):
        with pytest.raises(Problem, match="nanoseconds since 1970"):
            await asked(root, "GET", f"/{what}?{query}")


async def test_open_alarms_are_told_as_the_recorder_has_them_and_a_range_as_the_catalog_has_it(
    catalog: FakeCatalog, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = AlarmRecord(
        alarm_id="a", kind="memory", severity="warning", subject="", sentence="Full.", raised_wall_ns=WallNs(5)
    )
    over = replace(alarm, alarm_id="b", cleared_wall_ns=WallNs(9))
    catalog.post(over)
    serving = serving_of(FakeRecorder(alarms=FakeAlarms((alarm,))), root, catalog)
    await serving.start()
    try:
        assert await asked(root, "GET", "/alarms") == {"alarms": [asdict(alarm)]}
        assert await asked(root, "GET", "/alarms?from_ns=8") == {"alarms": [asdict(over)]}
        assert await asked(root, "GET", "/alarms?to_ns=5") == {"alarms": []}
        monkeypatch.setattr(catalog, "alarms", unreadable)
        with pytest.raises(Problem, match="it is damaged"):
            await asked(root, "GET", "/alarms?to_ns=5")
    finally:
        await serving.stop()


def unreadable(*_: object, **__: object) -> None:
    raise CatalogUnreadableError("it is damaged")


async def test_a_catalog_that_cannot_be_read_is_said(
    server: ControlServer, catalog: FakeCatalog, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> Iterator[SegmentRecord]:
        raise CatalogUnreadableError("it is damaged")

    monkeypatch.setattr(catalog, "segments", damaged)
    status_code, answer = await raw(root, b"GET /segments HTTP/1.0\r\n\r\n")
    assert (status_code, answer) == (503, {"error": "it is damaged"})


# ------------------------------------------------------------ configuration


@dataclass
class FakeConfigured:
    """What the control server uses of the configuration."""

    state: ConfigState
    after: ConfigState | None = None

    async def reload(self, _recorder: object) -> ConfigState:
        self.state = self.after or self.state
        return self.state


async def test_the_state_of_the_configuration_is_told_and_read_again(root: Path) -> None:
    good = ConfigState(Path("/etc/holdfast.toml"), WallNs(1_000_000_000))
    bad = replace(good, error=("/etc/holdfast.toml:3: it is bad", "and so is this"), pending=("volume.path",))
    serving = serving_of(FakeRecorder(), root, configured=cast("Configured", FakeConfigured(good, bad)))
    await serving.start()
    state = {"path": "/etc/holdfast.toml", "loaded_s": 1.0, "error": [], "pending": []}
    assert await asked(root, "GET", "/config/state") == state
    assert await asked(root, "POST", "/reload") == state | {"error": list(bad.error), "pending": ["volume.path"]}
    answer = await asked(root, "GET", "/status")
    assert {one["config_error"] for one in answer} == {"/etc/holdfast.toml:3: it is bad\nand so is this"}
    await serving.stop()


@pytest.mark.parametrize("request_line", [b"GET /config/state", b"POST /reload"])
async def test_a_recorder_without_a_configuration_says_so(
    server: ControlServer, root: Path, request_line: bytes
) -> None:
    status_code, answer = await raw(root, request_line + b" HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
    assert status_code == 409
    assert "no configuration file" in answer["error"]


async def test_a_switch_is_answered_when_it_is_kept(server: ControlServer, catalog: FakeCatalog, root: Path) -> None:
    catalog.trouble = "it is locked"
    answer = await asked(root, "POST", "/cameras/cam_01/recording", {"wanted": False})
    assert answer["recording"] == "off", "and a catalog that cannot keep it does not undo it"
    assert catalog.flushes == 1


# ------------------------------------------------------------ volumes


async def test_it_tells_the_volumes_and_every_stream_the_one_in_use(root: Path) -> None:
    main = VolumeShown(
        name="main",
        path="/mnt/디스크",
        state=VolumeState.SLOW,
        since_ns=WallNs(7),
        sentence="A write or sync took 3.0 s. The disk may be overloaded or failing.",
        free_bytes=1,
        total_bytes=2,
        in_use=True,
        file_system="ext4",
        source="/dev/sdb1",
        volume_id="id",
    )
    serving = serving_of(FakeRecorder(), root, volumes=lambda: [main])
    await serving.start()
    try:
        assert await asked(root, "GET", "/volumes") == {"volumes": [asdict(main)]}
        (first, *_) = await asked(root, "GET", "/status")
        assert (first["volume"], first["volume_state"]) == ("main", "slow")
    finally:
        await serving.stop()
