"""Session descriptions of simulated cameras (RFC 4566, RFC 6184 8.2, RFC 7798 7.2)."""

import base64

from holdfast.lab.clips import Clip
from holdfast.lab.rtp import CLOCK_HZ, PAYLOAD_TYPE
from holdfast.lab.sound import SoundClip


def describe(clip: Clip, *, with_video: bool = True, sound: SoundClip | None = None) -> str:
    """The SDP of a camera that plays the clip; without video it offers only a G.711 audio track."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Simulated camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"]
    lines += ["a=range:npt=0-"]
    if with_video:
        lines += _video(clip)
    if sound is not None:
        lines += _sound(sound)
    elif not with_video:
        lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:track2"]
    return "\r\n".join(lines) + "\r\n"


def _sound(sound: SoundClip) -> list[str]:
    lines = [f"m=audio 0 RTP/AVP {sound.payload_type}", f"a=rtpmap:{sound.payload_type} {sound.rtpmap}"]
    lines += [f"a=fmtp:{sound.payload_type} {sound.fmtp}"] if sound.fmtp else []
    return [*lines, "a=control:track2"]


def _video(clip: Clip) -> list[str]:
    sets = clip.parameter_sets
    encoded = [base64.b64encode(nal).decode() for nal in sets]
    if clip.codec == "h264":
        name = "H264"
        profile = sets[0][1:4].hex().upper()
        parameters = f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={encoded[0]},{encoded[1]}"
    else:
        name = "H265"
        parameters = f"sprop-vps={encoded[0]};sprop-sps={encoded[1]};sprop-pps={encoded[2]}"
    return [
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {name}/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {parameters}",
        f"a=framerate:{float(clip.fps):g}",
        "a=control:track1",
    ]
