"""Volumes as people name them: from options and settings to what the policy and the recorder need."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from holdfast.app.folder import usable_folder
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.config.settings import StorageSettings, VolumeSettings
from holdfast.config.volumes import MOST_VOLUMES, place_of, usual_name
from holdfast.policy.volume_events import VolumeRules
from holdfast.policy.volume_places import Place, objection
from holdfast.ports.catalog import CatalogError, CatalogMissingError

LOOK_COMMAND = (sys.executable, "-m", "holdfast.storage.look")
LOOK_PATIENCE_S = 5.0
"""A disk that does not answer within it is left to the recorder, which waits for it as long as need be."""
MIN_MEMORY_BYTES = 16 << 20
MIN_HANG_S, MAX_HANG_S = 2.0, 600.0


def volumes_from(options: argparse.Namespace) -> tuple[VolumeSettings, ...]:
    """The volumes of `--to`, in order of preference. Raises Problem."""
    if len(options.to) > MOST_VOLUMES:
        raise Problem(Exit.USAGE, say("There are more than {most} volumes (--to).", most=MOST_VOLUMES))
    return tuple(VolumeSettings(path, usual_name(number)) for number, path in enumerate(options.to, 1))


def storage_from(options: argparse.Namespace) -> StorageSettings:
    """What holds for all volumes. Raises Problem."""
    if options.memory is not None and options.memory < MIN_MEMORY_BYTES:
        raise Problem(Exit.USAGE, say("--memory must be at least 16M."))
    if not MIN_HANG_S <= options.hang_after <= MAX_HANG_S:
        raise Problem(Exit.USAGE, say("--hang-after must be between 2s and 10m."))
    return StorageSettings(state=options.state, memory_bytes=options.memory, hang_after_s=options.hang_after)


def rules_from(storage: StorageSettings) -> VolumeRules:
    """What the policy of volumes is told. Memory that nobody limited does not make a volume too small."""
    return VolumeRules(
        hang_after_s=storage.hang_after_s,
        reserve_bytes=storage.reserve_bytes,
        memory_bytes=storage.memory_bytes,
        retry_every_s=storage.retry_every_s,
        retries=storage.retries,
    )


def state_place(volumes: Sequence[VolumeSettings], storage: StorageSettings) -> Path | None:
    """The folder of the catalog when it lies in none of the volumes; None when it lies in the only one."""
    if storage.state is not None:
        return storage.state
    if len(volumes) == 1 and catalog_path(volumes[0].path).exists():
        return None
    if len(volumes) == 1 and not os.environ.get("STATE_DIRECTORY"):
        return None
    return default_state()


def default_state() -> Path:
    """Where the catalog lies when nobody says anything else and there are several volumes."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        # systemd.exec(5): of a service with StateDirectory=.
        return Path(given)
    return Path("/var/lib/holdfast") if os.geteuid() == 0 else Path.home() / ".local" / "state" / "holdfast"


def root_of_state(volumes: Sequence[VolumeSettings], storage: StorageSettings) -> Path:
    """The folder of the catalog, tried by writing to it. Raises Problem."""
    state = state_place(volumes, storage)
    if state is None:
        return usable_folder(volumes[0].path)
    with contextlib.suppress(OSError):
        state.parent.mkdir(parents=True, exist_ok=True)
    return usable_folder(state)


def known_volumes(root: Path) -> Collection[str] | None:
    """Names of the volumes that were used before; None when that is not known."""
    try:
        return [volume.name for volume in CatalogReader(catalog_path(root)).volumes()]
    except CatalogMissingError:
        return ()
    except CatalogError:
        return None


def check_volumes(
    volumes: Sequence[VolumeSettings], memory_bytes: int | None, *, known: Collection[str] | None, recorder: str = ""
) -> None:
    """Refuse volumes that cannot be used beside one another, as far as that can be seen. Raises Problem.

    `known`: names of those that were used before; where such a one has no marker, it is not mounted, and nothing is
    said about the disk below. None: it is not known which, and only those with a marker are compared. `memory_bytes`:
    the limit that somebody set. `recorder`: the id of ours, when somebody is there who can be told of a volume of
    another one; a service begins without it, and says so.
    """
    if len(volumes) == 1 and memory_bytes is None and not recorder:
        return
    places: list[Place] = []
    for volume, seen in zip(volumes, looked_at(volumes), strict=True):
        if seen.get("is_file"):
            raise Problem(Exit.FOLDER, say("{path} is a file, not a folder. Choose another place.", path=volume.path))
        if recorder and seen.get("recorder_id") not in {None, "", recorder}:
            raise Problem(
                Exit.FOLDER,
                say(
                    "{path} is a volume of another recorder. Choose another folder, or take it over: holdfast adopt",
                    path=volume.path,
                ),
            )
        is_there = bool(seen.get("is_marked")) or (known is not None and volume.name not in known)
        place = _place(volume, seen, is_there=is_there)
        sentence = objection(place, places, memory_bytes)
        if sentence is not None:
            raise Problem(Exit.FOLDER, translated(sentence))
        places.append(place)


def _place(volume: VolumeSettings, seen: dict[str, object], *, is_there: bool) -> Place:
    path, device, total_bytes = seen.get("path"), seen.get("device"), seen.get("total_bytes")
    place = place_of(volume)
    if not isinstance(path, str) or not isinstance(device, str) or not isinstance(total_bytes, int):
        return place
    return Place(place.name, path, device, total_bytes) if is_there else Place(place.name, path)


def looked_at(volumes: Sequence[VolumeSettings]) -> list[dict[str, object]]:
    """What there is at each volume; nothing of one whose disk does not answer."""
    looks = [
        subprocess.Popen(
            [*LOOK_COMMAND, str(volume.path.absolute())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for volume in volumes
    ]
    deadline_s = time.monotonic() + LOOK_PATIENCE_S
    return [_answer(look, max(0.0, deadline_s - time.monotonic())) for look in looks]


def _answer(look: "subprocess.Popen[bytes]", patience_s: float) -> dict[str, object]:
    try:
        said = json.loads(look.communicate(timeout=patience_s)[0])
    except subprocess.TimeoutExpired:
        # It may be in a wait that not even this ends: it is not waited for.
        look.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            look.communicate(timeout=1.0)
        return {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
