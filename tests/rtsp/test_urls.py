"""URLs and transports."""

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import Headers
from holdfast.rtsp.transport import Channels, agreed, ask_for
from holdfast.rtsp.urls import MAX_URL_CHARACTERS, Place, base_of, joined, place, redirected, request_uri, without_user

REQUEST = "rtsp://192.0.2.5/live"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("rtsp://192.0.2.1/a", Place(encrypted=False, host="192.0.2.1", port=554)),
        ("RTSPS://cam.example", Place(encrypted=True, host="cam.example", port=322)),
        ("rtsp://[2001:db8::1]:8554/a?b", Place(encrypted=False, host="2001:db8::1", port=8554)),
        ("rtsps://[fe80::1%eth0]/", Place(encrypted=True, host="fe80::1%eth0", port=322)),
        ("rtsp://user:p%40ss@cam:5050?x=1", Place(encrypted=False, host="cam", port=5050)),
        ("rtsp://user:p@ss@cam/x@y", Place(encrypted=False, host="cam", port=554)),
        ("rtsp://cam:/", Place(encrypted=False, host="cam", port=554)),
    ],
)
def test_where_a_url_leads(url: str, where: Place) -> None:
    assert place(url) == where


@pytest.mark.parametrize("url", ["", "rtsp://", "http://cam/", "rtsp://cam:0/", "rtsp://cam:70000/", "rtsp://a b/"])
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(RtspError, match="host and port"):
        place(url)


def test_no_user_and_no_white_space_stand_in_a_request_line() -> None:
    assert request_uri(" rtsp://u:p@h/a b?c=%20&d='x'#part ") == "rtsp://h/a%20b?c=%20&d='x'"
    assert request_uri("rtsp://h/문\r\n") == "rtsp://h/%EB%AC%B8"
    assert without_user("no url u:p@h") == "no url u:p@h"


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://cam/path?channel=1&subtype=2/", "trackID=0", "rtsp://cam/path?channel=1&subtype=2/trackID=0"),
        ("rtsp://cam/H264?channel=1&proto=Onvif", "video", "rtsp://cam/H264?channel=1&proto=Onvif/video"),
        ("rtsp://cam/live/", "track1", "rtsp://cam/live/track1"),
        ("rtsp://cam/live", "track1?x=1", "rtsp://cam/live/track1?x=1"),
        ("rtsp://cam/live/", "/track1", "rtsp://cam/live/track1"),
        ("rtsp://cam/live/", " * ", "rtsp://cam/live/"),
        ("rtsp://cam/live", "", "rtsp://cam/live"),
        ("rtsp://cam/live", "RTSP://u:p@other/x?y", "RTSP://other/x?y"),
    ],
)
def test_a_control_is_put_behind_its_base_as_cameras_mean_it(base: str, control: str, url: str) -> None:
    assert joined(base, control) == url


def test_a_control_without_an_end_is_refused() -> None:
    with pytest.raises(RtspError, match="too long"):
        joined(REQUEST, "x" * (MAX_URL_CHARACTERS + 1))


def test_the_base_is_what_the_camera_names_or_else_what_was_asked_for() -> None:
    def base(*fields: tuple[str, str]) -> str:
        return base_of("rtsp://u:p@192.0.2.5/live", Headers(fields))

    assert base() == REQUEST
    assert base(("content-location", "rtsp://u:p@c/1")) == "rtsp://c/1"
    assert base(("content-location", "rtsp://c/1"), ("content-base", "rtsp://b/1/")) == "rtsp://b/1/"
    assert base(("content-base", "/relative/")) == REQUEST
    assert base(("content-base", "rtsp://b/" + "x" * MAX_URL_CHARACTERS)) == REQUEST


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("rtsp://u:p@192.0.2.9:8554/b?c", "rtsp://192.0.2.9:8554/b?c"),
        (" rtsps://cam/ ", "rtsps://cam/"),
        ("/other", "rtsp://192.0.2.5/other"),
        ("//cam/other", None),
        ("http://cam/", None),
        ("", None),
        ("rtsp://cam/" + "x" * MAX_URL_CHARACTERS, None),
    ],
)
def test_where_a_redirect_leads(location: str, url: str | None) -> None:
    assert redirected(REQUEST, location) == url


def test_a_relative_redirect_of_no_url_leads_nowhere() -> None:
    assert redirected("nowhere", "/other") is None


def test_channels_are_asked_for_as_the_standard_has_it() -> None:
    assert ask_for(Channels(2, 3)) == "RTP/AVP/TCP;unicast;interleaved=2-3"


@pytest.mark.parametrize(
    ("value", "channels"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=4-5;ssrc= d6d6627", Channels(4, 5)),
        ('RTP/AVP/TCP;interleaved = "6-7";mode="play"', Channels(6, 7)),
        ("RTP/AVP/TCP;unicast;Interleaved=8", Channels(8, 9)),
        ("RTP/AVP/TCP;interleaved=2-3,RTP/AVP;client_port=1-2", Channels(2, 3)),
        ("RTP/AVP/TCP;unicast;interleaved=255-256", Channels(0, 1)),
        ("RTP/AVP/TCP;unicast;interleaved=255", Channels(0, 1)),
        ("RTP/AVP/TCP;unicast;interleaved=3-3", Channels(0, 1)),
        ("RTP/AVP/TCP;unicast;interleaved=x", Channels(0, 1)),
        ("RTP/AVP;unicast", Channels(0, 1)),
        ("", Channels(0, 1)),
        ("RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001", None),
        ("RTP/AVP/UDP;unicast;server_port=6000", None),
    ],
)
def test_which_channels_the_camera_takes(value: str, channels: Channels | None) -> None:
    assert agreed(value, Channels(0, 1)) == channels
