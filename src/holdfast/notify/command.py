"""The hook: a command that is run for every alarm."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence

from holdfast.notify.message import Message, environment_of, json_of
from holdfast.notify.undelivered import Undelivered


class Hook:
    """Runs one command, one at a time: whoever calls waits for its end."""

    def __init__(self, command: Sequence[str], timeout_s: float) -> None:
        """`command`: the program and its arguments; no shell reads them."""
        self._command, self._timeout_s = tuple(command), timeout_s
        self._lock = threading.Lock()
        # Guarded by the lock.
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    @property
    def place(self) -> str:
        """How it is called in the log. The arguments may hold a secret."""
        return self._command[0]

    def deliver(self, message: Message) -> None:
        """Run the command with the message on its standard input and in its environment. Raises Undelivered.

        It is not tried a second time: nobody knows what a command that failed had done before. What it prints is
        thrown away.
        """
        process = self._started(message)
        try:
            process.communicate(json_of(message), timeout=self._timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            # A process that even this does not end (a disk that never answers) is waited for: there is one at a time.
            process.communicate()
            raise Undelivered(f"it had not ended after {self._timeout_s:g} s and was killed", tries=1) from None
        finally:
            with self._lock:
                self._process = None
        if process.returncode != 0:
            raise Undelivered(f"it ended with {process.returncode}", tries=1)

    def stop(self) -> None:
        """Kill what runs, and run nothing any more. May be called from any thread."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                _kill(self._process)

    def _started(self, message: Message) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_stopped:
                raise Undelivered("the recorder ends", tries=1)
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, **environment_of(message)},
                    start_new_session=True,
                )
            except OSError as error:
                raise Undelivered(f"it cannot be run ({error.strerror})", tries=1) from error
            return self._process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With everything that it started, as far as that did not leave its process group."""
    if process.poll() is None:
        # It has not been waited for yet, so that the number cannot be another's.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
