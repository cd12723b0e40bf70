"""The rules of size and honesty that no linter has, as functions from text to a list of sentences.

test_tidy.py applies them to src and tests, and proves on bad snippets that each of them can fail.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
MAX_CLASS_METHODS = 20
MAX_NESTING = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith
Try = ast.Try | ast.TryStar

_TYPE_IGNORE = re.compile(r"type:\s*ignore(?P<codes>\[[\w\-, ]+\])?(?P<rest>.*)")
_UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
_DIRECTIVE = re.compile(r"noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?|pragma: no (cover|branch)")


@dataclass(frozen=True)
class Finding:
    line: int
    sentence: str

    def at(self, path: Path) -> str:
        return f"{path}:{self.line}: {self.sentence}"


def findings(source: str) -> list[Finding]:
    """Everything untidy in the source of one Python file, in the order of its lines."""
    tree = ast.parse(source)
    comments = _comments(source)
    found = [
        *_long_file(source),
        *_long_functions(tree),
        *_large_classes(tree),
        *_deep_nesting(tree),
        *_comments_without_reason(comments),
        *_broad_excepts(tree, comments),
    ]
    return sorted(found, key=lambda finding: finding.line)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("#").strip() for token in tokens if token.type == tokenize.COMMENT}


def _long_file(source: str) -> Iterator[Finding]:
    lines = len(source.splitlines())
    if lines > MAX_FILE_LINES:
        yield Finding(lines, f"the file has {lines} lines, more than {MAX_FILE_LINES}")


def _long_functions(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield Finding(node.lineno, f"function {node.name} has {lines} lines, more than {MAX_FUNCTION_LINES}")


def _large_classes(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            methods = {child.name for child in node.body if isinstance(child, Function)}
            if len(methods) > MAX_CLASS_METHODS:
                yield Finding(
                    node.lineno, f"class {node.name} has {len(methods)} methods, more than {MAX_CLASS_METHODS}"
                )


def _deep_nesting(tree: ast.Module) -> Iterator[Finding]:
    """Each function is measured from its own first line, also one inside another; the file's top level likewise."""
    scopes = [("the file's top level", tree.body)]
    scopes += [(f"function {node.name}", node.body) for node in ast.walk(tree) if isinstance(node, Function)]
    for name, body in scopes:
        depth, line = _deepest(body, 0)
        if depth > MAX_NESTING:
            yield Finding(line, f"{name} is nested {depth} deep, more than {MAX_NESTING}")


def _deepest(body: list[ast.stmt], depth: int) -> tuple[int, int]:
    """How deep the statements of this body are nested, and the line where it is deepest."""
    deepest = (depth, body[0].lineno if body else 0)
    for statement in body:
        for inner in _inner_bodies(statement):
            deepest = max(deepest, _deepest(inner, depth + 1), key=lambda found: found[0])
    return deepest


def _inner_bodies(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The bodies one level inside a statement: an elif is no deeper than its if, nor is a case than its match."""
    if isinstance(node, ast.If):
        yield node.body
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            yield from _inner_bodies(node.orelse[0])
        else:
            yield node.orelse
    elif isinstance(node, Loop):
        yield node.body
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            yield node.orelse
    elif isinstance(node, Try):
        yield from (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody)
    elif isinstance(node, ast.Match):
        yield from (case.body for case in node.cases)


def _comments_without_reason(comments: dict[int, str]) -> Iterator[Finding]:
    for line, comment in comments.items():
        if word := _UNFINISHED.search(comment):
            yield Finding(line, f"{word[1]}: finish it, or open an issue")
        if ignored := _TYPE_IGNORE.search(comment):
            if not ignored["codes"]:
                yield Finding(line, "type: ignore needs its error code in brackets")
            elif not _says_something(ignored["rest"]):
                yield Finding(line, "type: ignore needs its reason on the same line")


def _broad_excepts(tree: ast.Module, comments: dict[int, str]) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type):
            reason = _DIRECTIVE.sub("", comments.get(node.lineno, ""))
            if not _says_something(reason):
                yield Finding(node.lineno, "a broad except needs its reason on the same line")


def _is_broad(caught: ast.expr | None) -> bool:
    match caught:
        case None | ast.Name(id="Exception" | "BaseException"):
            return True
        case ast.Tuple(elts=kinds):
            return any(_is_broad(kind) for kind in kinds)
        case _:
            return False


def _says_something(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", text)) > 1


# ---- docs/reference/requirements.md

REQUIREMENT_IDS = (
    *(f"{letter}{number}" for letter, count in zip("ABCDEFGH", (5, 5, 8, 6, 5, 4, 2, 5), strict=True)
      for number in range(1, count + 1)),
    "I",
    "J",
    "K",
)  # fmt: skip

_STATE = re.compile(r"(done|part: \S.*|later: \S.*)")
_TEST = re.compile(r"`([^`]+)`")
_NO_TEST = "–"
_COLUMNS = 4


def requirement_findings(page: str, root: Path) -> list[Finding]:
    """What is wrong with the table of requirements: ids, states, and tests that are not there.

    `root` is the folder that the paths of the tests start from.
    """
    rows = [
        (number, [cell.strip() for cell in line.strip().strip("|").split("|")])
        for number, line in enumerate(page.splitlines(), 1)
        if re.match(r"\|\s*[A-K][0-9]?\s*\|", line)
    ]
    found = list(_wrong_ids(rows))
    for number, cells in rows:
        if len(cells) != _COLUMNS:
            found.append(Finding(number, f"{cells[0]}: {len(cells)} cells instead of id, requirement, state, test"))
        else:
            found += _wrong_row(number, cells, root)
    return found


def _wrong_ids(rows: list[tuple[int, list[str]]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, cells in rows:
        if cells[0] not in REQUIREMENT_IDS:
            yield Finding(number, f"{cells[0]} is no requirement")
        if cells[0] in seen:
            yield Finding(number, f"{cells[0]} stands there twice")
        seen.add(cells[0])
    missing = [name for name in REQUIREMENT_IDS if name not in seen]
    if missing:
        yield Finding(1, f"requirements without a row: {', '.join(missing)}")


def _wrong_row(number: int, cells: list[str], root: Path) -> Iterator[Finding]:
    name, requirement, state, tests = cells
    if not requirement:
        yield Finding(number, f"{name}: says nothing")
    if not _STATE.fullmatch(state):
        yield Finding(number, f"{name}: state {state!r} is none of: done, part: what is missing, later: issue topic")
    named = _TEST.findall(tests)
    if not named and (state == "done" or tests != _NO_TEST):
        yield Finding(number, f"{name}: names no test as `file::test` (– only while it is part or later)")
    for test in named:
        if problem := _missing_test(test, root):
            yield Finding(number, f"{name}: {problem}")


def _missing_test(test: str, root: Path) -> str | None:
    path, *names = test.split("::")
    if not path.startswith("tests/") or not names:
        return f"{test} is not of the form tests/file.py::test"
    file = root / path
    if not file.is_file():
        return f"{test}: there is no file {path}"
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    for name in names:
        inside = next((node for node in body if isinstance(node, Function | ast.ClassDef) and node.name == name), None)
        # A stateful Hypothesis test is an assignment: TestRetention = RetentionMachine.TestCase.
        if inside is None and not any(_assigns(node, name) for node in body):
            return f"{test}: there is no {name} in {path}"
        body = inside.body if inside else []
    return None


def _assigns(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets)
