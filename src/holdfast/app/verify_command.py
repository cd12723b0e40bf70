"""The command `verify`: is an export still what was exported? It needs nothing but the export itself."""

import argparse
import contextlib
import json
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from holdfast.app.export_words import gap_words
from holdfast.app.folder import folder_of_recordings
from holdfast.app.gaps_command import length_words
from holdfast.app.language import say, translated
from holdfast.app.manifests import (
    FOLDER_NAME,
    MOST_BYTES,
    SUFFIX,
    Listed,
    Manifest,
    ManifestError,
    read_manifest,
    signature_of,
)
from holdfast.app.moments import local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import STATE_FOLDER
from holdfast.app.where import root_of
from holdfast.domain.secrets import one_line
from holdfast.domain.times import WallNs
from holdfast.storage.film_files import sha256_of
from holdfast.storage.signing import SIGNATURE_BYTES, KeyFileError, PublicKey, known_key, public_key

MOST_SHOWN_GAPS = 20
MOST_TRIED = 1000
_FINGERPRINT_LETTERS = 64
_MOST_KEY_BYTES = 64 << 10
_MOST_LETTERS = 300


class State(StrEnum):
    """What a file turned out to be."""

    WHOLE = "whole"
    CHANGED = "changed"
    MISSING = "missing"
    ADDITIONAL = "additional"


class Signature(StrEnum):
    """What a signature turned out to be."""

    GOOD = "good"
    """By the key that was asked for."""
    UNKNOWN_KEY = "unknown_key"
    """By a key of which nothing else is known."""
    OTHER_KEY = "other_key"
    """By another key than the one that was asked for."""
    BAD = "bad"
    MISSING = "missing"
    UNSIGNED = "unsigned"
    """It was made without one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found out."""

    manifest: Path
    said: Manifest
    files: tuple[tuple[str, State], ...]
    signature: Signature
    signed_by: PublicKey | None

    @property
    def is_good(self) -> bool:
        """Whether everything is as it was signed."""
        is_signed = self.signature in {Signature.GOOD, Signature.UNKNOWN_KEY, Signature.UNSIGNED}
        return is_signed and all(state is State.WHOLE for _, state in self.files)


def verify(options: argparse.Namespace) -> int:
    """`holdfast verify PATH [--key KEY | --in DIR]`; without PATH it shows the key of the recorder."""
    wanted = _wanted_key(options)
    if options.path is None:
        return _show_key(wanted)
    fingerprint = wanted.fingerprint if isinstance(wanted, PublicKey) else wanted
    verdict = _judged(options.path, fingerprint)
    if options.json:
        _print_json(verdict)
    else:
        print("\n".join(_lines(verdict)))
    return Exit.OK if verdict.is_good else Exit.INCOMPLETE


def _wanted_key(options: argparse.Namespace) -> PublicKey | str | None:
    """The key that must have signed, or its fingerprint; None: any. Raises Problem."""
    if options.root is not None or options.config is not None:
        if options.key is not None:
            raise Problem(Exit.USAGE, say("Name either a key (--key) or the recorder that has it (--in, --config)."))
        root = folder_of_recordings(root_of(options))
        with _key_problems(root / STATE_FOLDER):
            found = known_key(root / STATE_FOLDER)
        if found is None:
            raise Problem(Exit.INCOMPLETE, say("The recorder of {path} has no key yet: it never exported.", path=root))
        return found
    if options.key is None:
        return None
    letters = options.key.lower().removeprefix("sha256:").replace(":", "")
    if len(letters) == _FINGERPRINT_LETTERS and all(letter in "0123456789abcdef" for letter in letters):
        return str(letters)
    with _key_problems(Path(options.key)), Path(options.key).open("rb") as file:
        return public_key(file.read(_MOST_KEY_BYTES).decode("ascii", "replace"))


@contextlib.contextmanager
def _key_problems(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sentence = "{path} is no fingerprint (64 hexadecimal digits), and cannot be read as a file ({reason})."
        raise Problem(Exit.USAGE, say(sentence, path=path, reason=translated(error.strerror or str(error)))) from error
    except KeyFileError as error:
        raise Problem(Exit.USAGE, say("{path} holds no Ed25519 key in PEM form.", path=path)) from error


def _show_key(key: PublicKey | str | None) -> int:
    if not isinstance(key, PublicKey):
        raise Problem(Exit.USAGE, say("Name an exported file or the folder of an export; or a recorder with --in."))
    print(say("Fingerprint of the recorder's key: {fingerprint}", fingerprint=key.fingerprint))
    print(key.pem, end="")
    return Exit.OK


def _judged(path: Path, fingerprint: str | None) -> Verdict:
    manifest, only = _manifest_for(path)
    data = _read(manifest)
    try:
        said = read_manifest(data)
    except ManifestError as error:
        sentence = "{path} cannot be used: {reason}."
        raise Problem(Exit.INCOMPLETE, say(sentence, path=manifest, reason=translated(str(error)))) from error
    listed = [one for one in said.files if only is None or one.name == only]
    if not listed:
        raise Problem(Exit.INCOMPLETE, say("{path} is in no manifest beside it.", path=path))
    with _progress(sum(one.size_bytes for one in listed)) as tell:
        files = [(one.name, _state(manifest.parent / one.name, one, tell)) for one in listed]
    if manifest.name == FOLDER_NAME and only is None:
        files += [(name, State.ADDITIONAL) for name in _additional(manifest, said)]
    signature, key = _signature(said, data, signature_of(manifest), fingerprint)
    return Verdict(manifest, said, tuple(files), signature, key)


def _manifest_for(path: Path) -> tuple[Path, str | None]:
    """The manifest of what was named, and the one file of it that counts; None: all. Raises Problem."""
    if path.is_dir():
        if (path / FOLDER_NAME).is_file():
            return path / FOLDER_NAME, None
        raise Problem(
            Exit.INCOMPLETE,
            say("{path} has no manifest (manifest.json): it is not the folder of an export.", path=path),
        )
    if path.name == FOLDER_NAME or path.name.endswith(SUFFIX):
        return path, None
    own = path.with_name(path.name + SUFFIX)
    if own.is_file():
        return own, None
    for manifest in _manifests_beside(path):
        if path.name in _names_in(manifest):
            return manifest, path.name
    sentence = "There is no manifest of {path} beside it. It belongs to the export: get it from where the file is from."
    raise Problem(Exit.INCOMPLETE, say(sentence, path=path))


def _manifests_beside(path: Path) -> list[Path]:
    try:
        found = [path.parent / FOLDER_NAME, *sorted(path.parent.glob(f"*{SUFFIX}"))[:MOST_TRIED]]
        return [place for place in found if place.is_file()]
    except OSError:
        return []


def _names_in(manifest: Path) -> set[str]:
    """The files that it lists; none when it is none."""
    with contextlib.suppress(ManifestError, Problem):
        return {one.name for one in read_manifest(_read(manifest)).files}
    return set()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = translated(error.strerror or str(error))
        raise Problem(Exit.FOLDER, say("{path} cannot be read ({reason}).", path=path, reason=reason)) from error
    if len(data) > MOST_BYTES:
        raise Problem(Exit.INCOMPLETE, say("{path} is too large to be a manifest.", path=path))
    return data


def _state(path: Path, listed: Listed, tell: Callable[[int], None]) -> State:
    try:
        status = path.lstat()
    except OSError:
        return State.MISSING
    # Not what a link leads to: that may be another one tomorrow.
    if not stat.S_ISREG(status.st_mode) or status.st_size != listed.size_bytes:
        return State.CHANGED
    try:
        return State.WHOLE if sha256_of(path, tell).sha256 == listed.sha256 else State.CHANGED
    except OSError as error:
        reason = translated(error.strerror or str(error))
        raise Problem(Exit.FOLDER, say("{path} cannot be read ({reason}).", path=path, reason=reason)) from error


def _additional(manifest: Path, said: Manifest) -> list[str]:
    known = {one.name for one in said.files} | {manifest.name, signature_of(manifest).name}
    return sorted(entry.name for entry in manifest.parent.iterdir() if entry.name not in known)


def _signature(said: Manifest, data: bytes, place: Path, fingerprint: str | None) -> tuple[Signature, PublicKey | None]:
    try:
        with place.open("rb") as file:
            signature = file.read(SIGNATURE_BYTES + 1)
    except OSError:
        return (Signature.MISSING if said.pem or fingerprint else Signature.UNSIGNED), None
    try:
        key = public_key(said.pem)
    except KeyFileError:
        return Signature.BAD, None
    if not key.has_signed(data, signature):
        return Signature.BAD, key
    if fingerprint is None:
        return Signature.UNKNOWN_KEY, key
    return (Signature.GOOD if key.fingerprint == fingerprint else Signature.OTHER_KEY), key


@contextlib.contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Verifying"), total=total_bytes)
        yield lambda more: bar.update(task, advance=more)


STATES = {
    State.WHOLE: "whole",
    State.CHANGED: "CHANGED",
    State.MISSING: "MISSING",
    State.ADDITIONAL: "ADDITIONAL",
}
SIGNATURES = {
    Signature.GOOD: "The signature is good, and by the key that was asked for: this is what that recorder exported.",
    Signature.UNKNOWN_KEY: (
        "The signature fits. That proves only that nothing changed since somebody signed it with this key; it does not "
        "prove whose key it is. Ask the owner of the recorder for its fingerprint, and compare, or name it: --key"
    ),
    Signature.OTHER_KEY: "The signature is by ANOTHER key than the one that was asked for.",
    Signature.BAD: "The signature does NOT fit: the manifest is not what was signed.",
    Signature.MISSING: "The signature is MISSING: the manifest may have been changed.",
    Signature.UNSIGNED: (
        "The export is not signed: the files fit the manifest, and nobody vouches for the manifest itself."
    ),
}


def _lines(verdict: Verdict) -> Iterator[str]:
    values = verdict.said.values
    yield say("Manifest: {path}", path=verdict.manifest)
    yield from _about(values)
    for name, state in verdict.files:
        yield f"  {say(STATES[state])}: {one_line(name, _MOST_LETTERS)}"
    yield from _gaps(values.get("gaps"))
    if verdict.signed_by is not None:
        yield say("Key: {fingerprint}", fingerprint=verdict.signed_by.fingerprint)
        yield verdict.signed_by.pem.rstrip()
    yield say(SIGNATURES[verdict.signature])
    counts = {state: sum(found is state for _, found in verdict.files) for state in State}
    yield say(
        "Whole: {whole}. Changed: {changed}. Missing: {missing}. Additional: {additional}.",
        whole=counts[State.WHOLE],
        changed=counts[State.CHANGED],
        missing=counts[State.MISSING],
        additional=counts[State.ADDITIONAL],
    )


def _about(values: dict[str, Any]) -> Iterator[str]:
    """What the manifest says of itself. Nothing in it is believed to have the form that it should."""
    cameras, span, recorder = (values.get(key) for key in ("cameras", "range", "recorder"))
    if isinstance(cameras, list) and isinstance(span, dict):
        names = one_line(", ".join(map(str, cameras)), _MOST_LETTERS)
        from_, to = (one_line(str(span.get(key)), _MOST_LETTERS) for key in ("from", "to"))
        yield say("Footage of {names}, from {from_} to {to}", names=names, from_=from_, to=to)
    created, tool = (one_line(str(values.get(key)), _MOST_LETTERS) for key in ("created", "tool"))
    number = one_line(str(recorder.get("id")), _MOST_LETTERS) if isinstance(recorder, dict) else "-"
    yield say("Exported {created} by {tool}, recorder {number}", created=created, tool=tool, number=number)


def _gaps(gaps: object) -> Iterator[str]:
    if not isinstance(gaps, list) or not gaps:
        return
    yield say("Missing in the range, by what the recorder knew then: {count}", count=len(gaps))
    for gap in gaps[:MOST_SHOWN_GAPS]:
        match gap:
            case {"from_ns": int(begin), "to_ns": int(end), "cause": str(cause), "sentence": str(said)}:
                words = one_line(gap_words(cause, said), _MOST_LETTERS)
                yield f"  {_moment(begin)}  {length_words(end - begin)}  {words}"
            case _:
                yield "  ?"


def _moment(wall_ns: int) -> str:
    try:
        return local(WallNs(wall_ns))
    except (ValueError, OverflowError, OSError):
        return "?"


def _print_json(verdict: Verdict) -> None:
    for name, state in verdict.files:
        print(json.dumps({"file": name, "state": str(state)}, ensure_ascii=False))
    key = verdict.signed_by
    line: dict[str, Any] = {"manifest": str(verdict.manifest), "signature": str(verdict.signature)}
    line |= {"fingerprint": None if key is None else key.fingerprint, "is_good": verdict.is_good}
    print(json.dumps(line, ensure_ascii=False))
