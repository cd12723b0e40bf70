"""What a socket does not take waits, in order, and nothing is cut in the middle."""

import socket
from collections.abc import Iterator

import pytest

from holdfast.storage import unsent
from holdfast.storage.unsent import Unsent
from holdfast.storage.volume_wire import Buffer

SOME, MORE = b"head", b"a" * 300_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(0)
    theirs.settimeout(0)
    with ours, theirs:
        yield ours, theirs


def take(control: socket.socket, most: int = 1 << 30) -> bytes:
    data = bytearray()
    while len(data) < most:
        try:
            data += control.recv(min(1 << 16, most - len(data)))
        except BlockingIOError:
            break
    return bytes(data)


def test_what_fits_is_sent_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    waiting = Unsent(pair[0])
    waiting.add(1, [SOME, memoryview(b"rest")], 8)
    waiting.add(None, [b"more"], 4)
    waiting.send()
    assert waiting.size_bytes == 0
    assert take(pair[1]) == b"headrestmore"


def test_whatever_the_socket_takes_at_a_time_everything_arrives_in_order(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    waiting, wanted, found = Unsent(pair[0]), bytearray(), bytearray()
    for number in range(100):
        parts: list[Buffer] = [
            bytes([number]) * 21,
            bytes([number]) * (number * 173),
            memoryview(MORE)[: number * 2003],
        ]
        waiting.add(number, [part for part in parts if len(part)], sum(map(len, parts)))
        wanted += b"".join(parts)
    assert waiting.size_bytes == len(wanted)
    while waiting.size_bytes:
        waiting.send()
        found += take(pair[1], 70_001)
    assert found + take(pair[1]) == wanted


def test_no_more_than_a_turns_share_is_sent_at_once(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsent, "TURN_BYTES", 1)
    monkeypatch.setattr(unsent, "FRAMES_AT_ONCE", 1)
    waiting = Unsent(pair[0])
    waiting.add(1, [SOME], 4)
    waiting.add(2, [SOME], 4)
    waiting.send()
    assert waiting.size_bytes == 4


def test_when_the_other_side_is_gone_it_says_so(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].close()
    waiting = Unsent(pair[0])
    waiting.add(1, [SOME], 4)
    with pytest.raises(OSError, match="Broken pipe"):
        waiting.send()
    waiting.clear()
    assert waiting.size_bytes == 0
