"""What every source keeps: all frames with their times, and for each trouble the fault that people are told.

A new source is one more name in SOURCES.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.streams import Mode
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer
from holdfast.policy.faults import classify
from holdfast.ports.capture import Progress, SessionEnded, SessionFailed, TakeClosed, TakeOpened
from tests.contracts.source_rig import FPS, STREAM, SourceRig, session

SOURCES = ["native", "rtspsrc"]
PASSWORD = "ge heim/@:%"
SMALL = ClipSpec(width=320, height=240, fps=FPS, gop=15, seconds=1.0)
CAMERAS = {
    "h264": CameraSpec(SMALL),
    "h265": CameraSpec(ClipSpec(codec="h265", width=320, height=240, fps=FPS, gop=15, seconds=1.0)),
    "b-frames": CameraSpec(ClipSpec(width=320, height=240, fps=FPS, gop=15, seconds=1.0, bframes=2)),
    "digest": CameraSpec(SMALL, auth="digest", user="admin", password=PASSWORD),
    "basic": CameraSpec(SMALL, auth="basic", user="admin", password=PASSWORD),
    "at once": CameraSpec(SMALL, start="at_once"),
    "burst": CameraSpec(SMALL, start="burst"),
    "troubled": CameraSpec(SMALL),
}
NUMBERS = {name: number for number, name in enumerate(CAMERAS)}

pytestmark = [pytest.mark.xdist_group("sources"), pytest.mark.parametrize("source", SOURCES)]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabServer]:
    with LabServer(list(CAMERAS.values())) as running:
        yield running


async def failure(rig: SourceRig) -> tuple[FaultKind, str]:
    """How the session fails, and that it ends by itself."""
    failed = await rig.until(SessionFailed)
    await rig.until(SessionEnded)
    fault = classify(failed.error)
    assert PASSWORD not in fault.detail + fault.sentence + repr(failed)
    return fault.kind, fault.detail


@pytest.mark.parametrize("camera", ["h264", "h265", "b-frames", "digest", "basic", "burst"])
async def test_every_frame_is_delivered_from_the_first_key_frame_on_with_its_time(
    lab: LabServer, source: str, camera: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS[camera], source, tmp_path) as rig:
        rig.open()
        await rig.until_served(40)
        last_before_the_end = rig.served()[-1].frame
        await rig.close()
        account = rig.account()
        assert account.is_complete, account
        recorded = [frame.frame for recording in rig.recordings() for frame in recording.frames]
        assert max(recorded) >= last_before_the_end - 3, "closing flushes the tail"
        (take,) = rig.takes()
        assert take.reorders == (camera == "b-frames")
        assert rig.heard.index(TakeClosed(STREAM, 1, 1)) < len(rig.heard) - 1


async def test_a_stream_that_is_joined_between_key_frames_is_recorded_from_the_next_one_on(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["at once"], source, tmp_path) as rig:
        rig.open()
        await rig.until_served(45)
        await rig.close()
        (recording,) = rig.recordings()
        first_key = next(frame.frame for frame in rig.served() if frame.is_key)
        assert recording.frames[0].frame == first_key
        assert recording.frames[0].is_key


async def test_a_wrong_password_is_an_authentication_fault(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["digest"], source, tmp_path) as rig:
        rig.open(password="wrong")
        assert (await failure(rig))[0] is FaultKind.AUTHENTICATION


async def test_no_password_where_one_is_wanted_is_an_authentication_fault(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["basic"], source, tmp_path) as rig:
        rig.open(url=lab.urls[NUMBERS["basic"]].replace("admin", "nobody"), password="")
        assert (await failure(rig))[0] is FaultKind.AUTHENTICATION


async def test_a_path_that_is_not_there_is_not_found(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["h264"], source, tmp_path) as rig:
        rig.open(url=lab.urls[0] + "/elsewhere")
        assert (await failure(rig))[0] is FaultKind.NOT_FOUND


async def test_a_camera_that_refuses_connections_is_a_network_fault(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["troubled"], source, tmp_path) as rig:
        lab.refuse(rig.camera)
        try:
            rig.open()
            kind = FaultKind.RTSP_NETWORK if source == "rtspsrc" else FaultKind.REFUSED
            assert (await failure(rig))[0] is kind
        finally:
            lab.listen(rig.camera)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, FaultKind.AUTHENTICATION),
        (453, FaultKind.BUSY),
        (454, FaultKind.NOT_FOUND),
        (500, FaultKind.SERVER_ERROR),
        (503, FaultKind.BUSY),
    ],
)
async def test_an_answer_that_is_none_of_the_usual_is_told_by_its_status(
    lab: LabServer, source: str, status: int, kind: FaultKind, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["troubled"], source, tmp_path) as rig:
        lab.status(rig.camera, status)
        try:
            rig.open()
            assert (await failure(rig))[0] is kind
        finally:
            lab.status(rig.camera, 0)


async def test_a_camera_without_a_video_track_is_told_apart(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["troubled"], source, tmp_path) as rig:
        lab.no_video(rig.camera)
        try:
            rig.open()
            kind, detail = await failure(rig)
        finally:
            lab.no_video(rig.camera, on=False)
        assert kind is FaultKind.NO_VIDEO
        assert "audio" in detail


@pytest.mark.parametrize(
    ("reset", "kinds"),
    [(False, {FaultKind.CAMERA_CLOSED}), (True, {FaultKind.CAMERA_CLOSED, FaultKind.RTSP_NETWORK})],
    ids=["closed", "reset"],
)
async def test_a_connection_that_the_camera_ends_is_said_and_all_that_came_is_kept(
    lab: LabServer, source: str, tmp_path: Path, kinds: set[FaultKind], *, reset: bool
) -> None:
    async with session(lab, NUMBERS["troubled"], source, tmp_path) as rig:
        rig.open()
        await rig.until_served(20)
        lab.close_clients(rig.camera, reset=reset)
        assert (await failure(rig))[0] in kinds
        account = rig.account()
        assert account.is_complete, account
        recorded = rig.recordings()[-1].frames[-1].frame
        assert recorded >= rig.served()[-1].frame - (15 if reset else 1)


async def test_viewers_come_and_go_without_a_trace_in_the_recording(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["h264"], source, tmp_path) as rig:
        rig.open(Mode.RECORDING_ONLY)
        await rig.until(TakeOpened)
        for _ in range(6):
            for mode in (Mode.BOTH, Mode.RECORDING_ONLY):
                rig.pool.set_mode(STREAM, 1, mode)
                await rig.until_served(2)
        rig.pool.set_mode(STREAM, 1, Mode.BOTH)
        seen = await rig.next_progress()
        assert 0 < seen.streamed_frames < seen.frames
        await rig.close()
        assert len(rig.takes()) == 1
        account = rig.account()
        assert account.is_complete, account


async def test_recordings_come_and_go_without_a_trace_in_what_viewers_see(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["h264"], source, tmp_path) as rig:
        rig.open(Mode.STREAMING_ONLY)
        await rig.until(Progress)
        assert not rig.takes()
        for _ in range(2):
            rig.pool.set_mode(STREAM, 1, Mode.BOTH)
            await rig.until_served(20)
            rig.pool.set_mode(STREAM, 1, Mode.STREAMING_ONLY)
            await rig.until_served(3)
        seen = await rig.next_progress()
        assert abs(seen.frames - seen.streamed_frames) <= 1, "the two are counted one after the other"
        await rig.close()
        assert [take.reason for take in rig.takes()] == ["recording branch opened"] * 2
        for recording in rig.recordings():
            numbers = [frame.frame for frame in recording.frames]
            assert recording.frames[0].is_key
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_another_resolution_is_another_take_and_costs_at_most_a_group_of_pictures(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["troubled"], source, tmp_path) as rig:
        rig.open()
        await rig.until_served(20)
        lab.change(rig.camera, width=160, height=120)
        try:
            await rig.until(TakeOpened, 2)
            await rig.until_served(20)
            await rig.close()
        finally:
            lab.change(rig.camera, width=320, height=240)
        account = rig.account()
        assert account.lost_frames <= SMALL.gop, account
        assert (account.repeated, account.unknown, account.wrong_times) == ((), (), ())
        assert "parameters changed" in rig.takes()[1].reason


async def test_the_pipeline_can_be_looked_at_without_its_secrets(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["digest"], source, tmp_path) as rig:
        rig.open(Mode.BOTH)
        await rig.until(TakeOpened)
        graph = await rig.pool.graph(STREAM, 1)
        assert graph.startswith("digraph")
        for role in ("source", "recording-valve", "streaming-valve", "muxer"):
            assert role in graph
        (pid,) = rig.pool.pids
        process = Path("/proc") / str(pid)
        for place in (graph.encode(), (process / "cmdline").read_bytes(), (process / "environ").read_bytes()):
            assert PASSWORD.encode() not in place
            assert b"heim" not in place
        await rig.close()
