"""Any packets of any pictures: what is whole comes out as it was, and nothing but the package's error goes wrong."""

import time
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from holdfast.rtsp.errors import RtspError
from tests.rtsp.packets import Codec, Stream, with_lengths
from tests.rtsp.receiving import CODECS, receiver_of

DURATION_S = 4.0
MARKERS = ("none", "last", "each packet", "each slice")
WITH_RANDOM = (*MARKERS, "random")
CLOCKS = ("steady", "stands", "reordered")


@dataclass
class Sent:
    """One picture, and what of its stream carries it."""

    nals: list[bytes]
    slices: list[bytes]
    packets: list[tuple[int, int]]

    def is_whole_in(self, data: bytes) -> bool:
        """Whether the unit has all slices, and nothing but NAL units of this picture in their order."""
        return any(data == with_lengths(self.nals[begin:]) for begin in range(len(self.nals) - len(self.slices) + 1))


def picture(draw: st.DrawFn, codec: Codec, number: int, slices: int) -> Sent:
    key = number == 0 or draw(st.integers(0, 5)) == 0
    before = [codec.delimiter] * draw(st.integers(0, 1)) + list(codec.sets) * key
    before += [codec.message] * draw(st.integers(0, 1))
    # The fill tells pictures apart.
    made = [
        codec.slice(draw(st.integers(4, 300)), first=place == 0, key=key, fill=0x40 + number) for place in range(slices)
    ]
    return Sent([*before, *made], made, [])


def packets_of(draw: st.DrawFn, codec: Codec, nals: list[bytes], *, aggregates: bool) -> list[tuple[bytes, bool]]:
    """In aggregates, in fragments, or as they are; and whether a NAL unit ends in the packet."""
    payloads: list[tuple[bytes, bool]] = []
    at = 0
    while at < len(nals):
        match draw(st.integers(0, 2 if aggregates else 1)):
            case 0:
                payloads.append((nals[at], True))
                at += 1
            case 1:
                *middle, last = codec.fragments(nals[at], draw(st.integers(1, 150)))
                payloads += [*((payload, False) for payload in middle), (last, True)]
                at += 1
            case _:
                count = draw(st.integers(1, 4))
                payloads.append((codec.aggregate(*nals[at : at + count]), True))
                at += count
    return payloads


@st.composite
def streams(draw: st.DrawFn, codec: Codec, kinds: tuple[str, ...] = MARKERS) -> tuple[str, list[Sent], bytes]:
    """How markers are set, pictures, and the bytes of their packets."""
    markers, clock = draw(st.sampled_from(kinds)), draw(st.sampled_from(CLOCKS))
    slices = draw(st.integers(1, 3))
    stream = Stream(sequence=draw(st.integers(0, 65_535)))
    base = draw(st.integers(0, 2**32 - 1))
    sent = []
    for number in range(draw(st.integers(1, 12))):
        new = picture(draw, codec, number, slices)
        # Where slices that have their own markers share a packet at first, nobody can see the markers' nonsense.
        payloads = packets_of(draw, codec, new.nals, aggregates=not markers.startswith("each"))
        stamp = base + {"steady": number, "stands": 0, "reordered": number ^ 1}[clock] * 3000
        for place, (payload, ends) in enumerate(payloads):
            last = place == len(payloads) - 1
            by_kind = {"none": False, "last": last, "each packet": True, "each slice": ends}
            marked = by_kind[markers] if markers in by_kind else draw(st.booleans())
            stream.add(payload, stamp, marker=marked)
        new.packets = stream.spans[-len(payloads) :]
        sent.append(new)
    return markers, sent, bytes(stream.data)


@CODECS
@given(st.data())
def test_any_packets_of_any_pictures_give_back_these_pictures(codec: Codec, data: st.DataObject) -> None:
    markers, sent, buffer = data.draw(streams(codec))
    receiver = receiver_of(codec)
    spans = [span for new in sent for span in new.packets]
    units = []
    while spans:
        count = data.draw(st.integers(1, len(spans)))
        units += receiver.receive(buffer, spans[:count])
        spans = spans[count:]
    known = len(units)
    units += receiver.end()
    expected = [with_lengths(new.nals) for new in sent]
    assert known >= len(sent) - 1
    assert [unit.data for unit in units] == expected[: len(units)]
    # The last one is known to be whole when its marker is believed.
    assert markers != "last" or len(units) == len(sent) or len(sent) == 1
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)
    assert [unit.is_key for unit in units] == [codec.sets[0] in new.nals for new in sent[: len(units)]]


@CODECS
@given(st.data())
def test_never_half_a_picture_whatever_is_lost(codec: Codec, data: st.DataObject) -> None:
    markers, sent, buffer = data.draw(streams(codec).filter(lambda made: not made[0].startswith("each")))
    spans = [span for new in sent for span in new.packets]
    lost = data.draw(st.sets(st.integers(1, len(spans) - 1), max_size=6)) if len(spans) > 1 else set()
    gone = {spans[number] for number in lost}
    kept = [span for span in spans if span not in gone]
    receiver = receiver_of(codec)
    units = [*receiver.receive(buffer, kept), *receiver.end()]
    left = list(units)
    for new, following in pairwise([*sent, None]):
        assert new is not None
        if left and new.is_whole_in(left[0].data):
            del left[0]
        elif not gone.intersection(new.packets) and following is not None:
            # One that is whole is missing only when nobody can know it: where the next one begins, something is lost.
            assert following.packets[0] in gone
    assert left == [], markers
    assert receiver.take_lost() == len(lost) - next((n for n in range(len(spans)) if len(spans) - 1 - n not in lost), 0)


@CODECS
@given(st.data())
def test_markers_without_sense_never_mix_pictures(codec: Codec, data: st.DataObject) -> None:
    _, sent, buffer = data.draw(streams(codec, WITH_RANDOM))
    receiver = receiver_of(codec)
    units = [*receiver.receive(buffer, [span for new in sent for span in new.packets]), *receiver.end()]
    pieces = {
        with_lengths(new.nals[begin:end])
        for new in sent
        for begin in range(len(new.nals))
        for end in range(begin + 1, len(new.nals) + 1)
    }
    assert {unit.data for unit in units} <= pieces
    # A wrong marker is believed once at most, and then costs one picture.
    assert receiver.take_damaged() <= 1
    assert len(units) >= len(sent) - 2
    assert receiver.take_lost() == 0


def mutated(data: bytes, spans: list[tuple[int, int]], chance: Random) -> tuple[bytes, list[tuple[int, int]]]:
    new, order = bytearray(data), list(spans)
    for _ in range(chance.randrange(1, 8)):
        begin, end = chance.choice(spans)
        at = chance.randrange(begin, min(end, begin + chance.choice((4, 20, 2000))))
        match chance.randrange(6):
            case 0:
                new[at] = chance.choice((0, 1, 0x40, 0x7F, 0x80, 0xFF))
            case 1:
                new[at] ^= 1 << chance.randrange(8)
            case 2:
                at = chance.randrange(len(order))
                del order[at : at + chance.randrange(1, 4)]
                order = order or list(spans)
            case 3:
                order.insert(chance.randrange(len(order) + 1), (at, chance.randrange(at, len(new) + 1)))
            case 4:
                order.insert(chance.randrange(len(order) + 1), chance.choice(spans))
            case _:
                new[begin + 12 : begin + 15] = chance.randbytes(3)
    if chance.randrange(4) == 0:
        chance.shuffle(order)
    return bytes(new), [(begin, min(end, len(new))) for begin, end in order]


def source(codec: Codec) -> tuple[bytes, list[tuple[int, int]]]:
    stream = Stream(sequence=65_500)
    for number in range(6):
        nals = [codec.slice(1500, key=number == 0), codec.slice(300, first=False)]
        stream.add(codec.aggregate(*codec.sets, codec.message), number * 3000, marker=number > 3)
        for payload in codec.payloads(nals, 400):
            stream.add(payload, number * 3000)
        stream.add(codec.slice(40, first=False), number * 3000, marker=True)
    return stream.take()


@CODECS
def test_changed_packets_raise_nothing_but_the_error_of_the_package(codec: Codec, seed: int) -> None:
    chance = Random(seed)
    data, spans = source(codec)
    end = time.monotonic() + DURATION_S / 2
    rounds = 0
    while time.monotonic() < end:
        receiver = receiver_of(codec)
        new, order = mutated(data, spans, chance)
        units = []
        try:
            for at in range(0, len(order), 10):
                units += receiver.receive(new, order[at : at + 10])
            units += receiver.end()
        except RtspError:
            continue
        taken = sum(last - first for first, last in order)
        assert sum(len(unit.data) for unit in units) <= 2 * taken
        assert 0 <= receiver.take_lost() <= 1000 * len(order)
        assert 0 <= receiver.take_damaged() <= 2 * len(order)
        for unit in units:
            assert unit.parameters.codec_data()
        rounds += 1
    assert rounds > 50
