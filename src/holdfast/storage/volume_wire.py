"""Orders and answers on the socket between the recorder and the process of a volume.

A stream of frames. Each begins with a head of `HEAD.size` bytes: kind, length of what follows, key and token. Footage
(`AppendData`) follows its head as it is, and so goes from the memory that holds it into the kernel; what a sync has
saved (`Synced`) is a number behind the head. These two come many times a second. Everything else is JSON, with key and
token 0; bytes are base64 there.
"""

import base64
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from holdfast.ports.volumes import Answer, AppendData, OpenVolume, Order, Synced, VolumeTold

HEAD = struct.Struct("<BIQq")
"""Kind, bytes that follow, key, token."""
SIZE = struct.Struct("<Q")
FOOTAGE, TEXT, SAVED = 0xA7, 0xB3, 0xC6
MAX_ORDER_BYTES = 72 << 20
"""The largest fragment that is believed of a camera is 64 MiB, its head 4 MiB (`fmp4.boxes.Limits`)."""
MAX_ANSWER_BYTES = 256 << 10

Buffer = bytes | memoryview
ProcessOrder = OpenVolume | Order
ProcessAnswer = Answer | VolumeTold


class WireError(ValueError):
    """What came through the socket is no frame, or none that belongs there."""


def encode_order(order: ProcessOrder) -> list[Buffer]:
    """The frame in parts, none of them copied from the order's footage. Raises WireError when it is too large."""
    if isinstance(order, AppendData):
        rest = order.rest if isinstance(order.rest, bytes) else order.rest.cast("B")
        length = len(order.data) + len(rest)
        _check(length, MAX_ORDER_BYTES)
        parts: list[Buffer] = [HEAD.pack(FOOTAGE, length, order.key, order.token), order.data, rest]
        return [part for part in parts if len(part)]
    return [_frame(order, MAX_ORDER_BYTES)]


def encode_answer(answer: ProcessAnswer) -> bytes:
    """The frame. Raises WireError when it is too large."""
    if isinstance(answer, Synced):
        return HEAD.pack(SAVED, SIZE.size, answer.key, answer.token) + SIZE.pack(answer.size_bytes)
    return _frame(answer, MAX_ANSWER_BYTES)


def decode_order(head: bytes, body: memoryview) -> ProcessOrder:
    """The order of a whole frame; footage stays a view of `body`. Raises WireError."""
    kind, _, key, token = HEAD.unpack(head)
    if kind == FOOTAGE:
        return AppendData(key, b"", token, body)
    order: ProcessOrder = _decoded(_ORDERS, kind, body)
    return order


def length_of(head: bytes, most: int = MAX_ORDER_BYTES) -> int:
    """How many bytes follow this head. Raises WireError."""
    kind, length, _, _ = HEAD.unpack(head)
    if kind not in {FOOTAGE, TEXT, SAVED}:
        raise WireError(f"{kind:#x} begins no frame")
    _check(length, most)
    return int(length)


class AnswerReader:
    """Makes answers of the bytes that come from the process, in any portion."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[ProcessAnswer]:
        """The answers that are complete with these bytes. Raises WireError; then nothing more may be fed."""
        self._data += data
        at = 0
        while len(self._data) >= at + HEAD.size:
            head = bytes(self._data[at : at + HEAD.size])
            end = at + HEAD.size + length_of(head, MAX_ANSWER_BYTES)
            if len(self._data) < end:
                break
            yield _decoded_answer(head, self._data[at + HEAD.size : end])
            at = end
        del self._data[:at]


def _decoded_answer(head: bytes, body: bytearray) -> ProcessAnswer:
    kind, length, key, token = HEAD.unpack(head)
    if kind == SAVED:
        if length != SIZE.size:
            raise WireError(f"{length} bytes are no size")
        return Synced(key, token, *SIZE.unpack(body))
    answer: ProcessAnswer = _decoded(_ANSWERS, kind, body)
    return answer


def _check(length: int, most: int) -> None:
    if length > most:
        raise WireError(f"a frame of {length} bytes is longer than {most}")


def _frame(message: ProcessOrder | ProcessAnswer, most: int) -> bytes:
    text = _TEXTS.encode({"is": type(message).__name__, **_plain(message)}).encode()
    _check(len(text), most)
    return HEAD.pack(TEXT, len(text), 0, 0) + text


def _decoded(kinds: Mapping[str, type], kind: int, body: bytearray | memoryview) -> Any:  # noqa: ANN401 - of `kinds`
    if kind != TEXT:
        raise WireError(f"{kind:#x} is no frame that belongs here")
    try:
        values = json.loads(bytes(body), parse_constant=_no_number)
        return _built(kinds[values.pop("is")], values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WireError(f"no message of a volume: {bytes(body[:80])!r} ({error})") from error


_TEXTS = json.JSONEncoder(separators=(",", ":"))


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a message
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


_hints = cache(get_type_hints)


def _built(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type of a field, any value of JSON
    if isinstance(kind, UnionType):
        return None if value is None else _built(get_args(kind)[0], value)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _built(_hints(kind)[name], part) for name, part in value.items()})
    if get_origin(kind) is tuple and type(value) is list:
        return tuple(_built(get_args(kind)[0], part) for part in value)
    if kind is bytes:
        return base64.b64decode(value, validate=True)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind}")
    return value


_ORDERS: dict[str, type] = {k.__name__: k for k in get_args(ProcessOrder) if k is not AppendData}
_ANSWERS: dict[str, type] = {k.__name__: k for k in get_args(ProcessAnswer) if k is not Synced}
