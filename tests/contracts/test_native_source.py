"""What only the native source can."""

from pathlib import Path

from holdfast.domain.faults import OWN_DOMAIN, RTSP_DOMAIN, OwnError
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer
from holdfast.ports.capture import SessionFailed, TakeOpened
from tests.contracts.source_rig import FPS, session

SMALL = ClipSpec(width=320, height=240, fps=FPS, gop=15, seconds=1.0)


async def test_a_camera_with_a_certificate_that_nobody_signed_is_recorded(tmp_path: Path) -> None:
    with LabServer([CameraSpec(SMALL, tls=True, auth="digest", user="admin", password="secret")]) as lab:
        async with session(lab, 0, "native", tmp_path) as rig:
            rig.open()
            await rig.until_served(30)
            await rig.close()
            account = rig.account()
            assert account.is_complete, account


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
