"""Key frames are known again by their content."""

from holdfast.fmp4.stream import Fragment, FragmentSplitter
from holdfast.recorder.keys import REMEMBERED, KnownKeys, key_of
from tests.fmp4.builder import FTYP, Sample, fragment, moov, payload


def made(text: bytes, *, sync: bool = True, number: int = 1, decode_time: int = 0) -> Fragment:
    samples = [Sample(64, 6000, sync=sync), Sample(64, 6000)]
    media = text.ljust(64, b"\0") + payload(64, number)
    splitter = FragmentSplitter()
    pieces = splitter.feed(FTYP + moov() + fragment(decode_time, samples, number=number, media=media))
    (found,) = [piece for piece in pieces if isinstance(piece, Fragment)]
    return found


def test_the_same_picture_is_the_same_key_in_another_session() -> None:
    assert key_of(made(b"a", number=1)) == key_of(made(b"a", number=7, decode_time=90_000))
    assert key_of(made(b"a")) != key_of(made(b"b"))


def test_a_fragment_that_begins_with_another_frame_has_no_key() -> None:
    assert key_of(made(b"a", sync=False)) is None


def test_a_key_is_of_another_session_when_that_had_it_once() -> None:
    known = KnownKeys()
    known.add(b"a", 1)
    assert known.is_of_another(b"a", 2)
    assert not known.is_of_another(b"a", 1)
    assert not known.is_of_another(b"b", 2)
    assert known.tells(b"a")
    assert not known.tells(b"b")


def test_a_picture_that_comes_again_and_again_tells_nothing() -> None:
    known = KnownKeys()
    known.add(b"a", 1)
    known.add(b"a", 1)
    assert not known.is_of_another(b"a", 2)
    assert not known.tells(b"a")
    known.add(b"a", 2)
    assert not known.tells(b"a")


def test_the_oldest_keys_are_forgotten() -> None:
    known = KnownKeys()
    for number in range(REMEMBERED + 1):
        known.add(number.to_bytes(4, "big"), 1)
    assert not known.tells((0).to_bytes(4, "big"))
    assert known.tells((1).to_bytes(4, "big"))
