"""Session descriptions as cameras write them."""

import pytest

from holdfast.lab.camera_answers import DESCRIPTIONS, sent
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import Response
from holdfast.rtsp.sdp import MAX_LINES, MAX_PARAMETERS, MAX_TRACKS, MediaTrack, read_description
from holdfast.rtsp.urls import base_of
from holdfast.rtsp.wire import Wire

BASE = "rtsp://192.0.2.5/live/"
SPROP = "sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA=="


def tracks(*lines: str) -> tuple[MediaTrack, ...]:
    return read_description("\r\n".join(["v=0", *lines, ""]).encode(), BASE).tracks


def track(*lines: str) -> MediaTrack:
    (only,) = tracks(*lines)
    return only


def described(name: str) -> tuple[str, list[tuple[str, str, int, int, str]]]:
    message = Wire().feed(sent(DESCRIPTIONS[name], 2)).message
    assert isinstance(message, Response)
    found = read_description(message.body, base_of("rtsp://192.0.2.1/asked", message.headers))
    return found.control, [
        (each.encoding, each.kind, each.payload_type, each.clock_rate, each.control) for each in found.tracks
    ]


def test_a_query_in_the_base_stays_before_the_track() -> None:
    control, found = described("query in the base, HEVC and G.711")
    assert control == "rtsp://192.0.2.5/cam/realmonitor?channel=1&subtype=2/"
    assert found == [
        ("H265", "video", 98, 90_000, f"{control}trackID=0"),
        ("PCMA", "audio", 8, 8000, f"{control}trackID=1"),
        ("VND.ONVIF.METADATA", "application", 107, 90_000, f"{control}trackID=4"),
    ]


def test_whole_urls_are_taken_as_they_are() -> None:
    control, found = described("whole URLs, spaces in the parameters")
    assert control == "rtsp://192.0.2.6:554/Streams/101/?transportmode=unicast&profile=P_1"
    assert found[0][-1] == "rtsp://192.0.2.6:554/Streams/101/trackID=1?transportmode=unicast&profile=P_1"


def test_a_static_type_is_what_its_rtpmap_says_or_else_what_the_standard_says() -> None:
    _, found = described("query without a slash, static type with another name")
    assert found[0][-1] == "rtsp://192.0.2.7:5050/H264?channel=1&unicast=true&proto=Onvif/video"
    assert found[1][:4] == ("PCMU", "audio", 8, 8000)
    _, found = described("static type without rtpmap, base64 without its end")
    assert found[1] == ("PCMU", "audio", 0, 8000, "rtsp://192.0.2.33:65534/videoMain/track2")


def test_sound_may_come_first() -> None:
    control, found = described("sound first")
    assert [each[0] for each in found] == ["MPEG4-GENERIC", "H264"]
    assert found[1][-1] == f"{control}trackID=2"


def test_a_channel_back_to_the_camera_is_none_of_ours() -> None:
    _, found = described("a back channel and two videos")
    assert [each[0] for each in found] == ["JPEG", "H264"]
    assert found[1][-1] == "rtsp://192.0.2.1/asked/trackID=1"


def test_a_camera_that_writes_its_own_direction_says_so_of_its_video_too() -> None:
    video = ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000")
    sound = ("m=audio 0 RTP/AVP 0", "a=sendonly")
    assert [each.kind for each in tracks(*video, "a=sendonly", *sound)] == ["video", "audio"]
    assert [each.kind for each in tracks(*video, "a=recvonly", *sound)] == ["video"]
    assert tracks(*video, "a=inactive") == ()
    assert [each.kind for each in tracks(*video, "a=sendrecv")] == ["video"]


def test_parameters_have_spaces_signs_and_names_in_any_case() -> None:
    made = track(
        "m=video 0 RTP/AVP 96",
        "a=RTPMAP: 96  h264 / 90000",
        f"a=fmtp:96  Profile-Level-ID=420029 ; {SPROP}; ;a = b=c; lone; a=again",
    )
    assert made.fmtp == {
        "profile-level-id": "420029",
        "sprop-parameter-sets": "Z00AH5WoFAFuQA==,aO48gA==",
        "a": "b=c",
        "lone": "",
    }
    assert made.encoding == "H264"


@pytest.mark.parametrize("rtpmap", ["H264/0", "H264", "H264/9000", "AVC/1000"])
def test_the_clock_of_video_is_what_the_standard_says(rtpmap: str) -> None:
    made = track("m=video 0 RTP/AVP 96", f"a=rtpmap:96 {rtpmap}")
    assert (made.encoding, made.clock_rate) == ("H264", 90_000)


def test_sound_has_its_own_clock_and_channels() -> None:
    assert track("m=audio 0 RTP/AVP 97", "a=rtpmap:97 PCMA/16000/2").clock_rate == 16_000
    assert track("m=audio 0 RTP/AVP 97", "a=rtpmap:97 G711A").clock_rate == 8000
    assert track("m=audio 0 RTP/AVP 97", "a=rtpmap:97 PCMA/8000/999").channels == 8
    assert track("m=audio 0 RTP/AVP 97", "a=rtpmap:97 PCMA/8000/0").channels == 1


def test_the_format_that_can_be_recorded_is_chosen_of_several() -> None:
    made = track("m=video 0 RTP/AVP 26 96 300 x", "a=rtpmap:96 HEVC/90000")
    assert (made.encoding, made.payload_type) == ("H265", 96)
    assert track("m=video 0 RTP/AVP 26 32").encoding == "JPEG"


def test_what_is_filed_under_another_payload_type_is_found_where_it_is_the_only_one() -> None:
    made = track("m=video 0 RTP/AVP 96", "a=rtpmap:97 H264/90000", "a=fmtp:98 x=1")
    assert (made.payload_type, made.encoding, made.fmtp) == (97, "H264", {"x": "1"})
    two = track("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", f"a=fmtp:98 {SPROP}", "a=fmtp:99 x=1")
    assert two.fmtp == {}


def test_a_video_without_rtpmap_is_known_by_its_parameters() -> None:
    assert track("m=video 0 RTP/AVP 96", f"a=fmtp:96 {SPROP}").encoding == "H264"
    assert track("m=video 0 RTP/AVP 96", "a=fmtp:96 sprop-vps=A;sprop-sps=B;sprop-pps=C").encoding == "H265"
    assert tracks("m=video 0 RTP/AVP 96") == ()
    assert tracks("m=audio 0 RTP/AVP 96") == ()


def test_a_control_is_relative_to_that_of_the_session_where_it_is_a_whole_url() -> None:
    video = ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000")
    absolute = read_description("\n".join(["a=control:rtsp://c/s/", *video, "a=control:t"]).encode(), BASE)
    assert (absolute.control, absolute.tracks[0].control) == ("rtsp://c/s/", "rtsp://c/s/t")
    relative = read_description("\n".join(["a=control:s", *video, "a=control:t", "a=control:u"]).encode(), BASE)
    assert (relative.control, relative.tracks[0].control) == (f"{BASE}s", f"{BASE}t")
    assert track("a=control:*", *video).control == BASE


@pytest.mark.parametrize("body", ["", "<html>404</html>", "m=", "m=video", "m=video\0\xff 0 x", "v=0\r\ns=nothing"])
def test_nonsense_is_a_description_without_tracks(body: str) -> None:
    assert read_description(body.encode("latin-1"), BASE).tracks == ()


def test_more_than_any_camera_has_is_refused() -> None:
    with pytest.raises(RtspError, match="too long"):
        tracks(*["a=x"] * MAX_LINES)
    with pytest.raises(RtspError, match="too many tracks"):
        tracks(*["m=video 0 RTP/AVP 96"] * (MAX_TRACKS + 1))
    many = ";".join(f"p{number}=1" for number in range(MAX_PARAMETERS * 2))
    assert len(track("m=audio 0 RTP/AVP 0", f"a=fmtp:0 {many}").fmtp) == MAX_PARAMETERS
