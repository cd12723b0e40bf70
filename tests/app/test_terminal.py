"""What a person sees of the cameras: lines, and tables that fit the terminal."""

import io
import re

import pytest
from rich.console import Console

from holdfast.app.language import cells
from holdfast.app.terminal import (
    NARROW_COLUMNS,
    WIDE_COLUMNS,
    Screen,
    StatusDisplay,
    StatusTable,
    print_statuses,
    status_line,
)
from holdfast.app.words import age_words, codec_words, segment_words
from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import SegmentState
from holdfast.domain.streams import Mode
from holdfast.policy.connecting import Phase
from holdfast.policy.faults import SENTENCES
from holdfast.recorder.status import RecordingState, StreamStatus
from tests.app.statuses import CONNECTED, failing, status


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


def drawn(statuses: list[StreamStatus], width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(StatusTable(statuses))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (CONNECTED, "cam_01  connected  recording  15.0 fps  432 kbit/s  cam_01/2026-03-29/cam_01_20260329_021500.mp4"),
        (status(stream="sub", file=""), "cam_01/sub  connected  recording  15.0 fps  432 kbit/s  -"),
        (status(recording=RecordingState.OFF), "connected  recording: off  15.0 fps"),
        (status(recording=RecordingState.HELD), "connected  recording: in memory  15.0 fps"),
        (status(recording=RecordingState.WAITING, mode=Mode.STREAMING_ONLY), "recording: off by mode"),
        (
            failing(phase=Phase.CONNECTING, fault="", fault_age_s=None, next_try_s=None),
            "connecting  recording: waiting",
        ),
        (failing(), "Check its power, cable and address.  Next try in 8 s."),
        (failing(phase=Phase.ERROR), "ERROR  recording: waiting"),
        (failing(phase=Phase.DISCONNECTED, next_try_s=None), "disconnected  recording: -"),
        (
            failing(),
            "reconnecting  recording: waiting  0.0 fps  0 kbit/s  -  last fault 12 s ago: The camera cannot be",
        ),
    ],
)
def test_a_line_tells_all_there_is_to_one_camera(shown: StreamStatus, words: str) -> None:
    line = status_line(shown)
    assert words in line
    assert re.match(r"\d\d:\d\d:\d\d  ", line)


@pytest.mark.parametrize("width", [40, 60, NARROW_COLUMNS, 80, 100, WIDE_COLUMNS - 1, WIDE_COLUMNS, 140, 240])
@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", [FaultKind.RTSP_NETWORK, FaultKind.AUTHENTICATION, FaultKind.NO_KEY_FRAME])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_missing(
    kind: FaultKind, language: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = "앞문 카메라 (주차장 쪽)"
    monkeypatch.setenv("HOLDFAST_LANG", language)
    lines = drawn([CONNECTED, failing(kind, camera=camera)], width)
    assert [line for line in lines if cells(line) > width] == []
    if width >= 60:
        assert "…" not in re.sub("앞문[^…]*…", "", joined(lines)), "\n".join(lines)
    if language == "en":
        assert SENTENCES[kind].split(".")[0].split()[-1] in joined(lines)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_columns_stand_below_one_another_whatever_the_letters_width(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", language)
    cameras = ["cam_01", "앞문 카메라", "a b"]
    lines = drawn([status(camera=camera, file=f"{camera}/d/{camera}_1.mp4") for camera in cameras], 80)
    rows = [line for line in lines if line.endswith("1.mp4")]
    assert len(rows) == len(cameras)
    assert len({cells(row.partition("15.0")[0]) for row in rows}) == 1
    assert len({cells(row) for row in rows}) == 1


def test_at_80_columns_a_row_has_the_time_of_its_file_and_the_faults_follow_below() -> None:
    lines = drawn([CONNECTED, failing(camera="cam_02")], 80)
    row = next(line for line in lines if "cam_01" in line)
    assert row.split() == ["cam_01", "connected", "recording", "15.0", "432", "20260329_021500.mp4"]
    assert "cam_02: 12 s ago: The camera cannot be reached." in joined(lines)
    assert joined(lines).endswith("Next try in 8 s.")


def test_with_room_a_row_has_everything() -> None:
    lines = drawn([CONNECTED, failing(camera="cam_02")], 160)
    assert "cam_01_20260329_021500.mp4" in joined(lines)
    assert not any(line.strip().startswith("cam_02:") for line in lines)


def test_without_room_files_are_left_out() -> None:
    assert "mp4" not in joined(drawn([CONNECTED], 60))


def test_markup_in_a_camera_name_is_only_text() -> None:
    lines = drawn([status(camera="[red]x[/]"), failing(camera="[/]", fault="[b]broken[/b]")], 100)
    assert "[red]x[/]" in joined(lines)
    assert "[b]broken[/b]" in joined(lines)


def test_plain_lines_come_when_something_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with StatusDisplay(plain=True) as display:
        display.show([CONNECTED])
        display.show([CONNECTED])
        display.show([status(fps=14.0)])
        display.show([failing()])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "connected" in lines[0]
    assert "reconnecting" in lines[1]


def test_what_is_announced_stands_out_among_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with StatusDisplay(plain=True) as display:
        display.announce("Now something happens.")
    assert re.fullmatch(r"\d\d:\d\d:\d\d  >>> Now something happens\.\n", capsys.readouterr().out)


def test_what_is_announced_stands_above_the_table_whole_and_as_it_is() -> None:
    display, shown = StatusDisplay(plain=True), io.StringIO()
    display.console = Screen(file=shown, width=40, force_terminal=False)
    display.announce("[b]cam_01[/b] is no markup, and these words are more than one line.")
    lines = shown.getvalue().splitlines()
    assert len(lines) > 1
    assert all(line.startswith(" " * 10) for line in lines[1:])
    assert "[b]cam_01[/b] is no markup, and these words are more than one line." in joined(lines)


def test_every_now_and_then_all_lines_come(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.app.terminal.PLAIN_EVERY_S", 0.0)
    with StatusDisplay(plain=True) as display:
        display.show([CONNECTED])
        display.show([CONNECTED])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_when_nobody_can_see_it_any_more_it_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def broken(line: str, *, flush: bool) -> None:
        tried.append(line)
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", broken)
    with StatusDisplay(plain=True) as display:
        display.show([CONNECTED])
        display.show([failing()])
    assert len(tried) == 1


def test_where_there_is_no_terminal_a_status_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_statuses([CONNECTED, failing(camera="cam_02")])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["cam_01", "cam_02"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-0.2, "0 s"), (119.9, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")],
)
def test_an_age_is_told_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert age_words(seconds) == words


def test_codecs_and_states_have_the_names_that_people_know() -> None:
    assert [codec_words(codec) for codec in ("avc1.64001f", "hvc1.1.6", "vp09.00")] == ["H.264", "H.265", "vp09"]
    assert [segment_words(state) for state in SegmentState] == ["open", "final", "missing", "damaged"]
