"""What every source keeps of sound: it is beside the picture, at the right time, and never in its way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.domain.faults import Branch
from holdfast.domain.streams import Mode, Track
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.hearing import hear
from holdfast.lab.remote import LabServer
from holdfast.lab.sound_feed import Manner
from holdfast.ports.capture import BranchFailed, SessionFailed, TakeClosed, TakeOpened
from tests.contracts.source_rig import FPS, STREAM, SourceRig, session
from tests.contracts.test_source_contract import SOURCES

SMALL = ClipSpec(width=320, height=240, fps=FPS, gop=15, seconds=1.0)
CAMERAS = {
    "aac": CameraSpec(SMALL, sound="aac"),
    "pcmu": CameraSpec(SMALL, sound="pcmu"),
    "pcma": CameraSpec(SMALL, sound="pcma"),
    "no reports": CameraSpec(SMALL, sound="aac", reports=False),
    "burst": CameraSpec(SMALL, sound="pcmu", start="burst"),
    "b-frames": CameraSpec(replace(SMALL, bframes=2), sound="aac"),
    "no sound": CameraSpec(SMALL),
}
NUMBERS = {name: number for number, name in enumerate(CAMERAS)}
BAR_S = 0.08

pytestmark = [pytest.mark.xdist_group("sources"), pytest.mark.parametrize("source", SOURCES)]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabServer]:
    with LabServer(list(CAMERAS.values())) as running:
        yield running


def late_s(rig: SourceRig, opened: TakeOpened) -> list[float]:
    """Of every beep of a take: how much later it is, by the clock of the picture, than the frame of its moment."""
    picture, first = rig.takes()[0], rig.recordings()[0].frames[0].frame
    found = []
    for beep_s in hear(rig.path(opened.take, Track.SOUND)).beeps_s:
        taken_s = beep_s + (opened.first_pts_ns - picture.first_pts_ns) / 1e9 + float(first / FPS)
        found.append(taken_s - round(taken_s))
    return found


@pytest.mark.parametrize("camera", ["aac", "pcmu", "pcma", "no reports", "burst", "b-frames"])
async def test_sound_is_a_take_of_its_own_with_times_of_the_picture(
    lab: LabServer, source: str, camera: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS[camera], source, tmp_path) as rig:
        rig.open(sound=True)
        # Long enough for a take that is dated anew with the second heartbeat to have some sound.
        await rig.until_served(120)
        await rig.close()
        account = rig.account()
        assert account.is_complete, account
        opened = rig.takes(Track.SOUND)[-1]
        heard = hear(rig.path(opened.take, Track.SOUND))
        assert (heard.codec, heard.rate, heard.errors) == ("aac", 16_000, ())
        assert heard.seconds > 1.5
        late = late_s(rig, opened)
        assert late, "it beeps every second"
        assert all(abs(one) <= BAR_S for one in late), late
        assert TakeClosed(opened.stream, 1, opened.take, Track.SOUND) in rig.heard


@pytest.mark.parametrize("manner", ["none", "nonsense", "flood", "random times"])
@pytest.mark.parametrize("camera", ["aac", "pcmu"])
async def test_sound_that_goes_wrong_costs_no_frame_and_joins_again(
    lab: LabServer, source: str, camera: str, manner: Manner, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS[camera], source, tmp_path) as rig:
        lab.sound(rig.camera, manner)
        try:
            rig.open(sound=True)
            await rig.until_served(20)
            lab.sound(rig.camera, "right")
            await rig.until_served(40)
            lab.sound(rig.camera, manner)
            await rig.until_served(60)
        finally:
            lab.sound(rig.camera, "right")
        # Sound that was dated in the trouble is dated anew after two seconds, and again after four.
        await rig.until_served(150)
        await rig.close()
        account = rig.account()
        assert account.is_complete, account
        assert len(rig.takes()) == 1, "sound never begins a take of the picture"
        opened = rig.takes(Track.SOUND)[-1]
        assert hear(rig.path(opened.take, Track.SOUND)).seconds > 1
        late = late_s(rig, opened)
        assert late
        assert abs(late[-1]) <= BAR_S, late


async def test_who_wants_no_sound_has_none_and_asks_for_none(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["aac"], source, tmp_path) as rig:
        asked = len([method for _, method in lab.requests(rig.camera) if method == "SETUP"])
        rig.open()
        await rig.until_served(15)
        await rig.close()
        assert not rig.takes(Track.SOUND)
        assert len([method for _, method in lab.requests(rig.camera) if method == "SETUP"]) == asked + 1


async def test_a_camera_without_sound_is_recorded_without(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["no sound"], source, tmp_path) as rig:
        rig.open(sound=True)
        await rig.until_served(20)
        await rig.close()
        assert rig.account().is_complete
        assert not rig.takes(Track.SOUND)
        assert not [event for event in rig.heard if isinstance(event, BranchFailed)]


async def test_sound_comes_and_goes_with_the_recording(lab: LabServer, source: str, tmp_path: Path) -> None:
    async with session(lab, NUMBERS["aac"], source, tmp_path) as rig:
        rig.open(Mode.STREAMING_ONLY, sound=True)
        await rig.until_served(20)
        assert not rig.takes(Track.SOUND)
        rig.pool.set_mode(STREAM, 1, Mode.BOTH)
        await rig.until(TakeOpened, 2)
        rig.pool.set_mode(STREAM, 1, Mode.STREAMING_ONLY)
        await rig.until(TakeClosed, 2)
        assert {opened.track for opened in rig.takes() + rig.takes(Track.SOUND)} == {Track.VIDEO, Track.SOUND}
        await rig.close()


@pytest.mark.parametrize("status", [404, 500])
async def test_a_camera_that_refuses_its_sound_is_told_apart_from_one_that_refuses_its_picture(
    lab: LabServer, source: str, status: int, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["aac"], source, tmp_path) as rig:
        lab.refuse_sound(rig.camera, status)
        try:
            rig.open(sound=True)
            # rtspsrc gives the whole session up; who knows better goes on with the picture.
            told = SessionFailed if source == "rtspsrc" else BranchFailed
            failed: SessionFailed | BranchFailed = await rig.until(told)
            assert failed.error.branch is Branch.SOUND
        finally:
            lab.refuse_sound(rig.camera, 0)


async def test_a_camera_that_refuses_everything_does_not_refuse_its_sound(
    lab: LabServer, source: str, tmp_path: Path
) -> None:
    async with session(lab, NUMBERS["aac"], source, tmp_path) as rig:
        lab.status(rig.camera, 503)
        try:
            rig.open(sound=True)
            failed = await rig.until(SessionFailed)
            assert failed.error.branch is Branch.SOURCE
        finally:
            lab.status(rig.camera, 0)
