"""Size, nesting and honesty of the code, and the page of requirements; and that the checker can fail."""

import os
import textwrap
from pathlib import Path

import pytest

from tests.tidy import REQUIREMENT_IDS, findings, requirement_findings

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "docs" / "reference" / "requirements.md"
PYTHON_FILES = sorted(path for folder in ("src", "tests") for path in (ROOT / folder).rglob("*.py"))


def sentences(source: str) -> list[str]:
    return [finding.sentence for finding in findings(textwrap.dedent(source))]


def test_the_code_is_tidy() -> None:
    found = [
        finding.at(path.relative_to(ROOT))
        for path in PYTHON_FILES
        for finding in findings(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


def test_every_requirement_has_its_row_and_every_test_it_names_exists() -> None:
    found = [
        finding.at(REQUIREMENTS.relative_to(ROOT))
        for finding in requirement_findings(REQUIREMENTS.read_text(encoding="utf-8"), ROOT)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("path", [ROOT / "dev", ROOT / ".ci" / "run"])
def test_the_scripts_are_executable(path: Path) -> None:
    assert os.access(path, os.X_OK)


def function_of(lines: int) -> str:
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


def test_sees_a_function_that_is_too_long() -> None:
    assert sentences(function_of(60)) == []
    assert sentences(function_of(61)) == ["function long has 61 lines, more than 60"]
    assert sentences("async " + function_of(61)) == ["function long has 61 lines, more than 60"]


def test_sees_a_file_that_is_too_long() -> None:
    assert sentences("x = 1\n" * 400) == []
    assert sentences("x = 1\n" * 401) == ["the file has 401 lines, more than 400"]


def class_of(methods: int) -> str:
    return "class Large:\n" + "".join(f"    def f{number}(self): ...\n" for number in range(methods))


def test_sees_a_class_with_too_many_methods() -> None:
    assert sentences(class_of(20)) == []
    assert sentences(class_of(21)) == ["class Large has 21 methods, more than 20"]


def test_sees_deep_nesting() -> None:
    found = findings("def f():\n if a:\n  for b in c:\n   while d:\n    with e:\n     g()\n")
    assert [(finding.line, finding.sentence) for finding in found] == [(6, "function f is nested 4 deep, more than 3")]


@pytest.mark.parametrize(
    "innermost",
    [
        "try:\n  pass\n finally:\n  pass",
        "try:\n  pass\n except OSError:\n  pass",
        "match d:\n  case 1:\n   pass",
        "if d:\n  pass",
        "for d in e:\n  pass",
    ],
)
def test_counts_every_kind_of_statement_as_a_level(innermost: str) -> None:
    nested = "while a:\n  while b:\n    while c:\n" + textwrap.indent(innermost.replace("\n ", "\n"), " " * 6)
    assert sentences(nested + "\n") == ["the file's top level is nested 4 deep, more than 3"]


def test_an_elif_is_no_deeper_than_its_if() -> None:
    ladder = "def f():\n if a:\n  pass\n" + " elif b:\n  pass\n" * 8 + " else:\n  pass\n"
    assert sentences(ladder) == []


def test_an_else_with_an_if_and_more_in_it_is_deeper() -> None:
    source = """
        def f():
            if a:
                pass
            else:
                if b:
                    if c:
                        if d:
                            pass
                g()
        """
    assert sentences(source) == ["function f is nested 4 deep, more than 3"]


def test_a_case_is_no_deeper_than_its_match() -> None:
    source = """
        def f():
            match a:
                case 1:
                    if b:
                        for c in d:
                            pass
                case 2:
                    pass
        """
    assert sentences(source) == []


def test_a_function_inside_another_is_measured_by_itself() -> None:
    source = "def f():\n if a:\n  if b:\n   if c:\n    def g():\n     if d:\n      pass\n"
    assert sentences(source) == []


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("type: ignore", "type: ignore needs its error code in brackets"),
        ("type: ignore[no-any-return]", "type: ignore needs its reason on the same line"),
        ("type: ignore[attr-defined]  # gi", "type: ignore needs its reason on the same line"),
        ("TODO later", "TODO: finish it, or open an issue"),
        ("we should FIXME", "FIXME: finish it, or open an issue"),
        ("XXX", "XXX: finish it, or open an issue"),
    ],
)
def test_sees_a_comment_that_hides_something(comment: str, sentence: str) -> None:
    assert sentences(f"x = f()  # {comment}\n") == [sentence]


def test_a_reason_makes_a_type_ignore_acceptable() -> None:
    assert sentences("x = f()  # type: ignore[no-any-return] - the library has no types\n") == []


def test_words_inside_a_string_are_no_comment() -> None:
    assert sentences('x = "# type: ignore, TODO"\n') == []


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException", " (ValueError, Exception)", " Exception as e"])
@pytest.mark.parametrize("comment", ["", "  # noqa: BLE001", "  # noqa: BLE001, S110", "  # pragma: no cover"])
def test_sees_a_broad_except_without_a_reason(caught: str, comment: str) -> None:
    source = f"try:\n    f()\nexcept{caught}:{comment}\n    pass\n"
    assert sentences(source) == ["a broad except needs its reason on the same line"]


def test_a_reason_makes_a_broad_except_acceptable() -> None:
    source = "try:\n    f()\nexcept Exception:  # noqa: BLE001 - a worker's loop must survive its task\n    pass\n"
    assert sentences(source) == []


def test_a_narrow_except_needs_no_reason() -> None:
    assert sentences("try:\n    f()\nexcept (OSError, ValueError):\n    pass\n") == []


def page_of(**other: str) -> str:
    rows = {name: f"| {name} | what | later: network | – |" for name in REQUIREMENT_IDS} | other
    return "# Requirements\n\n| id | requirement | state | test |\n|---|---|---|---|\n" + "\n".join(rows.values())


def requirement_sentences(page: str, root: Path = ROOT) -> list[str]:
    return [finding.sentence for finding in requirement_findings(page, root)]


def test_accepts_a_page_with_every_requirement_and_an_existing_test() -> None:
    test = "tests/test_tidy.py::test_the_code_is_tidy"
    assert requirement_sentences(page_of(A1=f"| A1 | what | done | `{test}` |")) == []


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("", "requirements without a row: A1"),
        ("| A1 | what | later: view | – |\n| A1 | what | later: view | – |", "A1 stands there twice"),
        ("| A1 | what | later: view | – |\n| A9 | what | later: view | – |", "A9 is no requirement"),
        ("| A1 | what | – |", "A1: 3 cells instead of id, requirement, state, test"),
        ("| A1 |  | later: view | – |", "A1: says nothing"),
        ("| A1 | what | later | – |", "A1: state 'later' is none of: done, part: what is missing, later: issue topic"),
        ("| A1 | what | done | – |", "A1: names no test as `file::test` (– only while it is part or later)"),
        ("| A1 | what | part: more |  |", "A1: names no test as `file::test` (– only while it is part or later)"),
        ("| A1 | what | done | `x.py::test_y` |", "A1: x.py::test_y is not of the form tests/file.py::test"),
        (
            "| A1 | what | done | `tests/none.py::test_x` |",
            "A1: tests/none.py::test_x: there is no file tests/none.py",
        ),
        (
            "| A1 | what | done | `tests/test_tidy.py::test_none` |",
            "A1: tests/test_tidy.py::test_none: there is no test_none in tests/test_tidy.py",
        ),
    ],
)
def test_sees_a_wrong_row(row: str, sentence: str) -> None:
    assert requirement_sentences(page_of(A1=row)) == [sentence]


def test_finds_tests_in_classes_and_stateful_tests(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(
        "class TestA:\n    def test_b(self): ...\n\nTestC = Machine.TestCase\n"
    )
    row = "| A1 | what | done | `tests/test_x.py::TestA::test_b`, `tests/test_x.py::TestC` |"
    assert requirement_sentences(page_of(A1=row), tmp_path) == []
    missing = "| A1 | what | done | `tests/test_x.py::TestA::test_c` |"
    assert len(requirement_sentences(page_of(A1=missing), tmp_path)) == 1
