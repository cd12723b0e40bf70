"""Clips: short encoded films that loop at a key frame, made once and kept in a cache."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Self

from holdfast.lab.nal import Codec, nal_type

CLIP_VERSION = 2
"""Part of the cache key: raise it when the encoder settings or the file format change."""

_ENCODE_TIMEOUT_S = 300
_PARAMETERS: dict[str, tuple[int, ...]] = {"h264": (7, 8), "h265": (32, 33, 34)}

Pattern = Literal["ball", "smpte", "pinwheel", "snow"]


class ClipError(RuntimeError):
    """A clip could not be encoded or read; the message says why."""


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """What a clip should look like. Its length is rounded up to whole groups of pictures."""

    codec: Codec = "h264"
    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(15)
    gop: int = 15
    """Frames from key frame to key frame."""
    bframes: int = 0
    bitrate_kbps: int | None = None
    """None: whatever the picture needs. A number: a strip of noise makes it up, within 7 % (small pictures: 25 %)."""
    seconds: float = 2.0
    pattern: Pattern = "ball"

    def __post_init__(self) -> None:
        """Raises ValueError for what no encoder of the lab can do."""
        object.__setattr__(self, "fps", Fraction(self.fps).limit_denominator(1001))
        if not (1 <= self.fps <= 60 and 0 <= self.bframes <= 2 and self.gop >= 1 and self.seconds > 0):
            raise ValueError(f"fps must be 1 to 60, bframes 0 to 2, gop and seconds positive: {self}")

    @property
    def frames(self) -> int:
        """Number of frames: whole groups of pictures."""
        gops = -(-Fraction(self.seconds) * self.fps // self.gop)
        return max(1, int(gops)) * self.gop

    def as_json(self) -> dict[str, Any]:
        """Values that `from_json` takes back."""
        return asdict(self) | {"fps": str(self.fps)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError for unknown fields, ValueError for impossible values."""
        return replace(cls(), **(values | ({"fps": Fraction(values["fps"])} if "fps" in values else {})))


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One encoded frame: its NAL units, and `pts_frames`, its place in display order from the clip's start on."""

    nals: tuple[bytes, ...]
    pts_frames: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """Access units in decoding order. Key frames carry their parameter sets; there are no other SEI messages."""

    spec: ClipSpec
    access_units: tuple[AccessUnit, ...]

    @property
    def codec(self) -> Codec:
        """The codec of all access units."""
        return self.spec.codec

    @property
    def fps(self) -> Fraction:
        """Frames per second."""
        return self.spec.fps

    @property
    def reorder_frames(self) -> int:
        """By how many frame periods a frame is sent later than it was taken, so that none is sent before it was."""
        return max(unit.pts_frames - index for index, unit in enumerate(self.access_units))

    @property
    def parameter_sets(self) -> tuple[bytes, ...]:
        """SPS and PPS, in H.265 also the VPS, in the order VPS, SPS, PPS."""
        first = self.access_units[0].nals
        return tuple(n for kind in _PARAMETERS[self.codec] for n in first if nal_type(self.codec, n) == kind)

    @property
    def bitrate_kbps(self) -> float:
        """Bits of all NAL units by the clip's duration."""
        size_bytes = sum(len(nal) for unit in self.access_units for nal in unit.nals)
        return float(size_bytes * 8 * self.fps / len(self.access_units) / 1000)


def dump(clip: Clip) -> bytes:
    """A clip as bytes: one line of JSON (spec, sizes), then the NAL units one after the other."""
    units = [[unit.pts_frames, unit.is_key, [len(nal) for nal in unit.nals]] for unit in clip.access_units]
    head = json.dumps({"version": CLIP_VERSION, "spec": clip.spec.as_json(), "units": units})
    return head.encode() + b"\n" + b"".join(nal for unit in clip.access_units for nal in unit.nals)


def parse(data: bytes) -> Clip:
    """The clip that `dump` wrote. Raises ClipError when it is damaged or of another version."""
    line, _, body = data.partition(b"\n")
    try:
        head = json.loads(line)
        if head["version"] != CLIP_VERSION:
            raise ClipError(f"the clip is of version {head['version']}, not {CLIP_VERSION}")
        units = []
        at = 0
        for pts_frames, key, sizes in head["units"]:
            ends = [at + sum(sizes[: i + 1]) for i in range(len(sizes))]
            units.append(AccessUnit(tuple(body[e - s : e] for s, e in zip(sizes, ends, strict=True)), pts_frames, key))
            at += sum(sizes)
        clip = Clip(ClipSpec.from_json(head["spec"]), tuple(units))
    except (ValueError, KeyError, TypeError) as error:
        raise ClipError(f"not a clip: {error}") from error
    if at != len(body):
        raise ClipError(f"the clip is cut: {len(body)} bytes instead of {at}")
    return clip


def cache_folder() -> Path:
    """Where clips are kept: `$XDG_CACHE_HOME` or `~/.cache`, then `holdfast/lab`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "holdfast" / "lab"


def cached(spec: ClipSpec, folder: Path | None = None) -> Clip:
    """The clip for a spec, from the cache, or encoded in a subprocess and put there.

    Safe in parallel processes: two may encode the same clip, but a file appears only complete.
    Raises ClipError when the encoder fails.
    """
    folder = folder or cache_folder()
    text = json.dumps([CLIP_VERSION, spec.as_json()], sort_keys=True)
    path = folder / f"{spec.codec}-{spec.width}x{spec.height}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.clip"
    if path.exists():
        try:
            return parse(path.read_bytes())
        except ClipError:
            path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="encoding-") as scratch:
        fresh = Path(scratch) / "clip"
        _encode(spec, fresh)
        clip = parse(fresh.read_bytes())
        fresh.replace(path)
    return clip


def _encode(spec: ClipSpec, path: Path) -> None:
    """Run the encoder as its own process, so that this one never loads GStreamer."""
    command = [sys.executable, "-m", "holdfast.lab.encode", "--spec", json.dumps(spec.as_json()), "--to", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ENCODE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ClipError(f"the encoder did not finish in {_ENCODE_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise ClipError(f"the encoder failed: {done.stderr.strip()[-2000:]}")
