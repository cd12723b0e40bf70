"""Encodes one clip with GStreamer: `python -m holdfast.lab.encode --spec JSON --to FILE`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from holdfast.lab.clips import AccessUnit, Clip, ClipError, ClipSpec, dump
from holdfast.lab.nal import DELIMITER_TYPES, FILLER_TYPES, SEI_TYPES, Codec, is_key, nal_type, split_annex_b
from holdfast.media.gi import GLib, Gst, init

_PULL_TIMEOUT_NS = 60_000_000_000
_TOLERANCE = 0.07
_WORST = 0.25
_TRIES = 6
_QUANTIZER = 30
_NOISE_BITS_PER_PIXEL = 3


def encoder_launch(spec: ClipSpec, *, live: bool = False) -> str:
    """The encoder as a `gst-launch` description: closed groups of pictures of exactly `spec.gop` frames.

    A clip has a constant quantizer, so that equal pictures make equal bits; a live encoder is in a hurry instead.
    """
    common = f"scenecut=0:keyint={spec.gop}:min-keyint={spec.gop}:b-adapt=0:bframes={spec.bframes}"
    tune = "tune=zerolatency speed-preset=ultrafast" if live else "speed-preset=superfast"
    if spec.codec == "h264":
        rate = "" if live else f"pass=quant quantizer={_QUANTIZER}"
        return (
            f"x264enc {tune} {rate} threads=2 aud=false byte-stream=true "
            f"key-int-max={spec.gop} bframes={spec.bframes} b-pyramid=false b-adapt=false "
            f"option-string={common}:open-gop=0 ! video/x-h264,stream-format=byte-stream,alignment=au"
        )
    rate = "" if live else f":qp={_QUANTIZER}"
    return (
        f"x265enc {tune.replace('superfast', 'ultrafast')} key-int-max={spec.gop} "
        f"option-string={common}:open-gop=0:b-pyramid=0:info=0:repeat-headers=1:pools=2{rate} ! "
        "video/x-h265,stream-format=byte-stream,alignment=au"
    )


def picture_launch(spec: ClipSpec, noise_rows: int) -> str:
    """The moving picture; at its bottom `noise_rows` (even) of snow, which make bits in proportion to their area."""
    caps = f"video/x-raw,format=I420,framerate={spec.fps.numerator}/{spec.fps.denominator},width={spec.width},height="
    picture = f"videotestsrc pattern={spec.pattern} num-buffers={spec.frames} ! {caps}{spec.height}"
    if not noise_rows:
        return f"{picture} ! identity"
    snow = f"videotestsrc pattern=snow num-buffers={spec.frames} ! {caps}{noise_rows}"
    mix = f"compositor name=mix sink_1::ypos={spec.height - noise_rows}"
    return f"{mix} {picture} ! mix. {snow} ! mix. mix. ! {caps}{spec.height}"


def to_access_unit(codec: Codec, data: bytes, pts_frames: int) -> AccessUnit:
    """An encoder's buffer without delimiters, fillers and its own SEI messages."""
    unwanted = DELIMITER_TYPES[codec] | FILLER_TYPES[codec] | SEI_TYPES[codec]
    wanted = (nal for nal in split_annex_b(data) if nal_type(codec, nal) not in unwanted)
    nals = tuple(dict.fromkeys(wanted))  # x265enc repeats the parameter sets
    return AccessUnit(nals, pts_frames, is_key(codec, nals))


def encode(spec: ClipSpec) -> Clip:
    """Encode until the bitrate fits. Raises ClipError with what GStreamer said, or how far off the result is."""
    bits_per_row = float(_NOISE_BITS_PER_PIXEL * spec.width * spec.fps / 1000)
    rows = _even(spec, (spec.bitrate_kbps or 0) / bits_per_row)
    clip = Clip(spec, _run(spec, rows))
    for _ in range(_TRIES):
        missing = (spec.bitrate_kbps or clip.bitrate_kbps) - clip.bitrate_kbps
        if abs(missing) <= _TOLERANCE * clip.bitrate_kbps:
            break
        bits_per_row = clip.bitrate_kbps / max(rows, 1)
        rows = _even(spec, rows + missing / bits_per_row)
        clip = Clip(spec, _run(spec, rows))
    _check(clip)
    return clip


def _even(spec: ClipSpec, rows: float) -> int:
    return min(spec.height // 2, max(0, round(rows / 2))) * 2


def _run(spec: ClipSpec, noise_rows: int) -> tuple[AccessUnit, ...]:
    """Access units in decoding order."""
    pipeline = Gst.parse_launch(
        f"{picture_launch(spec, noise_rows)} ! {encoder_launch(spec)} ! appsink name=out sync=false max-buffers=4"
    )
    try:
        pipeline.set_state(Gst.State.PLAYING)
        sink = pipeline.get_by_name("out")
        buffers = []
        while (sample := sink.emit("try-pull-sample", _PULL_TIMEOUT_NS)) is not None:
            buffer = sample.get_buffer()
            buffers.append((buffer.pts, buffer.extract_dup(0, buffer.get_size())))
        _raise_error(pipeline)
    finally:
        pipeline.set_state(Gst.State.NULL)
    first_pts = min((pts for pts, _ in buffers), default=0)
    return tuple(to_access_unit(spec.codec, data, round((pts - first_pts) * spec.fps / 10**9)) for pts, data in buffers)


def _raise_error(pipeline: Any) -> None:
    message = pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
    if message is not None:
        error, details = message.parse_error()
        raise ClipError(f"{error.message} ({details})")


def _check(clip: Clip) -> None:
    """Raises ClipError unless the clip loops: all frames, each once, key frames where a GOP starts and only there."""
    spec = clip.spec
    places = [unit.pts_frames for unit in clip.access_units]
    if sorted(places) != list(range(spec.frames)):
        raise ClipError(f"the encoder made frames {places} instead of 0..{spec.frames - 1}")
    keys = [index for index, unit in enumerate(clip.access_units) if unit.is_key]
    if keys != list(range(0, spec.frames, spec.gop)) or any(places[key] != key for key in keys):
        raise ClipError(f"key frames at {keys}, expected every {spec.gop} frames, with closed groups")
    if spec.bitrate_kbps and abs(1 - clip.bitrate_kbps / spec.bitrate_kbps) > _WORST:
        raise ClipError(f"the clip has {clip.bitrate_kbps:.0f} kbit/s instead of {spec.bitrate_kbps}")


def main() -> int:
    """Write the clip; exit code 1 with a sentence on standard error when it cannot be made."""
    parser = argparse.ArgumentParser(description="Encode a clip for the simulated cameras.")
    parser.add_argument("--spec", required=True, help="clip spec as JSON")
    parser.add_argument("--to", required=True, type=Path, help="file to write")
    options = parser.parse_args()
    init()
    try:
        options.to.write_bytes(dump(encode(ClipSpec.from_json(json.loads(options.spec)))))
    except (ClipError, GLib.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
