"""The manifest of an export: what was exported, from where, what is missing, and the SHA-256 of every file.

Canonical JSON: keys sorted, no spaces, UTF-8, no fractions; so the same facts are the same bytes. Whoever reads one
believes nothing of it before it is parsed here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.app.export_plan import Found, Planned
from holdfast.app.moments import iso
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.exporting import Missing, Placed, place_of
from holdfast.storage.film_files import Written

FORMAT = "holdfast-export"
VERSION = 1
FOLDER_NAME = "manifest.json"
SUFFIX = ".manifest.json"
SIGNATURE_SUFFIX = ".sig"
MOST_BYTES = 256 << 20
_HEX = frozenset("0123456789abcdef")
_DIGEST_LETTERS = 64


class ManifestError(ValueError):
    """A file is no manifest; the text says why, in English."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a manifest lists it."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was read from one. `values` is all of it, `pem` the key that it names; empty when it is not signed."""

    values: dict[str, Any]
    files: tuple[Listed, ...]
    pem: str


def canonical(values: dict[str, Any]) -> bytes:
    """The bytes of a manifest."""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def described(
    found: Sequence[tuple[Found, Sequence[Missing]]],
    files: Sequence[tuple[str, Planned, Written]],
    *,
    recorder: dict[str, str],
    form: str,
    now_ns: WallNs,
) -> dict[str, Any]:
    """All that is to be said. `found`: every stream that was asked for, with what is missing of it."""
    wanted = found[0][0].wanted
    return {
        "format": FORMAT,
        "version": VERSION,
        "tool": f"holdfast {__version__}",
        "recorder": recorder,
        "created": iso(now_ns),
        "created_ns": now_ns,
        "range": _span(wanted.from_ns, wanted.to_ns),
        "cameras": [one.wanted.camera for one, _ in found],
        "stream": wanted.stream,
        "files": [_file(name, planned, written, form) for name, planned, written in files],
        "gaps": [
            _gap(one.wanted.camera, gap, [(n, p) for n, p, _ in files if p.wanted == one.wanted])
            for one, missing in found
            for gap in missing
        ],
    }


def _span(from_ns: int, to_ns: int) -> dict[str, Any]:
    begin, end = WallNs(from_ns), WallNs(to_ns)
    return {"from": iso(begin), "to": iso(end), "from_ns": begin, "to_ns": end}


def _file(name: str, planned: Planned, written: Written, form: str) -> dict[str, Any]:
    film, video = planned.film, planned.film.video.track
    return {
        "name": name,
        "camera": planned.wanted.camera,
        "stream": planned.wanted.stream,
        "form": form,
        "size_bytes": written.size_bytes,
        "sha256": written.sha256,
        "codec": video.codec,
        "width": video.width,
        "height": video.height,
        "sound": "" if film.sound is None else film.sound.track.codec,
        "frames": sum(take.shown.shown for take in planned.takes),
        "duration_ns": film.length * NS_PER_S // film.timescale,
        "pieces": [_piece(planned, number) for number in range(len(planned.takes))],
    }


def _piece(planned: Planned, number: int) -> dict[str, Any]:
    take, placed = planned.takes[number], placed_of(planned)[number]
    record = take.record
    return {
        **_span(placed.from_ns, placed.to_ns),
        "at_ns": placed.at_ns,
        "frames": take.shown.shown,
        "hidden_frames": take.shown.hidden_before + take.shown.hidden_after,
        "damaged_bytes": take.media.damaged_bytes,
        "segment": {
            "volume": record.volume,
            "path": record.path,
            "run": record.run_id,
            "session": record.session,
            "ordinal": record.ordinal,
            "state": str(record.state),
        },
    }


def placed_of(planned: Planned) -> list[Placed]:
    """When each piece was taken, and where in the film it is."""
    starts, scale = planned.film.starts, planned.film.timescale
    return [
        Placed(from_ns=WallNs(take.span[0]), to_ns=WallNs(take.span[1]), at_ns=start * NS_PER_S // scale)
        for take, start in zip(planned.takes, starts, strict=True)
    ]


def _gap(camera: str, gap: Missing, files: Iterable[tuple[str, Planned]]) -> dict[str, Any]:
    """With the file in which it lies, and where: the last that begins before it, else the first."""
    place: dict[str, Any] = {}
    for name, planned in files:
        placed = placed_of(planned)
        if not place or placed[0].from_ns <= gap.from_ns:
            place = {"file": name, "at_ns": place_of(gap.from_ns, placed)}
    said = {"cause": gap.cause, "sentence": gap.sentence, "text": gap.text, "camera": camera}
    return {**said, **_span(gap.from_ns, gap.to_ns), **place}


def read_manifest(data: bytes) -> Manifest:
    """What a manifest says. Raises ManifestError."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ManifestError("it is no JSON") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ManifestError("it is not the manifest of an export")
    if values.get("version") != VERSION:
        raise ManifestError("it was made by a newer release of Holdfast")
    files = values.get("files")
    if not isinstance(files, list) or not files:
        raise ManifestError("it lists no files")
    listed = tuple(map(_listed, files))
    if len({one.name for one in listed}) < len(listed):
        raise ManifestError("it lists a file twice")
    recorder = values.get("recorder")
    pem = recorder.get("public_key", "") if isinstance(recorder, dict) else ""
    return Manifest(values, listed, pem if isinstance(pem, str) else "")


def _listed(value: object) -> Listed:
    match value:
        case {"name": str(name), "size_bytes": int(size), "sha256": str(digest)} if (
            _is_plain(name) and size >= 0 and len(digest) == _DIGEST_LETTERS and set(digest) <= _HEX
        ):
            return Listed(name, size, digest)
        case _:
            raise ManifestError("it lists a file in a way that cannot be used")


def _is_plain(name: str) -> bool:
    """Whether it is a name in the same folder, and nothing else."""
    return bool(name) and name not in {".", ".."} and not set(name) & {"/", "\0"} and name.isprintable()


def manifest_of(target: Path) -> Path:
    """Where the manifest of an export is: of a folder in it, of a file beside it."""
    return target / FOLDER_NAME if target.is_dir() else target.with_name(target.name + SUFFIX)


def signature_of(manifest: Path) -> Path:
    """Where the signature of a manifest is."""
    return manifest.with_name(manifest.name + SIGNATURE_SUFFIX)
