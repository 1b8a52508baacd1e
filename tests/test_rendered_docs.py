"""Pages that are rendered from the code are up to date."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).resolve().parent.parent / "docs"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_verdicts_is_up_to_date() -> None:
    rendered = load("render_verdicts").render()
    assert (DOCS / "verdicts.md").read_text(encoding="utf-8") == rendered, (
        "run: python docs/render_verdicts.py"
    )


def test_the_published_schema_is_up_to_date() -> None:
    module = load("render_schema")
    published = module.target().read_text(encoding="utf-8")
    assert published == module.render(), "run: python docs/render_schema.py (and raise SCHEMA_VERSION)"


def test_the_tables_of_benchmarks_are_those_of_the_results() -> None:
    rendered = load("render_benchmarks").render()
    published = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert published == rendered, "run: python docs/render_benchmarks.py"
