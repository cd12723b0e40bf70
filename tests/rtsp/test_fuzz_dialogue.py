"""Whatever bytes come: nothing but RtspError, however the network cuts them the same, and never much memory or time."""

import time
from contextlib import suppress
from itertools import product
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.lab.camera_answers import CHALLENGES, DESCRIPTIONS, OTHERS, SETUPS, sent
from holdfast.lab.scenarios import fuzzing
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Event, Sound, Units
from holdfast.rtsp.messages import MAX_BODY_BYTES, MAX_HEAD_BYTES
from holdfast.rtsp.sdp import read_description
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


LONG = MAX_HEAD_BYTES - 100
OPENINGS = {
    "WWW-Authenticate": CHALLENGES["digest"],
    "Transport": SETUPS["without a transport"],
    "Session": SETUPS["without a transport"],
    "Public": OTHERS["options"],
    "Content-Base": DESCRIPTIONS["sound first"],
    "Location": "RTSP/1.0 302\n",
}


@pytest.mark.parametrize("name", OPENINGS)
def test_no_value_of_a_header_takes_time_out_of_proportion(name: str) -> None:
    begun_s = time.thread_time()
    for begin, sign, end in product(
        ("", "Digest ", "interleaved=", "a=", "rtsp://"), ' ,;=":/-a1\\', ("", "=", '"', "x")
    ):
        value = begin + sign * (LONG - 600) + end
        status = OPENINGS[name].partition("\n")[0]
        answer = f"{status}\nCSeq: {{cseq}}\n{name}: {value}\n"
        outcome([sent(text, number) for number, text in enumerate(before(name), 1)] + [sent(answer, 9)])
    # About half a second; with one expression that goes back and forth it is minutes.
    assert time.thread_time() - begun_s < 30


def before(name: str) -> list[str]:
    described = [OTHERS["options"], DESCRIPTIONS["sound first"]]
    return {"Transport": described, "Session": described, "Content-Base": described[:1]}.get(name, [])


def test_no_line_of_a_description_takes_time_out_of_proportion() -> None:
    begun_s = time.thread_time()
    for begin, sign, end in product(
        ("m=", "m=video 0 ", "a=rtpmap:96 H264", "a=rtpmap:", "a=fmtp:96 ", "a=fmtp:", "a=control:", ""),
        " /;=a1\r",
        ("", "/", "x"),
    ):
        body = "m=video 0 RTP/AVP 96\n" + begin + sign * 200_000 + end
        with suppress(RtspError):
            read_description(body.encode(), "rtsp://192.0.2.5/")
    assert time.thread_time() - begun_s < 30


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
