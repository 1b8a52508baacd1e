"""The table of systems is true: objects import, tests exist, and the page is rendered from the CSV."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
TRAINING = (
    "forensics.detectors.train.",
    "forensics.exporting.train.",
    "forensics.generators.",
    "forensics.training.",
    "forensics.watermark.train.",
)
LEAN = (  # these need no PyTorch
    "forensics.generators.evaluation",
    "forensics.generators.pipelines",
    "forensics.generators.sampling",
)


def load_renderer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("render_systems", ROOT / "docs" / "render_systems.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


renderer = load_renderer()
ROWS = renderer.read()
OBJECTS = sorted({name for row in ROWS for name in row.objects})
TESTS = sorted({row.test for row in ROWS if row.test})


def resolve(dotted: str) -> object:
    """Import the longest module and walk the rest by attribute."""
    if dotted.startswith(TRAINING) and not dotted.startswith(LEAN):
        pytest.importorskip("torch")
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(dotted)


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_page_is_rendered_from_the_table() -> None:
    page = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    assert page == renderer.render(ROWS), "run: python docs/render_systems.py"


def test_stale_page_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "systems.md"
    monkeypatch.setattr(renderer, "PAGE", page)
    page.write_text("old", encoding="utf-8")
    assert renderer.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert renderer.main([]) == 0
    assert renderer.main(["--check"]) == 0


def test_every_system_in_scope_has_one_row() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
    counts = {kind: sum(row.classification == kind for row in ROWS) for kind in renderer.CLASSES}
    assert counts == {"A": 54, "A†": 25, "A-ds": 7, "B": 252}, "a system left the table"
    groups = [row.group for row in ROWS]
    assert groups == sorted(groups, key=groups.index), "rows of one group stand together"


def test_status_says_what_the_other_columns_show() -> None:
    for row in ROWS:
        _, _, rest = row.status.partition(": ")
        assert row.state in renderer.STATES, row
        if row.state in ("not built", "left out"):
            assert rest in renderer.PARTS if row.state == "not built" else len(rest) > 20, row
            assert row.classification == "B" or row.state == "not built", f"must work: {row}"
            assert not row.objects, row
            assert not row.test, row
        else:
            assert row.objects, row
            assert row.test, row
            assert bool(rest) is (row.state == "partly"), f"only `partly` says what is missing: {row}"


@pytest.mark.parametrize("dotted", OBJECTS)
def test_named_object_exists(dotted: str) -> None:
    assert dotted.startswith("forensics.")
    assert resolve(dotted) is not None


@pytest.mark.parametrize("test", TESTS)
def test_named_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file(), file
    assert name in functions(ROOT / file), test


def test_a_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AttributeError):
        resolve("forensics.errors.NoSuchError")
    with pytest.raises(ModuleNotFoundError):
        resolve("no_such_package.module")
