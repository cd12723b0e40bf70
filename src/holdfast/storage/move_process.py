"""The process that moves files between volumes: `python -m holdfast.storage.move_process`.

Reads requests from its input and answers on its output, a line of JSON each. It may be killed at any time: a file that
it was busy with goes on where it was. A disk that hangs holds up only this process.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from holdfast.storage.errors import fault_of
from holdfast.storage.holds_file import keep_text, read_text
from holdfast.storage.marker import MarkerError, read_marker
from holdfast.storage.moving import MoveError, bring, pace_of, remove

PR_SET_PDEATHSIG = 1
TELL_EVERY_S = 1.0
Request = dict[str, str | int]


def answer(request: Request, tell: Callable[[dict[str, object]], None]) -> dict[str, object]:
    """Do what is asked; what came of it, or `error`: a sentence."""
    root = str(request["root"])
    try:
        if request["do"] == "remove":
            with at_volume(root, str(request["volume_id"])) as folder:
                remove(folder, str(request["path"]))
                return {"removed": request["path"], "free_bytes": _free_bytes(folder)}
        if request["do"] in OF_ONE_VOLUME:
            with at_volume(root, str(request["volume_id"])) as folder:
                return OF_ONE_VOLUME[str(request["do"])](folder, request)
        source_root = str(request["source_root"])
        with (
            at_volume(source_root, str(request["source_id"])) as source,
            at_volume(root, str(request["volume_id"])) as folder,
        ):
            pace = telling(pace_of(float(request["bytes_per_s"])), tell)
            path = str(request["path"])
            moved = bring(source / path, folder, path, pace, f"{request['source_id']}/{path}")
    except OSError as error:
        return {"error": fault_of(error, Path(error.filename or root))[1]}
    except (MoveError, MarkerError) as error:
        return {"error": str(error)}
    return {"path": moved.path, "size_bytes": moved.size_bytes, "sha256": moved.sha256}


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _space(folder: Path, _request: Request) -> dict[str, object]:
    found = os.statvfs(folder)
    return {"free_bytes": found.f_bavail * found.f_frsize, "total_bytes": found.f_blocks * found.f_frsize}


def _read_holds(folder: Path, _request: Request) -> dict[str, object]:
    return {"text": read_text(folder)}


def _keep_holds(folder: Path, request: Request) -> dict[str, object]:
    keep_text(folder, str(request["text"]))
    return {"kept": True}


OF_ONE_VOLUME: Mapping[str, Callable[[Path, Request], dict[str, object]]] = {
    "space": _space,
    "read_holds": _read_holds,
    "keep_holds": _keep_holds,
}


@contextlib.contextmanager
def at_volume(root: str, volume_id: str) -> Iterator[Path]:
    """The volume's folder by a name that leads to this very file system, whatever is mounted or unmounted meanwhile.

    Raises MoveError, MarkerError, OSError.
    """
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = read_marker(fd)
        if found is None or found.volume_id != volume_id:
            raise MoveError(f"at {root} there is not the volume that belongs there")
        place = f"/proc/self/fd/{fd}"
        try:
            yield Path(place)
        except OSError as error:
            # People know it by another name.
            if isinstance(error.filename, str):
                error.filename = error.filename.replace(place, root, 1)
            raise
        except MoveError as error:
            raise type(error)(str(error).replace(f"{place}/", f"{root}/", 1)) from error
    finally:
        os.close(fd)


def telling(pace: Callable[[int], None], tell: Callable[[dict[str, object]], None]) -> Callable[[int], None]:
    """Go at this pace, and tell about once a second how many bytes were read and written."""
    done, told_s = 0, time.monotonic()

    def paced(size_bytes: int) -> None:
        nonlocal done, told_s
        pace(size_bytes)
        done += size_bytes
        if time.monotonic() - told_s >= TELL_EVERY_S:
            told_s = time.monotonic()
            tell({"at_bytes": done})

    return paced


def main() -> None:
    """Entry point."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)

    def tell(said: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()

    for line in sys.stdin:
        tell(answer(json.loads(line), tell))


if __name__ == "__main__":
    main()
