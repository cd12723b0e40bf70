"""`holdfast serve --supervised`: starts the service, and starts it again when it dies or its loop stands still.

What systemd does for a unit, for machines without it. The service is a child in a session of its own; it tells by
datagrams how it is (sd_notify(3)). When this process is killed, the service goes on: recording must not depend on
anything that it can do without.
"""

import argparse
import logging
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from holdfast.app.language import say
from holdfast.app.logs import logging_from, set_up_logs
from holdfast.app.notices import Notices
from holdfast.app.notify import WATCHED
from holdfast.app.one_life import OneLife, Patience
from holdfast.app.problems import Exit, Problem
from holdfast.config.settings import LoggingSettings
from holdfast.policy.restarting import Life, Restarts, ended

LOG = logging.getLogger("holdfast.recorder")
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MOST_SIGNALS = 64
"""Read at once."""


def guarded(options: argparse.Namespace) -> int:
    """Run the service until SIGINT or SIGTERM; its exit code. Raises Problem."""
    if options.config is None:
        raise Problem(Exit.USAGE, say("Name a configuration with --config. To see one: holdfast serve --example"))
    set_up_logs(console=None, settings=logging_from(options, LoggingSettings()))
    # A dump of the service's memory would hold passwords and footage.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return Guard(command_of(options)).run()


def command_of(options: argparse.Namespace) -> list[str]:
    """The same command without supervision."""
    command = [sys.executable, "-m", "holdfast.app.cli", "serve", "--config", str(options.config.absolute())]
    for category, level in options.log_level:
        command += ["--log-level", level if category is None else f"{category}={level}"]
    return command if options.log_format is None else [*command, "--log-format", options.log_format]


class Guard:
    """One service, one life after another."""

    def __init__(self, command: Sequence[str], patience: Patience | None = None) -> None:
        """Nothing is started before `run`."""
        self._command, self._patience = command, patience or Patience()
        self._woken, self._waker = socket.socketpair()
        self._notices = Notices()
        self._ends_by: int | None = None
        """The signal by which we were told to end."""

    def run(self) -> int:
        """Until we are told to end, or a person has to act; the exit code."""
        self._woken.setblocking(False)  # noqa: FBT003 - the standard library's interface
        self._waker.setblocking(False)  # noqa: FBT003 - as above
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in PASSED_ON:
            signal.signal(number, _wake)
        restarts = Restarts()
        while True:
            with OneLife(self._start(), self._patience) as life:
                self._attend(life)
            if self._ends_by is not None:
                return self._exit_code(life)
            LOG.error("the recorder ended: %s", life.cause)
            restarts, delay_s = ended(restarts, Life(exit_code=life.exit_code or 0, ready_s=life.ready_s))
            if delay_s is None:
                return life.exit_code or 0
            if delay_s:
                LOG.warning("it died %d times at its start; the next one is in %g s", restarts.at_start, delay_s)
            if self._pause(delay_s):
                return Exit.OK

    def _attend(self, life: OneLife) -> None:
        """Be there for the service until it has ended."""
        woken, notices = self._woken.fileno(), self._notices.fileno()
        while life.exit_code is None and not (life.is_given_up and self._ends_by is not None):
            ready, _, _ = select.select([woken, notices, life.fileno()], [], [], life.patience_s())
            for number in self._signals() if woken in ready else ():
                life.pass_on(number)
            for line in self._notices.read(life.process.pid) if notices in ready else ():
                life.told(line)
            life.look()

    def _exit_code(self, life: OneLife) -> int:
        """After an end that we were told to make."""
        if life.exit_code is not None and life.exit_code >= 0:
            return life.exit_code
        has_nothing_to_lose = life.ready_s is None and life.exit_code == -(self._ends_by or 0)
        return Exit.OK if has_nothing_to_lose else Exit.INCOMPLETE

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._notices.environment(self._patience.watchdog_s)}
        environment.pop(WATCHED, None)
        # A session of its own: Ctrl-C in a terminal is for us, and we pass it on.
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)

    def _signals(self) -> list[int]:
        """Those that came, noting whether one of them is to end us."""
        try:
            numbers = list(self._woken.recv(MOST_SIGNALS))
        except BlockingIOError:
            return []
        for number in numbers:
            if number != signal.SIGHUP:
                self._ends_by = number
        return numbers

    def _pause(self, seconds: float) -> bool:
        """Wait; True when we are told to end meanwhile."""
        until_s = time.monotonic() + seconds
        self._signals()
        while self._ends_by is None and (left_s := until_s - time.monotonic()) > 0:
            select.select([self._woken.fileno()], [], [], left_s)
            self._signals()
        return self._ends_by is not None


def _wake(_number: int, _frame: FrameType | None) -> None:
    """The wake-up descriptor has told it already."""
