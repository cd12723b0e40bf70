"""The process of a volume: `python -m holdfast.storage.volume_process FD`, with one end of a stream socket pair.

Whatever touches the volume happens here, so that a disk that does not answer holds nothing but this process. It
obeys the orders of `ports.volumes` and ends when the socket is closed: in order when the recorder only said that no
more orders come, and else within `DRAIN_S`, whatever the disk does. It may be killed at any time.

It reads only what it carries out at once. While the disk does not take a write, orders wait in the socket and, when
that is full, in the recorder: as the very bytes that its ring holds until they are synced. Read ahead they would be
a second copy, and out of reach for the recorder that has to decide what happens to them.
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path

from holdfast.domain.volumes import VolumeState
from holdfast.ports.volumes import OpenVolume, VolumeReady, VolumeRefused, VolumeSeen
from holdfast.storage.errors import fault_of, volume_state_of
from holdfast.storage.hands import HASTE_S, Hands
from holdfast.storage.identity import VolumeError
from holdfast.storage.volume_files import VolumeFiles
from holdfast.storage.volume_opening import opened, refuses_data, space_of
from holdfast.storage.volume_wire import (
    HEAD,
    ProcessAnswer,
    ProcessOrder,
    WireError,
    decode_order,
    encode_answer,
    length_of,
)

SYNC_EVERY_S, SYNC_LEAST_S = 0.95, 0.5
"""As seldom as a power cut that costs two seconds allows, because each sync costs processor time: nearly a second is on
its way here, in the muxer and the sockets. A disk whose syncs take long is synced more often by twice that time."""
SEEN_EVERY_S = 1.0
GATHER_S = 0.01
"""Where there is one order there are more: they are carried out together, and answered together."""
AT_LEAST_S = 0.05
"""For so long orders are carried out even when something else is due."""
DRAIN_S = 1.0
"""How long the process may outlive its recorder, to write what that still sent."""
BUFFER_BYTES = 1 << 20
PR_SET_PDEATHSIG = 1
EXIT_DISOBEYED, EXIT_BUG, EXIT_LEFT_ALONE = 70, 71, 72


class OrderReader:
    """Reads orders one by one into one buffer; never waits."""

    def __init__(self, control: socket.socket) -> None:
        """Nothing was read yet."""
        self._control = control
        self._head = bytearray(HEAD.size)
        self._body = memoryview(bytearray(BUFFER_BYTES))
        self._begin()

    def _begin(self) -> None:
        self._into = memoryview(self._head)
        self._got = 0
        self._is_head = True

    @property
    def is_within(self) -> bool:
        """Whether an order has come in part: the rest is on its way."""
        return self._got > 0 or not self._is_head

    def next(self) -> ProcessOrder | None:
        """The next order; None when it is not there yet. Its footage is a view that the next call overwrites.

        Raises EOFError at the end, and WireError.
        """
        while True:
            while self._got < len(self._into):
                try:
                    got = self._control.recv_into(self._into[self._got :], 0, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return None
                except ConnectionError as error:
                    raise EOFError from error
                if not got:
                    raise EOFError
                self._got += got
            if not self._is_head:
                order = decode_order(bytes(self._head), self._into)
                self._begin()
                return order
            self._begin_body(length_of(bytes(self._head)))

    def _begin_body(self, length: int) -> None:
        self._into = self._body[:length] if length <= BUFFER_BYTES else memoryview(bytearray(length))
        self._got = 0
        self._is_head = False


class VolumeProcess:
    """Serves one volume."""

    def __init__(self, control: socket.socket) -> None:
        """Nothing is done before the first order."""
        self._control = control
        self._reader = OrderReader(control)
        self._hands = Hands()
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._rest = select.poll()
        self._rest.register(control, select.POLLIN)
        self._is_last = False
        """No more orders come."""
        self._sync_every_s = SYNC_LEAST_S

    def run(self) -> None:
        """Open the volume, obey, end. Raises WireError."""
        found = self._open()
        if found is None:
            return
        root, ready = found
        files = VolumeFiles(Path(), self._hands.run, shown=root)
        files.is_refused = bool(ready.full)
        self._poll.register(self._hands.wake_fd, select.POLLIN)
        next_sync_s = next_seen_s = time.monotonic() + SYNC_LEAST_S
        while not self._is_last:
            self._turn(files, min(next_sync_s, next_seen_s))
            if time.monotonic() >= next_sync_s:
                files.sync()
                files.cut_again()
                next_sync_s = max(next_sync_s + self._sync_every_s, time.monotonic())
            if time.monotonic() >= next_seen_s:
                self._tell_space(root, files)
                next_seen_s = max(next_seen_s + SEEN_EVERY_S, time.monotonic())
            self._tell(*files.take_answers())
        self._end(files)

    def _open(self) -> tuple[Path, VolumeReady] | None:
        """Try until the volume could be opened: its folder, what was found. None when nobody wants it any more."""
        while True:
            self._poll.poll()
            try:
                order = self._reader.next()
            except EOFError:
                return None
            if order is None:
                continue
            if not isinstance(order, OpenVolume):
                raise WireError(f"{type(order).__name__} comes before the volume is open")
            answer = opened(order)
            self._tell(answer)
            if isinstance(answer, VolumeReady):
                return Path(order.root), answer

    def _turn(self, files: VolumeFiles, until_s: float) -> None:
        """Wait for something to do, and do it; come back in time."""
        wait_s = min(until_s, self._hands.hurry_at_s) - time.monotonic()
        ready = dict(self._poll.poll(max(0.0, wait_s) * 1000))
        if ready:
            time.sleep(GATHER_S)
        if self._control.fileno() in ready:
            self._obey(files, max(until_s, time.monotonic() + AT_LEAST_S))
        self._collect(files)
        self._hands.hurry()

    def _obey(self, files: VolumeFiles, until_s: float) -> None:
        """Carry out what has come, and what is on its way, within this time."""
        try:
            while time.monotonic() < until_s:
                order = self._reader.next()
                if isinstance(order, OpenVolume):
                    raise WireError("the volume is open already")
                if order is not None:
                    files.obey(order)
                elif not self._reader.is_within or not self._rest.poll(max(0.0, until_s - time.monotonic()) * 1000):
                    break
        except EOFError:
            self._is_last = True
            self._poll.unregister(self._control)

    def _collect(self, files: VolumeFiles) -> None:
        for key, outcome in self._hands.collect():
            files.ended(key, outcome)

    def _end(self, files: VolumeFiles) -> None:
        """Bring everything to the disk, whatever time that takes: who has no more patience kills."""
        files.cut_again()
        files.sync()
        while files.is_busy:
            self._poll.poll(HASTE_S * 1000)
            self._collect(files)
            self._hands.hurry()
            files.sync()
            self._tell(*files.take_answers())
        self._tell(*files.take_answers())
        files.close()

    def _tell_space(self, root: Path, files: VolumeFiles) -> None:
        try:
            space = space_of(Path())
            files.is_refused = files.is_refused and refuses_data(root)
        except VolumeError as error:
            self._tell(VolumeRefused(error.state, error.sentence))
        except OSError as error:
            self._tell(VolumeRefused(volume_state_of(error) or VolumeState.REFUSED, fault_of(error, root)[1]))
        else:
            slowest_s = files.pace.slowest_s()
            self._sync_every_s = max(SYNC_LEAST_S, SYNC_EVERY_S - 2 * slowest_s)
            self._tell(VolumeSeen(space.free_bytes, space.total_bytes, slowest_s, files.is_refused))

    def _tell(self, *answers: ProcessAnswer) -> None:
        with contextlib.suppress(OSError):
            # When nobody listens any more, what was ordered is carried out all the same.
            self._control.sendall(b"".join(map(encode_answer, answers)))


def _end_without_recorder(control: socket.socket) -> None:
    """Soon after the recorder is gone, end, whatever this process waits for: the next recorder needs the volume."""
    hangup = select.poll()
    hangup.register(control, 0)
    hangup.poll()
    time.sleep(DRAIN_S)
    os._exit(EXIT_LEFT_ALONE)


def main() -> None:
    """Entry point."""
    # A stopped process could not see that its recorder is gone. Killed with it, it would lose what was sent last.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGCONT)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # These are for the recorder, which then ends this process in order.
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    threading.Thread(target=_end_without_recorder, args=(control,), name="hangup", daemon=True).start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    code = 0
    try:
        VolumeProcess(control).run()
    except WireError as error:
        sys.stderr.write(f"{error}\n")
        code = EXIT_DISOBEYED
    except Exception:  # noqa: BLE001 - the boundary of the process: the recorder starts another one, and its log gets the trace
        traceback.print_exc()
        code = EXIT_BUG
    # Threads that still wait for the disk do not hold up the end.
    os._exit(code)


if __name__ == "__main__":
    main()
