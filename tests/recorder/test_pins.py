"""Certificates of cameras: the first one is pinned, and only the user accepts another."""

import logging
from dataclasses import replace
from uuid import UUID

import pytest

from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, FaultKind, OwnError
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.ports.capture import CertificateSeen, SessionEnded, SessionFailed
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recording import Services
from holdfast.recorder.supervisor import StreamPlan
from tests.fakes.capture import FakeCapture
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.reach import FakeReach
from tests.fakes.writer import FakeWriter

CAMERA, BESIDE, ELSEWHERE = StreamId("cam_01"), StreamId("cam_02"), StreamId("cam_03")
ADDRESS = StreamAddress("rtsps://NVR/1")
FIRST, SECOND = "a" * 64, "b" * 64
OTHER = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.OTHER_CERTIFICATE, "source", f"it is {SECOND}, not {FIRST}")


class Life:
    """One life of a recorder with two cameras behind one place, and a third one elsewhere."""

    def __init__(self, catalog: FakeCatalog, address: StreamAddress = ADDRESS) -> None:
        self.clock, self.capture, writer = FakeClock(), FakeCapture(), FakeWriter()
        services = Services(self.clock, writer, catalog, lambda: 1, lambda: UUID(int=1))
        beside, elsewhere = replace(address, url="rtsps://nvr:322/2"), replace(address, url="rtsps://other/")
        plans = [StreamPlan(CAMERA, address), StreamPlan(BESIDE, beside), StreamPlan(ELSEWHERE, elsewhere)]
        self.recorder = Recorder(plans, RecorderPorts(self.capture, FakeReach(), services, catalog, lambda: 0.0))
        self.recorder.start()

    def sees(self, fingerprint: str, stream: StreamId = CAMERA) -> None:
        self.recorder.handle(CertificateSeen(stream, self.recorder.streams[stream].session, fingerprint))

    def fails(self, error: ErrorReport, stream: StreamId = CAMERA) -> None:
        session = self.recorder.streams[stream].session
        self.recorder.handle(SessionFailed(stream, session, error))
        self.recorder.handle(SessionEnded(stream, session))

    def pin(self, stream: StreamId = CAMERA) -> str:
        """What the camera must show in the session that is opened next."""
        return self.recorder.streams[stream].approach.address.pin


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def test_the_first_certificate_is_pinned_for_all_that_is_behind_the_same_place(
    catalog: FakeCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    life = Life(catalog)
    assert [command.address.pin for command in life.capture.opened] == ["", "", ""]
    life.sees(FIRST)
    life.sees(SECOND)
    life.sees(SECOND, BESIDE)
    assert (life.pin(), life.pin(BESIDE), life.pin(ELSEWHERE)) == (FIRST, FIRST, "")
    (kept,) = catalog.certificates()
    assert kept == CertificateRecord(
        place="nvr:322", fingerprint=FIRST, seen_wall_ns=life.clock.wall_ns(), camera="cam_01"
    )
    assert f"the certificate of nvr:322 is pinned: {FIRST}" in caplog.text


def test_a_pin_survives_a_restart(catalog: FakeCatalog) -> None:
    Life(catalog).sees(FIRST)
    life = Life(catalog)
    assert [command.address.pin for command in life.capture.opened] == [FIRST, FIRST, ""]
    life.sees(FIRST)
    assert len(catalog.certificates()) == 1


@pytest.mark.parametrize(
    "address",
    [
        replace(ADDRESS, verify=True),
        replace(ADDRESS, pins=False),
        replace(ADDRESS, url="rtsp://nvr/1"),
    ],
)
def test_nothing_is_pinned_where_it_is_verified_or_not_wanted(catalog: FakeCatalog, address: StreamAddress) -> None:
    Life(catalog).sees(FIRST)
    catalog.posted.clear()
    life = Life(catalog, address)
    life.sees(SECOND)
    assert life.pin() == ""
    assert life.recorder.streams[CAMERA].approach.trust() == ""
    assert [one.fingerprint for one in catalog.certificates()] == [FIRST]


def test_a_pin_of_the_address_itself_is_kept(catalog: FakeCatalog) -> None:
    life = Life(catalog, replace(ADDRESS, pin=SECOND))
    life.sees(FIRST)
    assert life.pin() == SECOND
    assert catalog.certificates() == ()


@pytest.mark.expects_log("cam_01: The camera shows another certificate than before")
def test_another_certificate_is_refused_and_named_until_the_user_accepts_it(catalog: FakeCatalog) -> None:
    life = Life(catalog)
    life.sees(FIRST)
    life.fails(OTHER)
    status = life.recorder.status_of(CAMERA)
    assert status.fault_kind == FaultKind.CERTIFICATE_CHANGED
    assert "holdfast trust CAMERA --in DIR" in status.fault
    life.clock.advance(1)
    life.recorder.tick()
    assert life.capture.opened[-1].address.pin == FIRST
    assert life.recorder.streams[CAMERA].approach.trust() == FIRST
    assert life.recorder.streams[CAMERA].approach.trust() == ""
    assert (life.pin(), life.pin(BESIDE), catalog.certificates()) == ("", "", ())
    life.sees(SECOND)
    assert life.pin() == SECOND
    assert [one.fingerprint for one in catalog.certificates()] == [SECOND]
