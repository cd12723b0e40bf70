"""What a camera says of itself, however wrong: it must not end the process in which other cameras live."""

from typing import Any

import pytest

from holdfast.domain.faults import ErrorReport, FaultKind
from holdfast.domain.streams import StreamAddress
from holdfast.media import gi
from holdfast.media.gi import GstSdp
from holdfast.media.sound_branch import SoundListener
from holdfast.media.source import RtspSrcSource
from holdfast.policy.faults import classify

HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"


class Listener:
    def __init__(self) -> None:
        self.errors: list[ErrorReport] = []

    sound: SoundListener | None = None

    def source_ready(self, pad: Any, codec: str) -> None:
        """Never here."""

    def source_failed(self, error: ErrorReport) -> None:
        self.errors.append(error)

    def source_certificate(self, fingerprint: str) -> None:
        """Never here."""

    def source_lost(self, packets: int) -> None:
        """Never here."""

    def source_ended(self) -> None:
        """Never here."""


@pytest.mark.parametrize(
    "media",
    [
        "m=video 0 RTP/AVP wbem\r\n",
        "m=video 0 RTP/AVP 96\r\n",
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96\r\n",
        "m=video 0 RTP/AVP 99999999999999999999\r\n",
        "m=video 0 RTP/AVP\r\n",
        "m=video 0 RTP/AVP 26\r\n",
        "m=audio 0 RTP/AVP 0\r\n",
        "",
    ],
)
def test_nonsense_about_its_tracks_is_no_video(media: str) -> None:
    gi.init()
    listener = Listener()
    source = RtspSrcSource(StreamAddress("rtsp://127.0.0.1:9/"), listener)
    _, sdp = GstSdp.sdp_message_new_from_text(HEAD + media)
    source.bin.get_by_name("rtspsrc").emit("on-sdp", sdp)
    assert [classify(error).kind for error in listener.errors] == [FaultKind.NO_VIDEO]
