"""The demo's sentences."""

import pytest

from holdfast.app.demo_account import Outcome
from holdfast.app.demo_script import Scene, Trouble, schedule
from holdfast.app.demo_words import ANNOUNCED, DiskOutcome, announcement, disk_words, outcome_words
from holdfast.app.language import cells

SCENES = {scene.trouble: scene for scene in schedule(105, has_disk=True)}
CAME_BACK = Outcome(again_s=0.94, missing=62, lost=12, lost_s=1.2, is_over=True)


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_is_announced_with_its_camera_in_one_line(
    trouble: Trouble, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", language)
    said = announcement(SCENES[trouble], "cam_03")
    assert ("cam_03" in said) == (SCENES[trouble].camera is not None)
    assert cells(f"00:00:00  {said}") <= 80
    assert "{" not in said


def test_how_long_it_lasts_is_said_of_what_lasts() -> None:
    for trouble, scene in SCENES.items():
        assert ("{seconds" in ANNOUNCED[trouble]) == (scene.lasts_s > 0)


@pytest.mark.parametrize(
    ("trouble", "noticed_s", "outcome", "said"),
    [
        (
            Trouble.CABLE,
            1.34,
            CAME_BACK,
            (
                "noticed after 1.3 s; recorded again 0.9 s after the camera was back; "
                "lost beyond the outage: at most 12 frames (1.2 s)."
            ),
        ),
        (
            Trouble.RESET,
            0.02,
            CAME_BACK,
            "noticed after 0.0 s; recorded again after 0.9 s; lost: at most 12 frames (1.2 s).",
        ),
        (
            Trouble.HELD,
            2.0,
            Outcome(None, 0, 0, 0.0, is_over=True),
            "noticed after 2.0 s; everything came late and was recorded; nothing lost.",
        ),
        (Trouble.DEAD, None, Outcome(None, 0, 0, 0.0, is_over=True), "there was nothing to notice; nothing lost."),
        (Trouble.DEAD, 2.0, Outcome(None, 0, 0, 0.0, is_over=False), "noticed after 2.0 s; not recorded again yet."),
        (Trouble.DEAD, 2.0, None, "noticed after 2.0 s; not recorded again yet."),
    ],
)
def test_what_the_recorder_did_is_told_as_it_was_seen(
    trouble: Trouble, noticed_s: float | None, outcome: Outcome | None, said: str
) -> None:
    assert outcome_words(SCENES[trouble], "cam_03", noticed_s, outcome) == f"cam_03: {said}"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            DiskOutcome(0.14, 2.6, 0),
            "recording went on in the folder after 0.1 s; on the disk again 2.6 s after it was back; 0 frames lost.",
        ),
        (
            DiskOutcome(None, 1.0, 24),
            "recording did not go on in the folder; on the disk again 1.0 s after it was back; 24 frames LOST.",
        ),
        (
            DiskOutcome(0.5, None, 0),
            "recording went on in the folder after 0.5 s; not on the disk again yet; 0 frames lost.",
        ),
    ],
)
def test_what_became_of_recording_without_its_disk_is_told_as_it_was_seen(outcome: DiskOutcome, said: str) -> None:
    assert disk_words(outcome) == f"Disk: {said}"


def test_a_scene_of_its_own_length_is_announced_with_it() -> None:
    assert "12 s" in announcement(Scene(Trouble.CABLE, 1, 0.0, 12.0, 20.0), "cam_02")
