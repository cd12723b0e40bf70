"""The dialogue, step by step, with a camera that answers from a script."""

import math

import pytest

from holdfast.lab.camera_answers import DESCRIPTIONS, OTHERS, SETUPS, sent
from holdfast.rtsp.client import Patience
from holdfast.rtsp.dialogue import MAX_OUTPUT_BYTES, MAX_SESSION_CHARACTERS
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Ended, NoVideo, Ready, Redirected, Refused, TimedOut, Unsupported
from holdfast.rtsp.rtcp import SenderReport
from tests.rtsp.fakes import BAD, BYE, OPTIONS, PLAY, SETUP, SOUNDING, Scripted, packet, sound, units


def refusal(status: int, reason: str = "No") -> str:
    return f"RTSP/1.0 {status} {reason}\nCSeq: {{cseq}}\n"


def test_the_questions_follow_one_another() -> None:
    camera = Scripted("rtsp://user:secret@192.0.2.5/live")
    assert camera.last == ["OPTIONS rtsp://192.0.2.5/live RTSP/1.0", "CSeq: 1", "User-Agent: holdfast"]
    (ready,) = camera.play()
    assert isinstance(ready, Ready)
    assert (ready.video.encoding, ready.sound) == ("H264", None)
    assert [request.partition(" RTSP")[0] for request in camera.requests] == [
        "OPTIONS rtsp://192.0.2.5/live",
        "DESCRIBE rtsp://192.0.2.5/live",
        "SETUP rtsp://192.0.2.33:65534/videoMain/track1",
        "PLAY rtsp://192.0.2.33:65534/videoMain/",
    ]
    assert camera.header("Range") == "npt=0.000-"
    assert camera.header("Session") == "708345999"
    assert "Accept: application/sdp" in camera.requests[1]
    assert "Transport: RTP/AVP/TCP;unicast;interleaved=0-1" in camera.requests[2]


@pytest.mark.parametrize("status", [400, 404, 405, 454, 500, 501])
def test_a_camera_that_does_not_know_options_is_asked_for_its_description(status: int) -> None:
    camera = Scripted()
    assert camera.answer(refusal(status)) == []
    assert camera.last[0].startswith("DESCRIBE")


def test_packets_become_units_also_before_play_is_answered() -> None:
    camera = Scripted()
    camera.open()
    assert camera.receive(packet(0, b"one") + packet(9, b"?") + packet(1, b"report")) == [units([b"one"], 0, 0)]
    assert camera.answer(PLAY, packet(0, b"two") + packet(0, b"")) == [units([b"two"], 1, 0)]
    assert camera.receive(packet(0, b"")) == [units([], 1, 0)]
    assert camera.receive(b"") == []
    assert camera.receivers.reported["video"].received == [b"report"]


def test_the_channels_are_those_that_the_camera_takes() -> None:
    camera = Scripted(wants_sound=True)
    camera.open(setup=SETUPS["with channels of its own"])
    assert camera.receive(packet(4, b"x") + packet(0, b"sound?")) == [units([b"x"], 0, 0)]
    other = Scripted(wants_sound=True)
    other.answer(OPTIONS)
    other.answer(SOUNDING)
    other.answer(SETUP.replace("0-1", "2-3"))
    assert other.header("Transport").endswith("interleaved=4-5")


def test_sound_is_set_up_when_it_is_wanted() -> None:
    camera = Scripted(wants_sound=True)
    (ready,) = camera.play()
    assert isinstance(ready, Ready)
    assert ready.sound is not None
    assert ready.sound.encoding == "PCMU"
    assert camera.receive(packet(2, b"la") + packet(0, b"x") + packet(3, b"r")) == [units([b"x"], 0, 0), sound([b"la"])]
    assert camera.receivers.reported["audio"].received == [b"r"]
    camera.receivers.made["sound"].ended = [b"end"]
    assert camera.client.end() == [sound([b"end"])]


def test_the_clocks_of_both_tracks_are_told_when_both_are_known() -> None:
    camera = Scripted(wants_sound=True)
    assert camera.client.senders is None
    camera.play()
    camera.receivers.reported["video"].sender = SenderReport(5, 6)
    assert camera.client.senders is None
    camera.receivers.reported["audio"].sender = SenderReport(7, 8)
    assert camera.client.senders == (SenderReport(5, 6), SenderReport(7, 8))


def test_sound_of_another_kind_is_named() -> None:
    camera = Scripted(wants_sound=True)
    (ready,) = camera.play(SOUNDING.replace("audio 0 RTP/AVP 0", "audio 0 RTP/AVP 97\na=rtpmap:97 G726-32/8000"))
    assert isinstance(ready, Ready)
    assert (ready.sound, ready.silence) == (None, "the camera's sound is G726-32, not AAC or G.711")
    assert camera.client.senders is None


def test_a_camera_that_names_the_channels_of_the_video_again_sends_sound_on_those_asked_for() -> None:
    camera = Scripted(wants_sound=True)
    camera.answer(OPTIONS)
    camera.answer(SOUNDING)
    camera.answer(SETUP)
    camera.answer(SETUP)
    assert camera.receive(packet(2, b"la")) == [sound([b"la"])]


@pytest.mark.parametrize(
    "answer", [refusal(454), refusal(461), SETUP.replace("/TCP;unicast;interleaved=0-1", ";x_port=1")]
)
def test_sound_that_cannot_be_had_is_left_out(answer: str) -> None:
    camera = Scripted(wants_sound=True)
    camera.answer(OPTIONS)
    camera.answer(SOUNDING)
    camera.answer(SETUP)
    (ready,) = camera.answer(answer)
    assert isinstance(ready, Ready)
    assert ready.sound is None
    assert ready.silence.startswith("the camera refuses its sound: ")
    assert camera.last[0].startswith("PLAY")


def test_sound_that_makes_no_sense_leaves_the_picture_alone() -> None:
    camera = Scripted(wants_sound=True)
    camera.play()
    assert camera.receive(packet(2, BAD) + packet(0, b"x")) == [units([b"x"], 0, 0)]
    assert camera.receive(packet(2, b"la") + packet(0, b"y")) == [units([b"y"], 0, 0)]
    assert camera.client.end() == []
    unset = Scripted(wants_sound=True)
    unset.receivers.refuses_sound = True
    (ready,) = unset.play()
    assert isinstance(ready, Ready)
    assert (ready.sound, ready.silence) == (None, "no config")
    with pytest.raises(RtspError):
        unset.receive(packet(0, BAD))


def test_without_sound_in_the_description_none_is_set_up() -> None:
    camera = Scripted(wants_sound=True)
    (ready,) = camera.play(DESCRIPTIONS["whole URLs, spaces in the parameters"])
    assert isinstance(ready, Ready)
    assert ready.sound is None


# ---------------------------------------------------------------- keeping it alive


def test_a_session_is_kept_alive_twice_per_timeout_by_the_method_that_the_camera_names() -> None:
    camera = Scripted(patience=Patience(report_s=1000.0))
    camera.play(setup=SETUPS["with strange signs in the session"])
    assert camera.client.due_s == 100.0 + 25.0  # PLAY's answer says 120 s
    slow = Scripted(patience=Patience(report_s=1000.0))
    slow.open(setup=SETUPS["with strange signs in the session"])
    slow.answer(refusal(200))
    assert slow.client.due_s == 100.0 + 10.0
    assert slow.tick(109.9) == []
    assert slow.last[0].startswith("PLAY")
    assert slow.tick(110.0) == []
    assert slow.last[0] == "GET_PARAMETER rtsp://192.0.2.33:65534/videoMain/ RTSP/1.0"
    assert slow.header("Session") == "9a/90+de.54 {x}="
    assert slow.client.due_s == 120.0
    assert slow.answer(refusal(200)) == []
    slow.tick(120.0)
    assert slow.last[0].startswith("GET_PARAMETER")
    assert slow.answer(refusal(405)) == []
    slow.tick(130.0)
    assert slow.last[0].startswith("OPTIONS")
    assert slow.answer(refusal(401)) == []
    assert slow.receive(packet(0, b"x")) == [units([b"x"], 0, 0)]


def test_a_camera_without_get_parameter_is_asked_for_its_options() -> None:
    camera = Scripted()
    camera.answer(refusal(200))
    camera.answer(SOUNDING)
    camera.answer(SETUPS["without a transport"])
    camera.answer(PLAY)
    camera.tick(200.0)
    assert camera.last[0].startswith("OPTIONS")


def test_reports_go_back_on_the_channel_of_reports() -> None:
    camera = Scripted(wants_sound=True)
    camera.play()
    assert camera.client.due_s == 105.0
    camera.client.tick(105.0)
    assert camera.take() == packet(1, b"report") + packet(3, b"report")
    assert camera.client.due_s == 110.0
    camera.receivers.reported["video"].report = b""
    camera.client.tick(110.0)
    assert camera.take() == packet(3, b"report")


# ---------------------------------------------------------------- how it ends


@pytest.mark.parametrize("step", range(1, 4))
def test_a_refusal_is_told_with_its_status_reason_and_method(step: int) -> None:
    camera = Scripted()
    for answer in (OPTIONS, SOUNDING, SETUP)[:step]:
        camera.answer(answer)
    method = camera.last[0].partition(" ")[0]
    assert camera.answer(refusal(453, "Not Enough Bandwidth")) == [Refused(453, "Not Enough Bandwidth", method)]
    assert camera.client.is_over
    assert camera.client.due_s == math.inf
    assert camera.receive(packet(0, b"x")) == []


def test_a_camera_that_moved_says_where_it_is() -> None:
    camera = Scripted()
    assert camera.answer(OTHERS["moved"]) == [Redirected("rtsp://192.0.2.44:8554/other")]
    nowhere = Scripted()
    nowhere.answer(OPTIONS)
    assert nowhere.answer(refusal(301, "Moved")) == [Refused(301, "Moved", "DESCRIBE")]


def test_a_camera_that_does_not_send_over_tcp_is_for_the_other_source() -> None:
    for answer in (refusal(461), SETUP.replace("/TCP;unicast;interleaved=0-1", ";server_port=6000-6001")):
        camera = Scripted()
        camera.answer(OPTIONS)
        camera.answer(SOUNDING)
        assert camera.answer(answer) == [Unsupported("the camera does not send over TCP")]
        assert camera.client.is_over


@pytest.mark.parametrize(
    ("sdp", "event"),
    [
        ("", NoVideo("the camera offers no video track at this URL, but nothing")),
        ("m=audio 0 RTP/AVP 0\n", NoVideo("the camera offers no video track at this URL, but audio")),
        ("m=video 0 RTP/AVP 26\n", Unsupported("the camera sends JPEG, not H.264 or H.265")),
        (
            "m=video 0 RTP/AVP 96\na=rtpmap:96 x-secret-secret-secret/90000\n",
            Unsupported("the camera sends X-SECRET-SECRET-SECR, not H.264 or H.265"),
        ),
    ],
)
def test_what_there_is_instead_of_video_is_named(sdp: str, event: NoVideo | Unsupported) -> None:
    camera = Scripted(password="secret")
    camera.answer(OPTIONS)
    length = len(sdp) + sdp.count("\n")
    assert camera.answer(f"RTSP/1.0 200 OK\nCSeq: {{cseq}}\nContent-Length: {length}\n\n{sdp}") == [event]


def test_a_camera_that_does_not_answer_is_waited_for_so_long() -> None:
    camera = Scripted(patience=Patience(answer_s=3.0))
    camera.answer(OPTIONS)
    assert camera.client.due_s == 103.0
    assert camera.tick(102.9) == []
    assert camera.tick(103.0) == [TimedOut("the camera did not answer DESCRIBE within 3 s")]
    assert camera.client.is_over


def test_pictures_are_answer_enough_to_play() -> None:
    camera = Scripted()
    camera.open()
    camera.receive(packet(0, b"x"))
    assert camera.tick(110.0) == []
    assert camera.client.due_s == 115.0
    assert camera.answer(PLAY) == []
    assert camera.receive(packet(0, b"y")) == [units([b"y"], 0, 0)]


def test_goodbye_ends_the_stream_with_what_was_complete() -> None:
    camera = Scripted()
    camera.play()
    camera.receivers.made["video"].ended = [b"last"]
    assert camera.receive(packet(0, b"x") + packet(1, BYE) + sent(PLAY, 9)) == [
        units([b"x"], 0, 0),
        units([b"last"], 0, 0),
        Ended("the camera said goodbye (RTCP BYE)"),
    ]
    assert camera.client.is_over


def test_stopping_tears_the_session_down_and_hears_nothing_more() -> None:
    camera = Scripted()
    camera.play()
    camera.client.stop(100.0)
    camera.client.stop(100.0)
    camera.take()
    assert camera.last[0] == "TEARDOWN rtsp://192.0.2.33:65534/videoMain/ RTSP/1.0"
    assert camera.client.due_s == 101.0
    assert camera.receive(packet(0, b"x") + packet(1, BYE)) == []
    assert camera.answer(refusal(200)) == []
    assert camera.client.is_over
    assert camera.client.end() == []


def test_the_answer_to_teardown_is_not_waited_for_long() -> None:
    camera = Scripted()
    camera.play()
    camera.client.stop(100.0)
    camera.take()
    assert camera.tick(101.0) == []
    assert camera.client.is_over


def test_without_a_session_there_is_nothing_to_tear_down() -> None:
    camera = Scripted()
    camera.client.stop(100.0)
    assert camera.client.is_over
    assert camera.client.take_output() == b""
    assert camera.client.end() == []


def test_a_connection_that_ends_gives_what_was_complete() -> None:
    camera = Scripted()
    camera.play()
    camera.receivers.made["video"].ended = [b"last"]
    assert camera.client.end() == [units([b"last"], 0, 0)]
    assert camera.client.end() == []
    early = Scripted()
    assert early.client.end() == []


# ---------------------------------------------------------------- numbers, and questions of the camera


def test_an_answer_without_a_number_or_with_a_strange_one_is_the_answer_and_an_old_one_is_not() -> None:
    camera = Scripted()
    assert camera.receive(b"RTSP/1.0 100 Continue\r\n\r\nRTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n") == []
    assert camera.last[0].startswith("OPTIONS")
    camera.receive(b"RTSP/1.0 200\n\n")
    assert camera.last[0].startswith("DESCRIBE")
    camera.receive(sent(SOUNDING, 77))
    assert camera.last[0].startswith("SETUP")
    camera.receive(sent(SETUP, 1) + b"RTSP/1.0 404 Not Found\r\nCSeq: 2\r\n\r\n")
    assert camera.last[0].startswith("SETUP")
    assert camera.answer(SETUP, b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n") != []
    camera.answer(PLAY, sent(PLAY, 4))
    assert not camera.client.is_over


def test_questions_of_the_camera_are_answered() -> None:
    camera = Scripted()
    camera.play()
    camera.client.receive(sent(OTHERS["question"], 0) + packet(0, b"x"), 100.0)
    assert camera.take() == (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, GET_PARAMETER, SET_PARAMETER\r\n\r\n")
    camera.client.receive(b"GET_PARAMETER * RTSP/1.0\r\n\r\nANNOUNCE * RTSP/1.0\nCSeq: 5\n\n", 100.0)
    assert camera.take() == b"RTSP/1.0 200 OK\r\n\r\nRTSP/1.0 501 Not Implemented\r\nCSeq: 5\r\n\r\n"


def test_a_camera_that_asks_without_end_is_refused() -> None:
    camera = Scripted()
    question = b"GET_PARAMETER * RTSP/1.0\n\n"
    with pytest.raises(RtspError, match="too many questions"):
        camera.client.receive(question * (MAX_OUTPUT_BYTES // 10), 100.0)
    assert camera.client.is_over


def test_a_session_without_an_end_is_refused() -> None:
    camera = Scripted()
    camera.answer(OPTIONS)
    camera.answer(SOUNDING)
    with pytest.raises(RtspError, match="too long"):
        camera.answer(f"RTSP/1.0 200 OK\nCSeq: {{cseq}}\nSession: {'x' * (MAX_SESSION_CHARACTERS + 1)}\n")


def test_nonsense_is_counted() -> None:
    camera = Scripted()
    camera.play()
    assert camera.receive(b"\0\0" + packet(0, b"x") * 3)[0] == units([b"x"] * 3, 0, 0)
    assert camera.client.skipped_bytes == 2
