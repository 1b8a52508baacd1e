"""Habits that no linter checks: size, silence, no stubs, nothing of a developer's machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ("forensics", "generators", "watermark", "detectors", "datasets")
FOLDERS = (*LIBRARY, "tests", "benchmarks", "examples", "docs")
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".html", ".css", ".csv", ".json", ".sh", ".txt"}
LINES = 400

# Absolute paths of somebody's machine.
PRIVATE = re.compile(r"(?<![\w.:/~-])/(?:home|root|Users|work)/[a-z]")


def sources(*folders: str) -> list[Path]:
    return sorted(
        p for folder in folders for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts
    )


def texts() -> list[Path]:
    inside = (p for folder in FOLDERS for p in (ROOT / folder).rglob("*"))
    top = (p for p in ROOT.iterdir() if not p.name.startswith("."))
    named = [
        p for p in (*inside, *top, ROOT / ".ci" / "run") if p.suffix in TEXT or p.name in {"Makefile", "run"}
    ]
    return sorted(p for p in named if p.is_file())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path, name: str) -> list[int]:
    """Return the lines in which a plain function of that name is called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return [node.lineno for node in nodes if node.func.id == name]


def stubs(path: Path) -> list[int]:
    """Return the lines that raise NotImplementedError or leave a note for later."""
    text = path.read_text(encoding="utf-8")
    raised = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Raise) and n.exc is not None]
    lines = [n.lineno for n in raised if "NotImplemented" in ast.unparse(n.exc or n)]
    notes = [i for i, line in enumerate(text.splitlines(), 1) if re.search(r"#.*\b(TODO|FIXME|XXX)\b", line)]
    return lines + notes


@pytest.mark.parametrize("path", sources(*FOLDERS), ids=name_of)
def test_file_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"{name_of(path)} has {lines} lines; split it by what its parts do"


@pytest.mark.parametrize("path", sources(*LIBRARY), ids=name_of)
def test_library_is_silent_and_finished(path: Path) -> None:
    assert not calls(path, "print"), "the library logs; only the command line writes, through click"
    assert not stubs(path)
    if "cli" not in path.parts:
        assert "basicConfig" not in path.read_text(encoding="utf-8"), (
            "logging is the application's to configure"
        )


def test_nothing_of_a_developers_machine_is_left() -> None:
    found = [name_of(p) for p in texts() if PRIVATE.search(p.read_text(encoding="utf-8"))]
    assert not found


def test_these_checks_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    print(1)\n    raise NotImplementedError\n    # TODO: later\n")
    assert calls(bad, "print") == [2]
    assert stubs(bad) == [3, 4]
    assert PRIVATE.search("see " + "/".join(["", "home", "somebody", "file"]))
    assert not PRIVATE.search("https://example.org/home/page and src/root/there")
    assert {name_of(p) for p in texts()} >= {"README.md", "Makefile", ".ci/run", "forensics/errors.py"}
