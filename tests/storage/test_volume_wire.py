"""Orders and answers go through a stream of bytes and come out as they were."""

import json
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.ports.volumes import (
    AppendData,
    Created,
    CreateSegment,
    CutSegment,
    OpenVolume,
    Synced,
    VolumeSeen,
)
from holdfast.storage.volume_wire import (
    FOOTAGE,
    HEAD,
    MAX_ANSWER_BYTES,
    MAX_ORDER_BYTES,
    SAVED,
    TEXT,
    AnswerReader,
    ProcessAnswer,
    ProcessOrder,
    WireError,
    decode_order,
    encode_answer,
    encode_order,
    length_of,
)


def viewed(data: bytes) -> memoryview:
    return memoryview(data)


KEYS = st.integers(0, (1 << 64) - 1)
TOKENS = st.integers(-(1 << 63), (1 << 63) - 1)
SECONDS = st.floats(0, 1e9)
FOOTAGES = st.builds(AppendData, KEYS, st.binary(), TOKENS, st.binary() | st.binary().map(viewed))
ORDERS: st.SearchStrategy[ProcessOrder] = st.one_of(
    FOOTAGES, *(st.from_type(kind) for kind in get_args(ProcessOrder) if kind is not AppendData)
)
WITH_NUMBERS = {
    Synced: st.builds(Synced, KEYS, TOKENS, KEYS),
    Created: st.builds(Created, at_s=SECONDS),
    VolumeSeen: st.builds(VolumeSeen, slowest_s=SECONDS),
}
ANSWERS: st.SearchStrategy[ProcessAnswer] = st.one_of(
    *(WITH_NUMBERS.get(kind, st.from_type(kind)) for kind in get_args(ProcessAnswer))
)


def through(order: ProcessOrder) -> ProcessOrder:
    data = b"".join(encode_order(order))
    head, body = data[: HEAD.size], memoryview(data)[HEAD.size :]
    assert length_of(head) == len(body)
    return decode_order(head, body)


@given(ORDERS)
def test_an_order_comes_out_as_it_was(order: ProcessOrder) -> None:
    found = through(order)
    if isinstance(order, AppendData):
        assert isinstance(found, AppendData)
        assert (found.key, found.token, bytes(found.rest)) == (order.key, order.token, order.data + bytes(order.rest))
    else:
        assert found == order


@given(st.lists(ANSWERS), st.lists(st.integers(1, 400), min_size=1))
def test_answers_come_out_as_they_were_however_they_are_cut(answers: list[ProcessAnswer], sizes: list[int]) -> None:
    data = b"".join(map(encode_answer, answers))
    reader, found, at = AnswerReader(), [], 0
    while at < len(data):
        size = sizes[at % len(sizes)]
        found += list(reader.feed(data[at : at + size]))
        at += size
    assert found == answers


def test_footage_is_not_copied() -> None:
    media = bytes(1000)
    parts = encode_order(AppendData(1, b"moof", 7, memoryview(media)[8:]))
    assert isinstance(parts[2], memoryview)
    assert parts[2].obj is media
    assert len(parts[0]) == HEAD.size


@given(st.binary(max_size=300))
def test_nonsense_is_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        list(AnswerReader().feed(data))
    except WireError:
        assert len(data) >= HEAD.size


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_a_frame_that_holds_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        decode_order(HEAD.pack(TEXT, len(body), 0, 0), memoryview(body))


FINISHED = {"is": "Finished", "key": 1, "size_bytes": 3}


@pytest.mark.parametrize(
    "values",
    [
        FINISHED | {"is": "Nothing"},
        FINISHED | {"is": "CutSegment"},
        FINISHED | {"key": "1"},
        FINISHED | {"key": True},
        FINISHED | {"key": 1.0},
        FINISHED | {"key": None},
        FINISHED | {"more": 1},
        {"is": "Finished", "key": 1},
        {"is": "Synced", "key": 1, "token": 2, "size_bytes": 3},
        {"is": "Created", "key": 1, "path": "a", "at_s": float("nan")},
        {"is": "VolumeRefused", "state": "unheard of", "sentence": ""},
        {"is": ["Finished"]},
        [],
        None,
    ],
    ids=str,
)
def test_an_answer_with_a_wrong_field_is_refused(values: object) -> None:
    text = json.dumps(values).encode()
    with pytest.raises(WireError):
        list(AnswerReader().feed(HEAD.pack(TEXT, len(text), 0, 0) + text))


@pytest.mark.parametrize(
    "values",
    [
        {"is": "CreateSegment", "key": 1, "paths": "a", "header": ""},
        {"is": "CreateSegment", "key": 1, "paths": [1], "header": ""},
        {"is": "CreateSegment", "key": 1, "paths": ["a"], "header": "=!"},
        {"is": "OpenVolume", "root": "/", "expected": {}, "recorder_id": "", "name": ""},
    ],
    ids=str,
)
def test_an_order_with_a_wrong_field_is_refused(values: object) -> None:
    text = json.dumps(values).encode()
    with pytest.raises(WireError):
        decode_order(HEAD.pack(TEXT, len(text), 0, 0), memoryview(text))


@pytest.mark.parametrize(("kind", "most"), [(TEXT, MAX_ANSWER_BYTES), (TEXT, MAX_ORDER_BYTES), (FOOTAGE, 100)])
def test_a_frame_has_a_limit_that_is_seen_in_its_head(kind: int, most: int) -> None:
    assert length_of(HEAD.pack(kind, most, 0, 0), most) == most
    with pytest.raises(WireError):
        length_of(HEAD.pack(kind, most + 1, 0, 0), most)


def test_what_begins_like_no_frame_is_refused() -> None:
    with pytest.raises(WireError):
        length_of(HEAD.pack(0, 0, 0, 0))


def test_what_was_saved_is_one_number() -> None:
    with pytest.raises(WireError, match="no size"):
        list(AnswerReader().feed(HEAD.pack(SAVED, 7, 1, 1) + bytes(7)))
    with pytest.raises(WireError):
        decode_order(HEAD.pack(SAVED, 8, 1, 1), memoryview(bytes(8)))


def test_what_is_too_large_is_not_even_sent() -> None:
    with pytest.raises(WireError):
        encode_order(AppendData(1, b"", 1, memoryview(bytes(MAX_ORDER_BYTES + 1))))
    with pytest.raises(WireError):
        encode_answer(Created(1, "x" * MAX_ANSWER_BYTES, 0.0))


def test_footage_never_comes_from_the_process() -> None:
    with pytest.raises(WireError):
        list(AnswerReader().feed(HEAD.pack(FOOTAGE, 0, 1, 1)))


def test_a_message_reads_well_in_a_trace() -> None:
    orders: Sequence[ProcessOrder] = [
        CutSegment(1, 2),
        OpenVolume("/v", None, "r", "n", state="/s"),
        CreateSegment(1, ("a",), b"h"),
    ]
    texts = [b"".join(encode_order(order))[HEAD.size :].decode() for order in orders]
    assert texts == [
        '{"is":"CutSegment","key":1,"size_bytes":2,"path":"","paths":[],"run_id":"","ordinal":0,"wall_start_ns":null}',
        '{"is":"OpenVolume","root":"/v","expected":null,"recorder_id":"r","name":"n","reserve_bytes":0,"state":"/s"}',
        '{"is":"CreateSegment","key":1,"paths":["a"],"header":"aA=="}',
    ]
