"""What a sequence parameter set says about the order of frames. Bytes in, answer out."""

from holdfast.rtsp import avc, hevc


def reorders_frames(codec: str, codec_data: bytes) -> bool:
    """Whether the stream's frames come in another order than they are shown (B-frames).

    `codec` is "h264" or "h265", `codec_data` the content of avcC or hvcC. False when the parameter set does not
    say so: the order of the frames themselves then tells.
    """
    try:
        if codec == "h264":
            return avc.read_sps(avc.first_sps(codec_data)).reorders is True
        return hevc.read_sps(hevc.first_sps(codec_data)).reorders
    except (ValueError, IndexError):
        return False
