"""All receivers together: alarms, signs of life, and changes of the configuration while the recorder runs."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.times import WallNs
from holdfast.notify.beats import Beats
from holdfast.notify.deliveries import Deliveries, DeliverySettings
from holdfast.notify.undelivered import Undelivered
from tests.notify.receiver import Receiver, receiver

ALARM = AlarmRecord(
    alarm_id="a", kind="memory", severity="warning", subject="", sentence="Full.", raised_wall_ns=WallNs(1)
)
CLEARED = replace(ALARM, cleared_wall_ns=WallNs(2))


def await_lines(file: Path, count: int) -> list[str]:
    deadline_s = time.monotonic() + 30
    while not file.exists() or len(file.read_text(encoding="utf-8").splitlines()) < count:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
    return file.read_text(encoding="utf-8").splitlines()


def live(deliveries: Deliveries, server: Receiver, count: int) -> None:
    """Be alive until so many signs have come."""
    deadline_s = time.monotonic() + 30
    while len(server.taken) < count:
        assert time.monotonic() < deadline_s
        deliveries.alive()
        time.sleep(0.01)


def test_command_and_webhook_are_both_told(tmp_path: Path) -> None:
    script = "import os, sys; open(sys.argv[1], 'a').write(os.environ['HOLDFAST_ALARM_EVENT'] + '\\n')"
    out = tmp_path / "out"
    with receiver() as server:
        command = (sys.executable, "-c", script, str(out))
        deliveries = Deliveries(DeliverySettings(command=command, webhook=f"{server.url}/x"))
        deliveries.tell(ALARM)
        deliveries.tell(CLEARED)
        assert [one.json["event"] for one in server.await_requests(2)] == ["raised", "cleared"]
        assert await_lines(out, 2) == ["raised", "cleared"]
        deliveries.close()


@pytest.mark.expects_log("an alarm could not be delivered to http://127.0.0.1:[0-9]+/…: the server answers with 500")
def test_a_webhook_that_fails_at_first_gets_it_in_the_end() -> None:
    with receiver(500, 204) as server:
        deliveries = Deliveries(DeliverySettings(webhook=f"{server.url}/t0ken"))
        deliveries.tell(ALARM)
        assert server.await_requests(2)[1].json["id"] == "a"
        deliveries.close()


def test_nothing_is_told_when_nobody_is_named() -> None:
    deliveries = Deliveries()
    deliveries.tell(ALARM)
    deliveries.alive()
    deliveries.close()


def test_a_url_that_is_none_changes_nothing() -> None:
    with receiver() as server:
        deliveries = Deliveries(DeliverySettings(webhook=server.url))
        with pytest.raises(ValueError, match=r"http:// or https://"):
            deliveries.configure(DeliverySettings(heartbeat="ftp://x"))
        deliveries.tell(ALARM)
        server.await_requests(1)
        deliveries.close()


def test_another_configuration_tells_others_from_then_on() -> None:
    with receiver() as first, receiver() as second:
        deliveries = Deliveries(DeliverySettings(webhook=first.url))
        deliveries.tell(ALARM)
        deliveries.configure(DeliverySettings(webhook=second.url))
        deliveries.tell(CLEARED)
        assert [one.json["event"] for one in first.await_requests(1)] == ["raised"], "what waited is still delivered"
        assert [one.json["event"] for one in second.await_requests(1)] == ["cleared"]
        deliveries.configure(DeliverySettings())
        deliveries.tell(ALARM)
        deliveries.close()
        assert (len(first.taken), len(second.taken)) == (1, 1)


def test_the_secret_of_a_url_is_not_in_the_settings_as_they_are_shown() -> None:
    assert "t0ken" not in repr(DeliverySettings(webhook="https://h/t0ken", heartbeat="https://h/t0ken"))


# ------------------------------------------------------------ signs of life


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signs_of_life_are_sent_while_they_are_asked_for(method: str) -> None:
    with receiver() as server:
        settings = DeliverySettings(heartbeat=server.url, heartbeat_every_s=0.05, heartbeat_method=method)
        deliveries = Deliveries(settings)
        live(deliveries, server, 3)
        assert {one.method for one in server.taken} == {method}
        deliveries.close()


def test_a_recorder_that_hangs_sends_none() -> None:
    with receiver() as server:
        deliveries = Deliveries(DeliverySettings(heartbeat=server.url, heartbeat_every_s=0.02))
        time.sleep(0.2)
        assert server.taken == [], "nobody asked"
        live(deliveries, server, 1)
        deliveries.close()
        deliveries.alive()
        came = len(server.taken)
        time.sleep(0.1)
        assert len(server.taken) == came


def test_what_was_asked_for_long_ago_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    beats = Beats("r", lambda: sent.append(1), 600)
    monkeypatch.setattr("holdfast.notify.beats.FRESH_S", -1.0)
    for _ in range(5):
        beats.ask()
        time.sleep(0.01)
    assert sent == []
    beats.close()


@pytest.mark.expects_log("WARNING holdfast.alarms: the sign of life could not be sent to r: no luck")
@pytest.mark.expects_log("ERROR holdfast.alarms: a mistake of the recorder itself while it sent a sign of life to r")
def test_a_sign_that_failed_is_followed_by_others() -> None:
    failures = [Undelivered("no luck"), Undelivered("no luck"), ZeroDivisionError()]
    sent: list[int] = []

    def send() -> None:
        if failures:
            raise failures.pop(0)
        sent.append(1)

    beats = Beats("r", send, 0.01)
    deadline_s = time.monotonic() + 20
    while not sent:
        assert time.monotonic() < deadline_s
        beats.ask()
        time.sleep(0.005)
    beats.close()
