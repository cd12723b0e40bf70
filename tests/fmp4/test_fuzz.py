"""Five seconds of bytes that were changed at random, with a seed that replays them."""

import time
from random import Random

from holdfast.fmp4 import (
    Fmp4Error,
    Fragment,
    FragmentSplitter,
    InitSegment,
    finish_patch,
    read_summary,
    scan,
    sound_frames,
    sound_moof,
    sound_track,
    with_sound,
)
from tests.fmp4.builder import FTYP, INTER, Sample, audio_entry, fragment, moov, stream, trak
from tests.fmp4.segments import STAMP, assemble, read_from, split

DURATION_S = 5.0
BYTES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF)
PICTURE, _ = split(FTYP + moov())
SOUND = FTYP + moov(trak(handler=b"soun", entry=audio_entry())) + fragment(0, [Sample(40, 1024, sync=True)] * 9)
GROUP = (Sample(300, sync=True, later=12000), Sample(50, later=0), *INTER)


def mutated(data: bytes, chance: Random) -> bytes:
    new = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(new))
        match chance.randrange(5):
            case 0:
                new[at] = chance.choice(BYTES)
            case 1:
                new[at] ^= 1 << chance.randrange(8)
            case 2:
                del new[at : at + chance.randrange(1, 40)]
            case 3:
                new[at:at] = new[chance.randrange(len(new)) :][: chance.randrange(1, 40)]
            case _:
                new[at : at + 4] = chance.choice(BYTES).to_bytes(1, "big") * 4
        new = new or bytearray(1)
    return bytes(new)


def split_mutated(data: bytes) -> None:
    splitter = FragmentSplitter()
    try:
        for at in range(0, len(data), 500):
            splitter.feed(data[at : at + 500])
        splitter.feed(b"")
    except Fmp4Error:
        assert splitter.pending_bytes == 0
    assert splitter.pending_bytes <= len(data)


def read_mutated(data: bytes) -> None:
    try:
        read_summary(data[:65536], data[-65536:], len(data))
        found = scan(read_from(data), len(data))
        index = found.index()
        index.mfra()
        finish_patch(data, durations=index.durations, stamp=STAMP)
    except Fmp4Error:
        return
    assert 0 < found.whole_end <= len(data)
    starts = [fragment.offset for fragment in found.fragments]
    assert starts == sorted(starts)


def hear_mutated(data: bytes) -> None:
    try:
        pieces = FragmentSplitter().feed(data)
        init = next(iter(pieces), None)
        if not isinstance(init, InitSegment):
            return
        with_sound(PICTURE, init)
        fragments = [piece for piece in pieces if isinstance(piece, Fragment)]
        heard = [frames for one in fragments for frames in sound_frames(one, sound_track(init))]
        for frames in heard:
            sound_moof(frames, 2, frames.ticks, 1)
    except Fmp4Error:
        return


def test_changed_bytes_raise_nothing_but_the_error_of_the_package(seed: int) -> None:
    chance = Random(seed)
    source = stream(4, group=GROUP)
    file = assemble(*split(source)).final_file
    # Most changes of the whole file hit the media: the headers are changed more often than their share.
    inputs = (
        (source, split_mutated),
        (source[:1300], split_mutated),
        (file, read_mutated),
        (file[:1700], read_mutated),
        (SOUND, hear_mutated),
    )
    end = time.monotonic() + DURATION_S
    rounds = 0
    while time.monotonic() < end:
        for data, check in inputs:
            check(mutated(data, chance))
        rounds += 1
    assert rounds > 100
