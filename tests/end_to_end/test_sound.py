"""`holdfast record --audio` against a simulated camera that beeps, as a person uses it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.lab import reader
from holdfast.lab.hearing import apart_s, has_sound, hear
from holdfast.lab.scenarios.stand import Stand, await_that, small, stand, unplayable

pytestmark = pytest.mark.timeout(180)
BEEPS = replace(small(), sound="aac")
BAR_S = 0.08


def sound_of(made: Stand) -> str:
    return "".join(status["sound"] for status in made.status())


def test_sound_is_recorded_beside_the_picture_and_survives_a_kill(tmp_path: Path) -> None:
    with stand([BEEPS], tmp_path / "rec", "--audio") as made:
        made.start()
        await_that(lambda: sound_of(made) == "recorded", 30)
        await_that(lambda: "with sound" in made.ask("status", str(made.root)).stdout, 30)
        time.sleep(4)
        made.kill_everything()
        assert made.ask("check", str(made.root), "--repair").returncode == 0
        assert unplayable(made, 0) == 0
        recording = made.recorded(0)[-1]
        heard = hear(recording.path)
        assert heard.errors == ()
        late = apart_s(recording, heard, made.specs[0].clip.fps)
        assert late
        assert max(map(abs, late)) <= BAR_S
        account = reader.compare(made.served(0), made.recorded(0), fps=made.specs[0].clip.fps)
        assert account.lost_frames == 0


def test_without_a_word_no_sound_is_recorded(tmp_path: Path) -> None:
    with stand([BEEPS], tmp_path / "rec") as made:
        made.start()
        made.await_recording([0])
        await_that(lambda: sound_of(made) == "off", 30)
        assert made.stop() == 0
        assert not any(has_sound(file) for file in made.files(0))
        assert [method for _, method in made.lab.requests(0)].count("SETUP") == 1
