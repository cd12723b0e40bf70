"""Whatever bytes come: nothing but RtspError, however the network cuts them the same, and never much memory or time."""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.lab.scenarios import fuzzing
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Event, Sound, Units
from holdfast.rtsp.messages import MAX_BODY_BYTES, MAX_HEAD_BYTES
from holdfast.rtsp.wire import Wire

Outcome = tuple[list[object], list[object], list[Event], bytes, str]


def outcome(chunks: list[bytes]) -> Outcome:
    """Pictures, sound, other events, everything that was sent, and the error."""
    client = fuzzing.client()
    client.start(0.0)
    pictures: list[object] = []
    sound: list[object] = []
    others: list[Event] = []
    output = bytearray()
    error = ""
    for chunk in chunks:
        try:
            events = client.receive(chunk, 0.0)
        except RtspError as raised:
            error = str(raised)
            break
        for event in events:
            if isinstance(event, Units):
                pictures += event.units
            elif isinstance(event, Sound):
                sound += event.units
            else:
                others.append(event)
        output += client.take_output()
    return pictures, sound, others, bytes(output), error


@given(st.integers(0, 2**32), st.data())
@settings(max_examples=60)
def test_a_changed_conversation_has_the_same_outcome_however_it_is_cut(seed: int, data: st.DataObject) -> None:
    chance = Random(seed)
    stream = fuzzing.mutated(fuzzing.conversation(chance), chance)[:20_000]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    cut = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = outcome([stream])
    for chunks in (cut, [stream[at : at + 1] for at in range(len(stream))]):
        found = outcome(chunks)
        if whole[-1]:
            # What an error leaves of its own read is lost; it is the same error all the same.
            assert found[-1] == whole[-1]
        else:
            assert found == whole


@given(st.lists(st.binary(max_size=200), max_size=20))
@example([b"RTSP/1.0 401 \r\nWWW-Authenticate: Digest\r\n\r\n"])
def test_any_bytes_raise_nothing_but_the_error_of_the_package(chunks: list[bytes]) -> None:
    outcome(chunks)
    outcome([b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", *chunks])


def feed_without_end(wire: Wire, begin: bytes) -> None:
    wire.feed(begin)
    for _ in range(10 * MAX_BODY_BYTES // MAX_HEAD_BYTES):
        wire.feed(b"x" * MAX_HEAD_BYTES)


def test_what_is_kept_of_an_endless_unit_has_a_limit() -> None:
    for begin in (b"$\0\xff\xff", b"RTSP/1.0 200 OK\r\nContent-Length: 1048576\r\n\r\n", b"RTSP/1.0 200 OK\r\nX: "):
        with pytest.raises(RtspError):
            feed_without_end(Wire(), begin)


def test_the_longer_run_finds_nothing_either(seed: int) -> None:
    found = fuzzing.fuzz(3.0, seed)
    assert found.failures == ()
    assert found.rounds > 10
    # The limits of `./dev faults --only fuzz`, ten times over: this machine is shared.
    assert found.worst_us_per_byte < fuzzing.WORST_US_PER_BYTE * 10
    assert found.peak_bytes < fuzzing.PEAK_MB * 10e6


def test_a_failure_is_found_and_told() -> None:
    def broken(data: bytes, chance: Random) -> None:
        raise IndexError(chance.random(), len(data))

    found = fuzzing.fuzz(60.0, 1, [broken])
    assert len(found.failures) == found.rounds == 10
    assert "IndexError" in found.failures[0]
