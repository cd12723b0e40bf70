"""A process of a volume that behaves in some way: `odd_process.py BEHAVIOUR FD`.

`slow`, `broken`: the real one, whose data syncs wait while the volume has a file `hold`, or fail while it has one
`broken`. The others answer to nothing that they are told.
"""

import errno
import os
import socket
import sys
import time

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import AppendData, FinishSegment, SegmentFailed
from holdfast.storage import volume_process
from holdfast.storage.volume_wire import HEAD, TEXT, encode_answer, encode_order

REAL_SYNC = os.fdatasync


def slow_sync(fd: int) -> None:
    while os.path.exists("hold"):  # noqa: PTH110 - relative to the volume, as everything in this process
        time.sleep(0.01)
    REAL_SYNC(fd)


def broken_sync(fd: int) -> None:
    if os.path.exists("broken"):  # noqa: PTH110
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    REAL_SYNC(fd)


NONSENSE = {
    "noise": b"\0" * 100,
    "footage": b"".join(encode_order(AppendData(1, b"x", 1))),
    "an order": b"".join(encode_order(FinishSegment(1, b"", 0, b""))),
    "no message": HEAD.pack(TEXT, 2, 0, 0) + b"{}",
    "endless": HEAD.pack(TEXT, 1 << 30, 0, 0),
    "half": encode_answer(SegmentFailed(1, FaultKind.DISK_FULL, "", ""))[:-3],
}


def main() -> None:
    behaviour, number = sys.argv[1], sys.argv.pop()
    if behaviour in {"slow", "broken"}:
        vars(os)["fdatasync"] = slow_sync if behaviour == "slow" else broken_sync
        sys.argv[1] = number
        volume_process.main()
    control = socket.socket(fileno=int(number))
    control.recv(1)
    if behaviour == "dies":
        sys.stderr.write("cannot go on\n")
        sys.exit(3)
    if behaviour in NONSENSE:
        control.sendall(NONSENSE[behaviour])
    if behaviour == "half":
        sys.exit(0)
    if behaviour == "mute":
        control.shutdown(socket.SHUT_RDWR)
        control.close()
    time.sleep(120)


if __name__ == "__main__":
    main()
