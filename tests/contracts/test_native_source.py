"""What only the native source can."""

import hashlib
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.domain.faults import OWN_DOMAIN, RTSP_DOMAIN, OwnError
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer
from holdfast.ports.capture import CertificateSeen, SessionFailed, TakeOpened
from tests.contracts.source_rig import FPS, STREAM, session

SMALL = ClipSpec(width=320, height=240, fps=FPS, gop=15, seconds=1.0)


async def test_a_camera_with_a_certificate_that_nobody_signed_is_recorded(tmp_path: Path) -> None:
    with LabServer([CameraSpec(SMALL, tls=True, auth="digest", user="admin", password="secret")]) as lab:
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open()
            await rig.until_served(30)
            await rig.close()
            account = rig.account()
            assert account.is_complete, account


async def test_the_certificate_of_a_camera_is_told_once_and_no_other_is_taken_when_it_is_pinned(tmp_path: Path) -> None:
    with LabServer([CameraSpec(SMALL, tls=True)]) as lab:
        parts = urlsplit(lab.urls[0])
        shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((str(parts.hostname), parts.port or 0)))
        fingerprint = hashlib.sha256(shown).hexdigest()
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open(pin=fingerprint)
            await rig.until(TakeOpened)
            await rig.close()
            seen = [event for event in rig.heard if isinstance(event, CertificateSeen)]
            assert seen == [CertificateSeen(STREAM, 1, fingerprint)]
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open(pin="0" * 64)
            error = (await rig.until(SessionFailed)).error
            assert (error.domain, error.code) == (OWN_DOMAIN, OwnError.OTHER_CERTIFICATE)
            assert fingerprint in error.text
            assert not any(isinstance(event, CertificateSeen) for event in rig.heard)


async def test_a_fault_carries_what_the_camera_and_the_socket_said(tmp_path: Path) -> None:
    with LabServer([CameraSpec(SMALL)]) as lab:
        lab.status(0, 453, "SETUP")
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open()
            error = (await rig.until(SessionFailed)).error
            assert (error.domain, error.code) == (RTSP_DOMAIN, 453)
            assert error.text.startswith("SETUP was answered with 453 ")
        lab.status(0, 0, "SETUP")
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open()
            await rig.until(TakeOpened)
            lab.close_clients(0, reset=True)
            error = (await rig.until(SessionFailed)).error
            assert (error.domain, error.code) == (OWN_DOMAIN, OwnError.CONNECTION_LOST)
            assert "reset" in error.text.lower()
