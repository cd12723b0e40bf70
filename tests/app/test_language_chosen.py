"""Which language is spoken, and how its lines are broken."""

import pytest

from holdfast.app.language import cells, language, say, wrapped


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "HOLDFAST_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"HOLDFAST_LANG": "KO"}, "ko"),
    ],
)
def test_the_own_variable_decides_then_the_locale(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOLDFAST_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_lines_are_broken_by_columns_and_not_by_letters() -> None:
    assert cells("앞문 cam") == 8
    assert wrapped("가나 다라 마바", 9) == ["가나 다라", "마바"]
    assert wrapped("one-very-long-word x", 5) == ["one-very-long-word", "x"]


def test_one_file_is_not_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    sentence = "{count} files were saved, {size}, each read back and compared."
    assert say(sentence, count=1, size="2 files") == "1 file was saved, 2 files, each read back and compared."
    assert say(sentence, count=21, size="") == "21 files were saved, , each read back and compared."
    assert say("It accounts for {gaps} gaps, and knows of {holds} holds.", gaps=1, holds=2) == (
        "It accounts for 1 gap, and knows of 2 holds."
    )
    assert say("{done} of {count} files", done=1, count=1) == "1 of 1 files"
