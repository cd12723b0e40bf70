"""The control socket: who may speak to a recorder, and what it answers."""

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from holdfast.app.control import MAX_REQUEST_BYTES, ControlServer, ask
from holdfast.app.folder import control_socket, hold
from holdfast.app.problems import Exit, Problem
from holdfast.domain.streams import Mode, StreamId
from tests.app.controlling import FakeRecorder, asked, raw, serving_of
from tests.fakes.catalog import FakeCatalog


@pytest.fixture(autouse=True)
def own_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One with a short name: those of tests are too long for a socket."""
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    with tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "녹화 폴더").mkdir()
    return tmp_path / "녹화 폴더"


@pytest.fixture
def recorder() -> FakeRecorder:
    return FakeRecorder()


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest_asyncio.fixture
async def server(recorder: FakeRecorder, catalog: FakeCatalog, root: Path) -> AsyncIterator[ControlServer]:
    serving = serving_of(recorder, root, catalog)
    await serving.start()
    yield serving
    await serving.stop()


def posting(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def test_only_the_user_himself_can_reach_it(server: ControlServer, root: Path) -> None:
    place = control_socket(root)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700


async def test_it_tells_the_status_of_every_stream(server: ControlServer, recorder: FakeRecorder, root: Path) -> None:
    answer = await asked(root, "GET", "/status")
    assert answer == [
        one.as_json() | {"volume": "", "volume_state": "", "config_error": ""} for one in recorder.status()
    ]
    assert [one["camera"] for one in answer] == ["cam_01", "앞문 카메라", "cam_01"]


async def test_recording_is_switched_off_and_on(server: ControlServer, root: Path) -> None:
    for wanted, state in ((False, "off"), (True, "recording")):
        answer = await asked(root, "POST", "/cameras/cam_01/recording", {"wanted": wanted})
        assert answer["recording"] == state


async def test_a_camera_may_have_spaces_and_korean_letters(server: ControlServer, root: Path) -> None:
    path = "/cameras/%EC%95%9E%EB%AC%B8%20%EC%B9%B4%EB%A9%94%EB%9D%BC/recording"
    assert (await asked(root, "POST", path, {"wanted": False}))["camera"] == "앞문 카메라"


async def test_the_mode_is_switched(server: ControlServer, recorder: FakeRecorder, root: Path) -> None:
    for mode in Mode:
        assert (await asked(root, "POST", "/cameras/cam_01/mode?stream=sub", {"mode": mode}))["mode"] == mode
        assert recorder.streams[StreamId("cam_01", "sub")].status.mode is mode
    assert recorder.streams[StreamId("cam_01")].status.mode is Mode.RECORDING_ONLY


async def test_a_certificate_is_forgotten_and_that_is_kept(
    server: ControlServer, recorder: FakeRecorder, catalog: FakeCatalog, root: Path
) -> None:
    recorder.streams[StreamId("cam_01", "sub")].approach.pin = "ab"
    assert await asked(root, "POST", "/cameras/cam_01/trust") == {"forgotten": ""}
    assert await asked(root, "POST", "/cameras/cam_01/trust?stream=sub") == {"forgotten": "ab"}
    assert recorder.streams[StreamId("cam_01", "sub")].approach.pin == ""
    assert catalog.flushes == 2


async def test_it_gives_the_graph_of_the_present_session(server: ControlServer, root: Path) -> None:
    assert await asked(root, "GET", "/cameras/cam_01/graph") == {"dot": "digraph cam_01_3 {}"}


async def test_there_is_no_graph_of_a_camera_that_is_not_connected(server: ControlServer, root: Path) -> None:
    status_code, answer = await raw(
        root, b"GET /cameras/%EC%95%9E%EB%AC%B8%20%EC%B9%B4%EB%A9%94%EB%9D%BC/graph HTTP/1.0\r\n\r\n"
    )
    assert status_code == 409
    assert "not connected" in answer["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cameras/nobody/recording", b'{"wanted": true}'),
        ("/cameras/cam_01/recording?stream=third", b'{"wanted": true}'),
        ("/cameras/nobody/mode", b'{"mode": "both"}'),
        ("/cameras/nobody/trust", b""),
        ("/nothing", b""),
        ("/cameras/../status", b""),
    ],
)
async def test_what_is_not_there_is_not_found(server: ControlServer, root: Path, path: str, body: bytes) -> None:
    status_code, answer = await raw(root, posting(path, body))
    assert status_code == 404
    assert answer["error"]


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("recording", b""),
        ("recording", b"nonsense"),
        ("recording", b"[]"),
        ("recording", b'{"wanted": "yes"}'),
        ("recording", b'{"wanted": 1}'),
        ("recording", b"\xff\xfe"),
        ("mode", b"{}"),
        ("mode", b'{"mode": "upside_down"}'),
        ("mode", b"[" * 5000),
    ],
)
async def test_what_cannot_be_understood_changes_nothing(
    server: ControlServer, recorder: FakeRecorder, root: Path, what: str, body: bytes
) -> None:
    before = recorder.status()
    status_code, answer = await raw(root, posting(f"/cameras/cam_01/{what}", body))
    assert status_code == 400
    assert answer["error"]
    assert recorder.status() == before


async def test_a_request_that_is_too_long_is_refused_and_the_next_one_answered(
    server: ControlServer, root: Path
) -> None:
    body = b'{"wanted": true, "x": "' + b"x" * MAX_REQUEST_BYTES + b'"}'
    status_code, answer = await raw(root, posting("/cameras/cam_01/recording", body))
    assert status_code == 413
    assert answer["error"]
    assert len(await asked(root, "GET", "/status")) == 3


async def test_a_wrong_method_is_refused_as_json(server: ControlServer, root: Path) -> None:
    status_code, answer = await raw(root, posting("/status", b""))
    assert (status_code, list(answer)) == (405, ["error"])


async def test_what_a_killed_recorder_left_behind_is_replaced(recorder: FakeRecorder, root: Path) -> None:
    place = control_socket(root)
    place.parent.mkdir()
    program = "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program, str(place)], check=False, timeout=60)
    assert place.is_socket()
    with pytest.raises(Problem) as refused:
        await asked(root, "GET", "/status")
    assert refused.value.exit_code is Exit.NOT_RUNNING
    serving = serving_of(recorder, root)
    await serving.start()
    assert len(await asked(root, "GET", "/status")) == 3
    await serving.stop()


async def test_nothing_is_left_behind_by_an_orderly_end(recorder: FakeRecorder, root: Path) -> None:
    serving = serving_of(recorder, root)
    await serving.start()
    await serving.stop()
    assert not control_socket(root).exists()


async def test_a_server_that_never_started_can_be_stopped(recorder: FakeRecorder, root: Path) -> None:
    await serving_of(recorder, root).stop()


def test_without_a_recorder_the_answer_says_how_to_start_one(root: Path) -> None:
    with pytest.raises(Problem, match="holdfast record URL --to") as refused:
        ask(root, "GET", "/status")
    assert refused.value.exit_code is Exit.NOT_RUNNING


def test_a_recorder_that_does_not_answer_is_not_taken_for_none(root: Path) -> None:
    with hold(root), pytest.raises(Problem, match="does not answer") as refused:
        ask(root, "GET", "/status")
    assert refused.value.exit_code is Exit.INCOMPLETE


@pytest.fixture
def babbling(root: Path) -> Iterator[SimpleNamespace]:
    """Somebody who listens there and is no recorder."""
    place = control_socket(root)
    place.parent.mkdir()
    program = (
        "import socket, sys\ns = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print(flush=True)\n"
        "while True: c, _ = s.accept(); c.recv(4096); c.sendall(b'what?\\n'); c.close()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield SimpleNamespace(pid=process.pid)
        process.kill()


def test_an_answer_that_is_none_is_no_recorder(babbling: SimpleNamespace, root: Path) -> None:
    with pytest.raises(Problem) as refused:
        ask(root, "GET", "/status")
    assert refused.value.exit_code is Exit.NOT_RUNNING
