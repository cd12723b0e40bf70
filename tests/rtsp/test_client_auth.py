"""Who asks: passwords, wrong ones, nonces that become old, and secrets that stay secret."""

import pytest

from holdfast.lab.camera_answers import CHALLENGES, OTHERS
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Event, Refused
from holdfast.rtsp.texts import MAX_SHOWN, shown
from tests.rtsp.fakes import OPTIONS, PLAY, SETUP, SOUNDING, Scripted, packet, units

PASSWORD = "hunter2:@/"
DIGEST = CHALLENGES["digest"]
FRESH = DIGEST.replace("98481030", "98481031")
STALE = FRESH.replace('1"', '1", stale=true')


def known() -> Scripted:
    return Scripted("rtsp://192.0.2.5/live", user="admin", password=PASSWORD)


def test_after_a_challenge_every_request_proves_who_asks() -> None:
    camera = known()
    assert camera.header("Authorization") == ""
    assert camera.answer(DIGEST) == []
    assert camera.last[0].startswith("OPTIONS")
    assert camera.header("CSeq") == "2"
    for answer in (OPTIONS, SOUNDING, SETUP, PLAY):
        assert 'nonce="98481030"' in camera.header("Authorization")
        assert f'uri="{camera.last[0].split()[1]}"' in camera.header("Authorization")
        camera.answer(answer)
    assert not camera.client.is_over


def test_a_challenge_may_come_to_any_question() -> None:
    camera = known()
    camera.answer(OPTIONS)
    camera.answer(DIGEST)
    assert camera.last[0].startswith("DESCRIBE")
    assert "Accept: application/sdp" in camera.last
    camera.answer(SOUNDING)
    assert camera.last[0].startswith("SETUP")


def refused(camera: Scripted, *answers: str) -> list[Event]:
    return [event for answer in answers for event in camera.answer(answer)]


def test_a_wrong_password_is_tried_once() -> None:
    assert refused(known(), DIGEST, FRESH) == [Refused(401, "Unauthorized", "OPTIONS")]
    assert refused(known(), DIGEST, OPTIONS.replace("200 OK", "401 No")) == [Refused(401, "No", "OPTIONS")]
    camera = known()
    assert refused(camera, OPTIONS, DIGEST, FRESH) == [Refused(401, "Unauthorized", "DESCRIBE")]
    assert sum("Authorization" in request for request in camera.requests) == 1


def test_without_a_password_there_is_nothing_to_try() -> None:
    assert refused(Scripted(), DIGEST) == [Refused(401, "Unauthorized", "OPTIONS")]
    assert refused(known(), "RTSP/1.0 401\nCSeq: {cseq}\n") == [Refused(401, "", "OPTIONS")]


def test_a_nonce_that_became_old_is_no_wrong_password() -> None:
    camera = known()
    assert refused(camera, DIGEST, STALE) == []
    assert 'nonce="98481031"' in camera.header("Authorization")
    assert refused(camera, STALE) == [Refused(401, "Unauthorized", "OPTIONS")]


def test_a_password_that_was_right_before_is_tried_once_more_with_a_new_nonce() -> None:
    camera = known()
    assert refused(camera, DIGEST, OPTIONS, SOUNDING, FRESH) == []
    assert camera.last[0].startswith("SETUP")
    assert 'nonce="98481031"' in camera.header("Authorization")
    assert refused(camera, DIGEST) == [Refused(401, "Unauthorized", "SETUP")]


def test_a_refused_keep_alive_ends_nothing() -> None:
    camera = known()
    refused(camera, DIGEST, OPTIONS, SOUNDING, SETUP, PLAY)
    camera.tick(125.0)
    assert refused(camera, STALE, FRESH, FRESH) == []
    assert camera.receive(packet(0, b"x")) == [units([b"x"], 0, 0)]


def test_basic_is_used_where_nothing_else_is_offered_and_never_after_digest() -> None:
    camera = known()
    camera.answer(CHALLENGES["basic"])
    assert camera.header("Authorization").startswith("Basic ")
    other = known()
    other.answer(CHALLENGES["several at once"])
    assert "SHA-256" in other.header("Authorization")
    other.answer(OPTIONS)
    other.answer(SOUNDING)
    assert refused(other, CHALLENGES["basic"]) == [Refused(401, "Unauthorized", "SETUP")]
    assert not any("Basic" in request for request in other.requests)


@pytest.mark.parametrize(
    "echo", [f"No {PASSWORD} here", "No rtsp://admin:hunter2:@/@192.0.2.5/live here", f"{PASSWORD}\t\N{NO-BREAK SPACE}"]
)
def test_no_text_of_the_camera_brings_the_password_back(echo: str) -> None:
    (event,) = refused(known(), OPTIONS, f"RTSP/1.0 403 {echo}\nCSeq: {{cseq}}\n")
    assert isinstance(event, Refused)
    assert "hunter2" not in event.reason
    assert event.reason.isprintable()


def test_what_is_shown_of_a_camera_is_short() -> None:
    assert len(shown("x" * 10_000)) == MAX_SHOWN
    assert shown(" a\n\tb \udcff") == "a b"


def test_an_error_has_no_password_in_it_either() -> None:
    camera = known()
    with pytest.raises(RtspError) as raised:
        camera.receive(b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n")
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_redirect_has_no_user_in_it() -> None:
    camera = known()
    (event,) = camera.answer(OTHERS["moved"].replace("rtsp://", f"rtsp://admin:{PASSWORD.rstrip('/')}@"))
    assert "hunter2" not in str(event)
