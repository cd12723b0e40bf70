"""Looking at ports: whether one answers, and why not."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.streams import StreamId
from holdfast.media import reach as reach_module
from holdfast.media.reach import PortReach
from holdfast.policy.faults import classify
from holdfast.ports.reach import PortSeen

STREAM = StreamId("cam_01")


class Looker:
    """A reach, and what it saw."""

    def __init__(self) -> None:
        self.seen: list[PortSeen] = []
        self.news = asyncio.Event()
        self.reach = PortReach(asyncio.get_running_loop(), self.hear)

    def hear(self, seen: PortSeen) -> None:
        self.seen.append(seen)
        self.news.set()

    async def look(self, url: str) -> PortSeen:
        # The look before is over only when its task is.
        await asyncio.sleep(0)
        self.news.clear()
        self.reach.look(STREAM, url)
        async with asyncio.timeout(30):
            await self.news.wait()
        return self.seen[-1]

    async def kind(self, url: str) -> FaultKind | None:
        error = (await self.look(url)).error
        return None if error is None else classify(error).kind


@pytest.fixture
async def looker() -> AsyncIterator[Looker]:
    made = Looker()
    yield made
    made.reach.close()


async def test_a_port_that_answers_is_said_to_and_nothing_is_sent(looker: Looker) -> None:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            received.append(await reader.read())
        except ConnectionResetError:
            received.append(b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await looker.kind(f"rtsp://127.0.0.1:{port}/stream?x=1") is None
        async with asyncio.timeout(30):
            while not received:
                await asyncio.sleep(0.01)
    assert received == [b""]


async def test_a_port_at_which_nothing_listens_refuses(looker: Looker) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert await looker.kind(f"rtsp://127.0.0.1:{port}/") is FaultKind.REFUSED


async def test_a_name_that_nobody_knows_is_said_to_be_that(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_host: str, _port: int, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert await looker.kind("rtsp://no-such-camera.invalid/") is FaultKind.NAME_NOT_FOUND


async def test_silence_is_unreachable(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach_module, "PATIENCE_S", 0.05)

    async def never(_self: PortReach, _found: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(PortReach, "_connect", never)
    assert await looker.kind("rtsp://127.0.0.1/") is FaultKind.UNREACHABLE


async def test_a_name_server_that_does_not_answer_is_no_silence_of_the_camera(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach_module, "PATIENCE_S", 0.05)
    answered = threading.Event()

    def resolve(_host: str, _port: int, **_options: object) -> None:
        answered.wait(30)
        raise socket.gaierror(-2, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        assert await looker.kind("rtsp://camera.invalid/") is FaultKind.NAME_NOT_FOUND
    finally:
        answered.set()


async def test_a_port_that_is_none_is_unreachable(looker: Looker) -> None:
    assert await looker.kind("rtsp://127.0.0.1:99999/") is FaultKind.UNREACHABLE


@pytest.mark.parametrize(("url", "port"), [("rtsp://h/", 554), ("rtsps://h/", 322), ("rtsp://h:8554/", 8554)])
async def test_without_a_port_in_the_url_the_schemes_own_is_looked_at(
    looker: Looker, monkeypatch: pytest.MonkeyPatch, url: str, port: int
) -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int, **_options: object) -> None:
        asked.append((host, port))
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    await looker.look(url)
    assert asked == [("h", port)]


async def test_one_look_at_a_time_is_enough(looker: Looker) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"rtsp://127.0.0.1:{bound.getsockname()[1]}/"
        for _ in range(20):
            looker.reach.look(STREAM, url)
        await looker.news.wait()
        await asyncio.sleep(0)
    assert len(looker.seen) == 1

    await looker.look("rtsp://127.0.0.1:1/")
    assert len(looker.seen) == 2


async def test_a_name_that_can_be_none_is_not_found(looker: Looker) -> None:
    assert await looker.kind(f"rtsp://{'x' * 64}.invalid/") is FaultKind.NAME_NOT_FOUND


async def test_a_name_server_that_does_not_answer_holds_up_no_other_camera(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach_module, "PATIENCE_S", 0.05)
    answered = threading.Event()
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def resolve(host: str, port: int, **options: Any) -> Any:
        if host == "127.0.0.1":
            return genuine(host, port, **options)
        asked.append(host)
        answered.wait(30)
        raise socket.gaierror(-2, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    try:
        for _ in range(3):
            assert await looker.kind("rtsp://camera.invalid/") is FaultKind.NAME_NOT_FOUND
        assert asked == ["camera.invalid"], "it is asked for once at a time"
        for number in range(reach_module.RESOLVERS):
            assert await looker.kind(f"rtsp://camera{number}.invalid/") is FaultKind.NAME_NOT_FOUND
        monkeypatch.setattr(reach_module, "PATIENCE_S", 30.0)
        assert await looker.kind("rtsp://127.0.0.1:9/") is FaultKind.REFUSED, "an address needs no name server"
    finally:
        answered.set()
