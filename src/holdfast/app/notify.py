"""Tells the guard of the service how it is: the protocol of sd_notify(3), without its library."""

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Self

ADDRESS, WATCHDOG, WATCHED = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
READY, STOPPING, ALIVE, RELOADING = "READY=1", "STOPPING=1", "WATCHDOG=1", "RELOADING=1"


class Notifier:
    """Datagrams to a socket of the guard's. Without one nothing is sent."""

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        """`address`: a path, or "@" and an abstract name. `watchdog_s`: without a ping for so long, we are replaced."""
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        if self._socket is not None:
            # A guard that reads nothing must not hold us up.
            self._socket.setblocking(False)  # noqa: FBT003 - the standard library's interface

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> Self:
        """What the guard said, taken out of the environment: our own children are not to answer for us."""
        address = environment.pop(ADDRESS, "")
        watchdog, watched = environment.pop(WATCHDOG, ""), environment.pop(WATCHED, "")
        if not address.startswith(("/", "@")):
            return cls()
        is_ours = watched in ("", str(os.getpid()))
        return cls(address, int(watchdog) / 1e6 if is_ours and watchdog.isdecimal() and int(watchdog) else None)

    @property
    def is_heard(self) -> bool:
        """Whether anybody guards us."""
        return self._socket is not None

    def tell(self, *lines: str) -> bool:
        """Send these as one message; False when the guard did not take it."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Nothing is sent any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def reloading() -> tuple[str, str]:
    """The lines that announce a reload (sd_notify(3)): the time tells it from an earlier one."""
    return RELOADING, f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
