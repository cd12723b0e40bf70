"""Messages and interleaved packets, also where nonsense lies between them."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import MAX_HEAD_BYTES, Headers, Message, Request, Response, read_headers
from holdfast.rtsp.wire import MAX_RESYNCHRONISATIONS, MAX_SKIPPED_BYTES, Wire
from tests.rtsp.fakes import packet

OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
BODY = b"RTSP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
A, B = packet(0, b"a" * 30), packet(1, b"b")
Seen = list[tuple[int, bytes] | Message]


def read(chunks: Iterable[bytes], channels: Sequence[int] | None = (0, 1), wire: Wire | None = None) -> Seen:
    """Everything that comes out: per channel in its order, messages in theirs."""
    made = wire or Wire()
    made.channels = channels
    found: Seen = []
    for chunk in chunks:
        batch = made.feed(chunk)
        while True:
            for channel, spans in batch.spans.items():
                found += [(channel, batch.data[begin:end]) for begin, end in spans]
            if batch.message is None:
                break
            found.append(batch.message)
            batch = made.feed(b"")
    return found


def per_channel(seen: Seen) -> dict[object, list[object]]:
    """Packets of different channels overtake one another inside a batch."""
    found: dict[object, list[object]] = {}
    for one in seen:
        key, value = one if isinstance(one, tuple) else ("message", one)
        found.setdefault(key, []).append(value)
    return found


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_packets_and_messages_come_in_their_order() -> None:
    seen = read([A + A + OK + A + BODY + b"OPTIONS * RTSP/1.0\n\n" + A])
    kinds = [type(one) if not isinstance(one, tuple) else one[0] for one in seen]
    assert kinds == [0, 0, Response, 0, Response, Request, 0]
    assert seen[4].body == b"hello" if isinstance(seen[4], Response) else False


def test_the_bytes_of_a_read_are_not_copied() -> None:
    data = A + B + A[:7]
    batch = Wire().feed(data)
    assert batch.data is data
    assert batch.spans == {0: [(4, 34)], 1: [(38, 39)]}


def test_a_rest_waits_for_the_next_read_and_behind_a_message_there_may_be_more() -> None:
    wire = Wire()
    first = wire.feed(OK + A[:20])
    assert isinstance(first.message, Response)
    second = wire.feed(A[20:] + B)
    assert [second.data[begin:end] for begin, end in second.spans[0]] == [A[4:]]
    assert wire.feed(b"").spans == {}
    assert wire.feed(b"").message is None


def test_empty_lines_between_units_are_nothing() -> None:
    wire = Wire()
    assert len(read([b"\r\n" + OK + b"\r\n\n" + A], wire=wire)) == 2
    assert wire.skipped_bytes == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\0\1\2",
        b"nonsense",
        b"$\x09\0\x01",
        b"$\0\0\x05xyz",
        b"R",
        b"RTSP/1.",
        b"RTSP/2.x\0",
        b"\x00" * 70_000,
        b"Hello world\r\n",
        b"abc\rdef\0",
        b"$\x00\x03\xff\x00",
        b"x" * 5000 + b"\n",
    ],
    ids=lambda nonsense: repr(nonsense[:10]),
)
def test_nonsense_is_skipped_up_to_the_next_packet_or_answer(nonsense: bytes) -> None:
    follows = [packet(0, bytes([number]) * 60) for number in range(9)] * 200
    for behind in (b"".join(follows) + OK, A * 40 + OK + b"".join(follows)):
        data = A + nonsense + behind
        wire = Wire()
        seen = read([data], wire=wire)
        assert any(isinstance(one, Response) for one in seen)
        assert seen.count((0, b"\x08" * 60)) >= 190
        assert per_channel(read([data[:50], *bytewise(data[50:90]), data[90:]])) == per_channel(seen)
        assert wire.skipped_bytes >= min(len(nonsense), 1)


def test_a_packet_on_another_channel_is_left_out_where_something_sensible_follows() -> None:
    wire = Wire()
    other = packet(4, b"metadata")
    seen = read([A + other + other + A + other + OK], wire=wire)
    assert [one if not isinstance(one, tuple) else one[0] for one in seen[:-1]] == [0, 0]
    assert wire.skipped_bytes == 0
    assert per_channel(read(bytewise(A + other + other + A + other + OK))) == per_channel(seen)


def test_before_channels_are_agreed_on_any_will_do() -> None:
    wire = Wire()
    assert wire.channels is None
    assert [one[0] for one in read([packet(200, b"x") + B], None, wire) if isinstance(one, tuple)] == [200, 1]
    wire.channels = [0, 1]
    assert wire.channels == frozenset((0, 1))


def test_too_much_nonsense_is_no_rtsp() -> None:
    wire = Wire()
    wire.feed(b"\0" * MAX_SKIPPED_BYTES)
    with pytest.raises(RtspError, match="no RTSP"):
        wire.feed(b"\0")


def test_nonsense_again_and_again_is_no_rtsp_but_two_good_packets_begin_the_count_anew() -> None:
    fine = (A + A + b"\0") * (MAX_RESYNCHRONISATIONS * 2)
    assert len(read([fine[at : at + 999] for at in range(0, len(fine), 999)])) >= MAX_RESYNCHRONISATIONS * 3
    for nonsense in (b"RTSP/1.0\0", b"$\0\0\0RTSP/1.0\0"):
        with pytest.raises(RtspError, match="again and again"):
            read([nonsense * (MAX_RESYNCHRONISATIONS + 1)])


def test_a_head_without_an_end_is_refused() -> None:
    line = b"X: " + b"y" * 997 + b"\r\n"
    endless = b"RTSP/1.0 200 OK\r\n" + line * (MAX_HEAD_BYTES // len(line) + 1)
    for size in (1, 1000, len(endless)):
        with pytest.raises(RtspError, match="no end"):
            read(endless[at : at + size] for at in range(0, len(endless), size))


def test_a_body_that_comes_byte_by_byte_is_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_heads: list[bytes] = []

    def counted(lines: bytes) -> Headers:
        read_heads.append(lines)
        return read_headers(lines)

    monkeypatch.setattr("holdfast.rtsp.wire.read_headers", counted)
    data = b"RTSP/1.0 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000
    (message,) = read(bytewise(data))
    assert isinstance(message, Response)
    assert len(message.body) == 50_000
    assert len(read_heads) == 2


PIECE = st.one_of(
    st.sampled_from([A, B, OK, BODY, b"\r\n", b"$", b"$\0\0", packet(7, b"z"), b"RTSP/1.0 ", b"GET_PARAMETER "]),
    st.binary(max_size=12),
    st.builds(packet, st.integers(0, 2), st.binary(max_size=20)),
)


@given(st.lists(PIECE, max_size=25), st.data(), st.booleans())
def test_how_the_network_cuts_the_bytes_makes_no_difference(
    pieces: list[bytes],
    data: st.DataObject,
    known: bool,  # noqa: FBT001 - drawn
) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    chunks = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    channels = (0, 1) if known else None
    whole, cut, single = Wire(), Wire(), Wire()
    seen = read([stream], channels, whole)
    assert per_channel(read(chunks, channels, cut)) == per_channel(seen)
    assert per_channel(read(bytewise(stream), channels, single)) == per_channel(seen)
    assert whole.skipped_bytes == cut.skipped_bytes == single.skipped_bytes
