"""Both languages are complete: what is said in English is said in Korean, and nothing is left over."""

import argparse
import ast
import errno
import inspect
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from holdfast.app import demo_words, korean, timeline_bar, verify_command, words
from holdfast.app.alarms_command import BROAD as ALARMS_BROAD
from holdfast.app.backup_command import STATES as BACKUP_STATES
from holdfast.app.commands import run
from holdfast.app.delete_command import COLUMNS as DELETE_COLUMNS
from holdfast.app.delete_command import WHAT as DELETE_WHAT
from holdfast.app.gaps_command import COVERAGE, GAPS_BROAD
from holdfast.app.hold_command import HOLDS
from holdfast.app.korean.library import ARGPARSE, CONTROL, SYSTEM
from holdfast.app.language import say, translated
from holdfast.app.look import AWAY, WITH_VOLUME
from holdfast.app.retention_command import FORECAST, FORECAST_VOLUMES, PLAN
from holdfast.app.volumes_command import BROAD as VOLUMES_BROAD
from holdfast.app.volumes_command import SEEN
from holdfast.domain.faults import FaultKind
from holdfast.policy.faults import SENTENCES
from holdfast.storage.errors import fault_of

SOURCE = Path(words.__file__).parent.parent
HOLE = re.compile(r"\{[^{}]*\}")
NAMED_HOLE = re.compile(r"\{(\w+)[^{}]*\}")
KOREAN_LETTER = re.compile(r"[가-힣]")
TABLES = (
    words.PHASES,
    words.RECORDINGS,
    words.SOUNDS,
    words.SEGMENTS,
    words.CAUSES,
    words.ALARMS,
    words.SEVERITIES,
    words.VOLUMES,
    demo_words.ANNOUNCED,
    BACKUP_STATES,
    DELETE_WHAT,
    verify_command.STATES,
    verify_command.SIGNATURES,
    timeline_bar.LEGEND,
)
HEADINGS = {
    *WITH_VOLUME,
    *VOLUMES_BROAD,
    *SEEN,
    *GAPS_BROAD,
    *COVERAGE,
    *ALARMS_BROAD,
    *DELETE_COLUMNS,
    *HOLDS,
    *PLAN,
    *FORECAST,
    *FORECAST_VOLUMES,
}
ARGPARSE_KEYS = {
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "show program's version number and exit",
    "error",
}
MADE_IN_ENGLISH: Mapping[str, tuple[str, ...]] = {
    "policy/addresses.py": ("BadAddress",),
    "config/tables.py": ("problem", "sentence"),
    "config/cameras.py": ("problem",),
    "config/reading.py": ("problem", "sentence", "return"),
    "policy/faults.py": ("SENTENCES", "sentence"),
    "policy/alarms.py": ("sentence", "VOLUME_SENTENCES"),
    "notify/command.py": ("Undelivered",),
    "notify/web.py": ("Undelivered", "return"),
    "app/alarms_command.py": ("TEST_SENTENCE",),
    "config/alarms.py": ("problem",),
    "config/backup.py": ("problem",),
    "config/first_line.py": ("problem",),
    "app/backup.py": ("INTERRUPTED", "return"),
    "app/backup_helper.py": ("HelperError",),
    "app/backup_schedule.py": ("Ended", "return"),
    "storage/backup_process.py": ("SourceError", "TargetError"),
    "storage/backup_target.py": ("TargetError", "FullError", "BusyError"),
    "storage/move_process.py": ("MoveError",),
    "storage/moving.py": ("MoveError", "SourceError"),
    "config/retention.py": ("problem", "sentence"),
    "policy/retention.py": ("reason", "sentence", "_choose", "_enough", "return"),
    "policy/gap_words.py": ("SENTENCES", "UNKNOWN_CAUSE"),
    "lab/storage/needs.py": ("return",),
    "storage/errors.py": ("_REMEDY", "remedy", "return"),
    "storage/identity.py": ("sentence", "VolumeError"),
    "storage/marker.py": ("MarkerError",),
    "policy/volume_places.py": ("return",),
    "policy/volume_states.py": ("sentence", "return"),
    "policy/volumes.py": ("sentence",),
    "config/volumes.py": ("problem",),
    "storage/repair.py": ("reasons", "message"),
    "storage/volume_host.py": ("abandon", "_refuse", "_lose", "mute", "how", "return"),
    "storage/volume_opening.py": ("sentence",),
    "recorder/recording.py": ("sentence",),
    "catalog/connect.py": ("text",),
    "catalog/migrate.py": ("text",),
    "catalog/writer.py": ("_trouble",),
    **{f"rtsp/{module}.py": ("sentence",) for module in ("messages", "wire", "urls", "sdp", "dialogue")},
    **{f"rtsp/{module}.py": ("text",) for module in ("client", "opening")},
    "media/elements.py": ("__init__",),
    "media/inspect.py": ("write",),
    "media/source.py": ("own_error",),
    "app/check.py": ("sentence", "Finding", "CheckError", "foreign", "trouble"),
    "app/check_catalog.py": ("sentence", "Finding"),
    "app/check_file.py": ("sentence", "Finding", "foreign", "action", "reason", "return"),
    "app/recording_root.py": ("CheckError",),
    "app/export_plan.py": ("_unreadable",),
    "app/manifests.py": ("ManifestError",),
    "policy/exporting.py": ("UNEXPLAINED_SENTENCE",),
    "app/control.py": ("error",),
    "app/control_timeline.py": ("error", "reason"),
    **{
        f"fmp4/{module}.py": ("reason",)
        for module in (
            "boxes",
            "codecs",
            "key_frames",
            "tracks",
            "fragments",
            "reading",
            "stamp",
            "index",
            "segment",
            "samples",
            "film",
            "film_boxes",
            "refragmenting",
        )
    },
    "app/thumbnails.py": ("NoThumbnail", "_unreadable", "lines", "append"),
    **dict.fromkeys(("app/thumbnail_maker.py", "media/stills.py"), ("MakerDied", "NoStill", "return")),
    **dict.fromkeys(("app/thumbnail_process.py", "app/thumbnail_desk.py"), ("error",)),
    "storage/key_frame_files.py": ("NoKeyFrame",),
}
"""Where sentences are made that are translated when they are shown: names they are given to, or functions they are
given to, or keys of dictionaries, or "return"."""
NOT_SHOWN = {"{}/{}", "no whole fragment", "Basic {}"}


def parsed(path: str) -> ast.Module:
    return ast.parse((SOURCE / path).read_text(encoding="utf-8"))


def template(node: ast.expr) -> str | None:
    """The text of a literal, with {} for what is put into it."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case _:
            return None


def literals(node: ast.AST) -> Iterator[str]:
    """Every text in an expression, but not the parts of one that is put together."""
    text = template(node) if isinstance(node, ast.expr) else None
    if text is not None:
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return name_of(value)
        case _:
            return ""


def keys_of_say() -> set[str]:
    """The first argument of every `say`, where it is a literal; and literals that reach it through a variable."""
    found = set(ARGPARSE_KEYS) | HEADINGS | {word for table in TABLES for word in table.values()}
    found |= {unit for _, _, unit in words.AGES} | {AWAY, "room"}
    for path in (SOURCE / "app").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found |= set(
                said_by(node, says_by_variable=path.name not in ("check.py", "check_file.py", "check_catalog.py"))
            )
    return found


def said_by(node: ast.AST, *, says_by_variable: bool) -> Iterator[str]:
    match node:
        case ast.Call(func=function, args=[first, *_]) if name_of(function) == "say":
            yield from literals(first)
        case ast.Call(func=ast.Name(id="add"), args=[_, _, help_text, _]):
            yield from literals(help_text)
        case ast.Assign(targets=[ast.Name(id="sentence" | "template")], value=value) if says_by_variable:
            yield from literals(value)
        case ast.For(target=ast.Name(id="heading"), iter=headings):
            yield from literals(headings)
        case ast.For(target=ast.Tuple(elts=[_, ast.Name(id="help_text")]), iter=ast.Tuple(elts=pairs)):
            yield from (text for pair in pairs if isinstance(pair, ast.Tuple) for text in literals(pair.elts[1]))
        case _:
            pass


def made_in(path: str, places: tuple[str, ...]) -> Iterator[str]:
    """Sentences that a module makes in English: assigned to, passed to, filed under or returned from `places`."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Assign(targets=[target], value=value) if name_of(target) in places:
                yield from literals(value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if name_of(target) in places:
                yield from literals(value)
            case ast.Call(func=function, args=arguments) if name_of(function) in places:
                yield from (text for argument in arguments for text in literals(argument))
            case ast.keyword(arg=name, value=value) if name in places:
                yield from literals(value)
            case ast.Call(func=ast.Attribute(value=target, attr="append"), args=[value]) if name_of(target) in places:
                yield from literals(value)
            case ast.Dict(keys=[ast.Constant(value=key)], values=[value]) if key in places:
                yield from literals(value)
            case ast.Return(value=ast.expr() as value) if "return" in places:
                yield from literals(value)
            case _:
                pass


def english_elsewhere() -> set[str]:
    found = {
        text
        for path, places in MADE_IN_ENGLISH.items()
        for text in made_in(path, places)
        if " " in text.strip() or path == "policy/faults.py"
    }
    return {text.rstrip("\n") for text in found} - NOT_SHOWN


def without_names(text: str) -> str:
    return NAMED_HOLE.sub("{}", text)


@pytest.fixture
def in_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "ko")


def test_everything_that_is_said_has_its_korean() -> None:
    assert sorted(keys_of_say() - set(korean.KOREAN)) == []


def test_no_korean_is_left_over_of_what_is_not_said_any_more() -> None:
    assert sorted(set(korean.KOREAN) - keys_of_say()) == []


def test_every_sentence_made_below_the_command_line_has_its_korean() -> None:
    known = {without_names(text) for text in korean.TOLD}
    assert sorted(english_elsewhere() - known) == []


def test_no_korean_is_left_over_of_sentences_that_are_made_no_more() -> None:
    made = english_elsewhere()
    elsewhere = set(ARGPARSE) | set(SYSTEM) | {"open", "final", "missing", "damaged"}
    suffixes = {"{reason} in box '{box}' at byte {offset}", "{reason} in box '{box}'", "{reason} at byte {offset}"}
    left = [text for text in korean.TOLD if without_names(text) not in made and text not in elsewhere | suffixes]
    assert left == []


@pytest.mark.parametrize("table", [korean.KOREAN, korean.TOLD], ids=["said", "told"])
def test_both_languages_put_the_same_data_in(table: Mapping[str, str]) -> None:
    differing = [
        key for key, value in table.items() if sorted(set(HOLE.findall(key))) != sorted(set(HOLE.findall(value)))
    ]
    assert differing == []


@pytest.mark.parametrize("table", [korean.KOREAN, korean.TOLD], ids=["said", "told"])
def test_what_has_words_has_korean_words(table: Mapping[str, str]) -> None:
    bare = [
        key
        for key, value in table.items()
        if re.search("[a-z]{2}", HOLE.sub("", key)) and not KOREAN_LETTER.search(value)
    ]
    assert bare == []


def test_what_is_taken_for_argparses_words_is_in_argparse() -> None:
    source = re.sub(r"%(\(\w+\))?[sr]", "{}", inspect.getsource(argparse)).replace("'\n", "'")
    for text in (*ARGPARSE_KEYS - {"error"}, *map(without_names, ARGPARSE)):
        assert text in source or re.search(re.escape(text).replace(r"\ ", r"[\s'\"]+"), source), text


def test_what_is_taken_for_the_systems_words_is_what_it_says() -> None:
    assert set(SYSTEM) <= {os.strerror(number) for number in errno.errorcode}


def test_what_the_control_interface_refuses_is_what_it_says() -> None:
    said = {without_names(text) for text in made_in("app/control.py", ("error",))}
    assert {without_names(text) for text in CONTROL} == said


def test_a_sentence_without_korean_stays_as_it_is(in_korean: None) -> None:
    assert translated("Nobody ever wrote this (sentence).") == "Nobody ever wrote this (sentence)."
    assert say("Nor {this}.", this="one") == "Nor one."


def test_english_stays_english() -> None:
    assert translated(SENTENCES[FaultKind.STALLED]) == SENTENCES[FaultKind.STALLED]


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_is_told_in_korean(kind: FaultKind, in_korean: None) -> None:
    assert KOREAN_LETTER.search(translated(SENTENCES[kind]))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES, errno.EMFILE, errno.EINVAL])
def test_what_a_disk_says_is_told_in_korean_and_keeps_the_path(number: int, in_korean: None) -> None:
    path = Path("/records/앞문 cam (2)/x y.mp4")
    _, sentence = fault_of(OSError(number, os.strerror(number)), path)
    told = translated(sentence)
    assert str(path) in told
    assert not re.search(r"[a-z]{3}", told.replace(str(path), "").replace("ulimit", ""))


MISSING_PART = (
    "A part of GStreamer is missing on this machine. (GStreamer's element e is missing: install the package p "
    "(sudo apt install p).)"
)
MISSING_PART_TOLD = (
    "이 컴퓨터에 GStreamer 구성 요소가 없습니다. (GStreamer 요소 e이(가) 없습니다. 패키지 p을(를) 설치하십시오 "
    "(sudo apt install p).)"
)
CUT_OFF = "a b was not finished (is cut off in box 'mdat' at byte 77; it has no index). 1.5 s of it can be played."
CUT_OFF_TOLD = (
    "a b: 완료되지 않았습니다 (77바이트 위치의 'mdat' 박스: 잘렸습니다; 색인이 없습니다). 1.5초를 재생할 수 있습니다."
)
OPEN = "a b: the catalog says open, the file is final."
OPEN_TOLD = "a b: 카탈로그와 파일이 다릅니다. 카탈로그: 녹화 중, 파일: 완료."
FOREIGN = "x y is left alone: it is no folder of a day."
FOREIGN_TOLD = "x y: 그대로 두었습니다. 날짜 폴더가 아닙니다."


@pytest.mark.parametrize(
    ("english", "told"),
    [(CUT_OFF, CUT_OFF_TOLD), (OPEN, OPEN_TOLD), (FOREIGN, FOREIGN_TOLD), (MISSING_PART, MISSING_PART_TOLD)],
    ids=["cut off", "open", "foreign", "missing part"],
)
def test_sentences_inside_sentences_are_translated_too(english: str, told: str, in_korean: None) -> None:
    assert translated(english) == told


def test_data_that_happen_to_be_words_are_not_translated(in_korean: None) -> None:
    assert translated("there is no camera open in this recorder") == "이 녹화기에는 open 카메라가 없습니다"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["record"],
        ["record", "rtsp://h", "--to", "/x", "--nonsense"],
        ["record", "rtsp://h", "--to"],
        ["record", "rtsp://h", "--to", "/x", "--cameras-per-worker", "x"],
        ["record", "rtsp://h", "--to", "/x", "--segment", "soon"],
        ["record", "rtsp://h", "--to", "/x", "--segment-si", "3M"],
        ["gaps", "/x", "--from", "soon"],
        ["record", "rtsp://h", "--to", "/x", "--plain=yes"],
        ["mode", "cam_01", "upside_down", "--in", "/x"],
    ],
    ids=str,
)
def test_wrong_usage_is_refused_in_korean(
    arguments: list[str], in_korean: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    refusal = capsys.readouterr().err.splitlines()[-1]
    assert "오류" in refusal
    told = refusal.partition("오류")[2]
    assert not re.search(r"\b(argument|arguments|choice|choose|expected|invalid|required|value|is no time)\b", told), (
        told
    )
