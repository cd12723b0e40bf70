"""sd_notify(3) without its library."""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.app.notify import Notifier, reloading
from tests.app.managing import Manager, abstract_name, managers


@pytest.fixture
def manager() -> Iterator[Manager]:
    yield from managers()


def test_what_is_told_is_one_message_of_lines(manager: Manager) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": manager.address})
    assert notifier.is_heard
    assert notifier.tell("READY=1", "STATUS=recording 한글")
    assert manager.lines() == ["READY=1", "STATUS=recording 한글"]
    notifier.close()
    assert not notifier.tell("READY=1")


def test_an_abstract_name_is_reached_too() -> None:
    manager = Manager(abstract_name())
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": manager.address})
    assert notifier.tell("READY=1")
    assert manager.lines() == ["READY=1"]
    notifier.close()
    manager.close()


def test_the_variables_are_taken_out_so_that_no_child_answers_for_us() -> None:
    environment = {
        "NOTIFY_SOCKET": "/nowhere/notify",
        "WATCHDOG_USEC": "15000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    notifier = Notifier.from_environment(environment)
    assert notifier.watchdog_s == 15.0
    assert environment == {"PATH": "/bin"}
    notifier.close()


@pytest.mark.parametrize(
    ("watchdog", "pid"), [("15000000", "1"), ("soon", ""), ("0", ""), ("", "")], ids=["another's", "none", "0", "empty"]
)
def test_a_watchdog_that_is_not_for_us_is_no_watchdog(watchdog: str, pid: str) -> None:
    given = {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": watchdog, "WATCHDOG_PID": pid}
    notifier = Notifier.from_environment(given)
    assert notifier.watchdog_s is None
    notifier.close()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_without_a_socket_that_is_understood_nobody_is_told(address: str) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "15000000"})
    assert not notifier.is_heard
    assert not notifier.tell("READY=1")
    notifier.close()


def test_a_manager_that_is_gone_or_takes_nothing_holds_nobody_up(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "none"))
    assert not notifier.tell("READY=1")
    notifier.close()
    with closing(Manager(abstract_name())) as deaf:
        notifier = Notifier(deaf.address)
        assert not all(notifier.tell("WATCHDOG=1") for _ in range(10_000))
        notifier.close()


def test_a_reload_has_its_time() -> None:
    first, second = reloading()
    assert first == "RELOADING=1"
    assert re.fullmatch(r"MONOTONIC_USEC=\d+", second)
