"""Answers of real cameras, where they are at hand: HOLDFAST_ANSWERS is a folder of them, one `.txt` file each.

Fixtures of our own with the same quirks are in `holdfast.lab.camera_answers`, and are always tested.
"""

import os
from pathlib import Path

import pytest

from holdfast.lab.camera_answers import ANSWERS, DESCRIPTIONS, sent
from holdfast.rtsp.auth import read_challenges
from holdfast.rtsp.events import Event, Ready, Refused
from holdfast.rtsp.messages import Request, Response
from holdfast.rtsp.opening import FINE
from holdfast.rtsp.wire import Wire
from tests.rtsp.fakes import OPTIONS, SETUP, SOUNDING, Scripted


def answers() -> list[Path]:
    folder = os.environ.get("HOLDFAST_ANSWERS")
    return sorted(Path(folder).glob("*.txt")) if folder else []


def after(answer: str, *, sound: bool = True) -> tuple[Scripted, list[Event]]:
    """The client after this answer to the question that it fits."""
    camera = Scripted(user="u", password="p", wants_sound=sound)
    before: tuple[str, ...] = (OPTIONS, SOUNDING, SETUP, SETUP.replace("0-1", "2-3"))
    if "Public:" in answer or "401" in answer.partition("\n")[0]:
        before = ()
    elif "application/sdp" in answer:
        before = before[:1]
    elif "Transport:" in answer:
        before = before[:3] if "2-3" in answer else before[:2]
    for one in before:
        camera.answer(one)
    events = camera.answer(answer)
    return camera, events


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_every_description_of_our_own_can_be_played(name: str) -> None:
    camera = Scripted(wants_sound=True)
    (ready,) = camera.play(DESCRIPTIONS[name])
    assert isinstance(ready, Ready)
    assert (ready.sound is None) == (name.startswith(("whole", "a back")))


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_of_our_own_is_one_whole_message(name: str) -> None:
    wire = Wire()
    assert isinstance(wire.feed(sent(ANSWERS[name], 1)).message, Response | Request)
    assert wire.feed(b"").message is None
    assert wire.skipped_bytes == 0


@pytest.mark.skipif(not answers(), reason="HOLDFAST_ANSWERS names no folder of captured answers")
@pytest.mark.parametrize("path", answers(), ids=lambda path: path.stem)
def test_every_captured_answer_is_understood(path: Path) -> None:
    data = path.read_bytes()
    wire = Wire()
    message = wire.feed(data).message
    assert isinstance(message, Response)
    assert wire.feed(b"").message is None
    assert wire.skipped_bytes == 0
    text = "\n".join(
        "CSeq: {cseq}" if line.lower().startswith("cseq:") else line for line in data.decode().splitlines()
    )
    camera, events = after(text)
    assert not [event for event in events if not isinstance(event, Ready)]
    assert not camera.client.is_over
    if message.status not in FINE:
        assert read_challenges(message.headers.all("www-authenticate"))
        assert camera.header("Authorization").startswith("Digest ")
        (refused,) = camera.answer(text)
        assert refused == Refused(401, "Unauthorized", "OPTIONS")
    elif "m=video" in text:
        assert camera.last[0].startswith("SETUP rtsp://")
        camera.answer(SETUP)
        assert camera.last[0].startswith("SETUP" if "m=audio" in text else "PLAY")
    elif "Transport:" in text:
        assert camera.header("Session") != ""
