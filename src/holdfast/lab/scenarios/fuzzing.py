"""What a camera sends, changed at random: nothing but the protocol's error, no unbounded memory or time."""

import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from holdfast.lab.camera_answers import ANSWERS, CHALLENGES, DESCRIPTIONS, OTHERS, PLAYS, SETUPS, sent
from holdfast.lab.rtp import interleaved
from holdfast.lab.scenarios.accounts import problems
from holdfast.lab.scenarios.fuzzed_media import media
from holdfast.lab.scenarios.stand import Row
from holdfast.rtsp.auth import Credentials
from holdfast.rtsp.client import Client
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.receiving import TrackReceivers

Target = Callable[[bytes, Random], None]
"""Is given bytes of a camera, and may raise RtspError."""

PASSWORD = "correct-horse"  # noqa: S105 - made up, to be found again where it must not be
WORST_US_PER_BYTE = 20.0
PEAK_MB = 16.0
_MEASURED_BYTES = 2000
"""The time of shorter inputs says nothing."""
_MEMORY_EVERY = 50
_MAX_BYTES = 400_000
_BYTES = (b"\0", b"\n", b"\r\n", b"$", b" ", b":", b";", b"=", b'"', b"\xff", b"9", b"-", b"%", b"@", b"/")


@dataclass(slots=True)
class Found:
    """What became of all rounds."""

    rounds: int = 0
    failures: tuple[str, ...] = ()
    worst_us_per_byte: float = 0.0
    peak_bytes: int = 0
    """Of the memory that one input took, itself not counted."""


def client() -> Client:
    """A client that only listens."""
    return Client(
        "rtsp://192.0.2.5/live",
        receivers=TrackReceivers(),
        cnonce=lambda: "c0ffee",
        ssrc=7,
        agent="holdfast",
        credentials=Credentials("admin", PASSWORD),
        wants_sound=True,
    )


def conversation(chance: Random) -> bytes:
    """All that a camera sends, from the answer to OPTIONS to pictures."""
    asked_for_password = chance.random() < 0.3
    answers = [*([chance.choice(list(CHALLENGES.values()))] if asked_for_password else []), OTHERS["options"]]
    answers.append(chance.choice(list(DESCRIPTIONS.values())))
    answers += chance.choices(list(SETUPS.values()), k=2)
    answers.append(chance.choice(list(PLAYS.values())))
    numbers = range(1, 10)
    parts = [sent(text, number) for text, number in zip(answers, numbers, strict=False)]
    for _ in range(chance.randrange(30)):
        packet = interleaved(chance.choice((0, 0, 0, 1, 2, 3, 4)), chance.randbytes(chance.choice((0, 1, 40, 1400))))
        parts.append(packet if chance.random() < 0.95 else sent(chance.choice(list(ANSWERS.values())), 9))
    return b"".join(parts)


def mutated(data: bytes, chance: Random) -> bytes:
    """The same with a few bytes changed, lost, repeated or moved."""
    new = bytearray(data)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(new) + 1)
        piece = bytes(new[at : at + chance.choice((1, 3, 30, 300))])
        match chance.randrange(6):
            case 0:
                new[at : at + 1] = chance.choice(_BYTES)
            case 1:
                new[at : at + 1] = chance.randbytes(1)
            case 2:
                del new[at : at + len(piece)]
            case 3:
                new[at:at] = piece * min(chance.choice((1, 2, 500, 20_000)), _MAX_BYTES // (len(piece) + 1))
            case 4:
                elsewhere = chance.randrange(len(new) + 1)
                new[elsewhere:elsewhere] = piece
            case _:
                new[at:at] = chance.choice(_BYTES) * chance.choice((1, 10, 5000))
    return bytes(new[:_MAX_BYTES])


def chunks(data: bytes, chance: Random) -> Iterator[bytes]:
    """The bytes as a network may deliver them."""
    size = chance.choice((1, 7, 100, 1460, 65_536, len(data) or 1))
    size = max(size, len(data) // 20_000)
    yield from (data[at : at + size] for at in range(0, len(data), size))


def dialogue(data: bytes, chance: Random) -> None:
    """The whole client. Raises AssertionError where the password shows in an event or an error."""
    made = client()
    made.start(0.0)
    now_s = 0.0
    for chunk in chunks(data, chance):
        told = _told(made, chunk, now_s)
        assert PASSWORD not in told, told
        if made.is_over:
            return
        made.take_output()
        now_s += chance.choice((0.0, 0.0, 0.001, 0.3))
        made.tick(now_s)


def _told(made: Client, chunk: bytes, now_s: float) -> str:
    """Everything but pictures and sound, or the error, after which the client is over."""
    try:
        events = made.receive(chunk, now_s)
    except RtspError as error:
        return str(error)
    return str([event for event in events if not hasattr(event, "units")])


TARGETS: tuple[Target, ...] = (dialogue, media)


def fuzz(seconds: float, seed: int, targets: Sequence[Target] = TARGETS) -> Found:
    """Go on for that long. The same seed gives the same inputs."""
    chance = Random(seed)
    found = Found()
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s and len(found.failures) < 10:
        data = mutated(conversation(chance), chance)
        for target in targets:
            _try(target, data, chance.getrandbits(32), found)
        found.rounds += 1
    return found


def _try(target: Target, data: bytes, seed: int, found: Found) -> None:
    watches_memory = found.rounds % _MEMORY_EVERY == 0
    if watches_memory:
        tracemalloc.start()
    begun_s = time.thread_time()
    try:
        target(data, Random(seed))
    except RtspError:
        pass
    except Exception:  # noqa: BLE001 - that none comes is what is looked for
        found.failures += (f"{data[:2000]!r} (seed {seed}): {traceback.format_exc(limit=-3)}",)
    spent_s = time.thread_time() - begun_s
    if watches_memory:
        found.peak_bytes = max(found.peak_bytes, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    elif len(data) >= _MEASURED_BYTES:
        found.worst_us_per_byte = max(found.worst_us_per_byte, spent_s * 1e6 / len(data))


def nonsense(*, seconds: float, seed: int) -> list[Row]:
    """The bars: no other exception, time in proportion to the input, little memory."""
    found = fuzz(seconds, seed)
    print(f"{found.rounds} rounds", end=" ", flush=True)
    return [
        problems("fuzz", "exceptions", found.failures),
        Row("fuzz", "time per byte", found.worst_us_per_byte, WORST_US_PER_BYTE, "µs"),
        Row("fuzz", "memory", found.peak_bytes / 1e6, PEAK_MB, "MB"),
    ]
