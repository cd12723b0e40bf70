"""The process that makes thumbnails: `python -m holdfast.app.thumbnail_process`.

It parses whatever is on a disk and decodes whatever a camera sent. So it has limits of time and memory, may write no
file, and may be killed at any moment: who started it asks another one then. Reads requests from its input and answers
on its output, a line of JSON each, which says in `jpeg_bytes` how many bytes of a picture come behind it. It ends with
its input, and by itself when nobody has asked for anything for a while.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
from typing import IO

from holdfast.fmp4 import Fmp4Error, KeyFrame, decoder_of
from holdfast.media.stills import Coded, NoStill, still
from holdfast.storage.key_frame_files import KeyFrameFiles, NoKeyFrame, Wanted
from holdfast.storage.marker import MarkerError

MEMORY_BYTES = 1 << 30
"""Of address space; 150 MB are the libraries, a picture of 8192×8192 takes 300 MB."""
CPU_S = 8
"""For one request."""
MOST_FILES = 64
IDLE_S = 120.0
PR_SET_NO_NEW_PRIVS = 38


def answer(request: dict[str, object], files: KeyFrameFiles) -> tuple[dict[str, object], bytes]:
    """Do what is asked; what came of it and its bytes, or `error`: a sentence."""
    path = str(request["path"])
    try:
        before = files.read_bytes
        wanted = _wanted(request)
        if request["do"] == "find":
            found = files.find(wanted)
            said: dict[str, object] = {
                "begin_ns": found.begin_ns,
                "next_ns": found.next_ns,
                "end_ns": found.end_ns,
                "offset": found.offset,
                "size_bytes": found.size_bytes,
            }
            return said | {"read_bytes": files.read_bytes - before}, b""
        header, data = files.sample(wanted, KeyFrame(0, None, _int(request["offset"]), _int(request["size_bytes"])))
        codec, configuration, pixel = decoder_of(header.video.sample_entry)
        made = still(Coded(codec, configuration, data, pixel, header.video.turned), _int(request["width"]))
    except OSError as error:
        return {"error": f"{path} cannot be read ({error.strerror or error})"}, b""
    except (NoKeyFrame, Fmp4Error, MarkerError, NoStill) as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": "it takes more memory than it may"}, b""
    return {"width": made.width, "height": made.height, "read_bytes": files.read_bytes - before}, made.jpeg


def _wanted(request: dict[str, object]) -> Wanted:
    roots, keep = request["roots"], request["keep_bytes"]
    assert isinstance(roots, list)
    return Wanted(
        roots=tuple(map(str, roots)),
        volume_id=str(request["volume_id"]),
        path=str(request["path"]),
        at_ns=_int(request.get("at_ns", 0)),
        keep_bytes=None if keep is None else _int(keep),
    )


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def limit_process() -> None:
    """Take away what it does not need. A limit that this system does not know is no reason not to begin."""
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
    ):
        _, hard = resource.getrlimit(what)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def _limit_cpu() -> None:
    """From now on: the kernel kills what takes longer, whatever it is doing."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until_s = int(used.ru_utime + used.ru_stime) + CPU_S
    soft = until_s if hard == resource.RLIM_INFINITY else min(until_s, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def serve(asking: IO[bytes], answering: IO[bytes], idle_s: float) -> None:
    """Until the input ends, or nothing is asked for so long. Who asks waits for the answer before asking again."""
    files = KeyFrameFiles()
    while select.select([asking], [], [], idle_s)[0]:
        line = asking.readline()
        if not line:
            return
        _limit_cpu()
        said, data = answer(json.loads(line), files)
        answering.write(json.dumps(said | {"jpeg_bytes": len(data)}).encode() + b"\n" + data)
        answering.flush()


def main() -> None:
    """Entry point."""
    limit_process()
    serve(sys.stdin.buffer, sys.stdout.buffer, IDLE_S)


if __name__ == "__main__":
    main()
