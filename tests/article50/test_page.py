"""What is published of the check is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from forensics.article50 import MEASURES

DOCS = Path(__file__).parents[2] / "docs"


def test_page_and_schemas_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("render_article50", DOCS / "render_article50.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.rendered().items():
        assert path.read_text(encoding="utf-8") == text, "run: python docs/render_article50.py"


def test_every_measure_stands_in_the_page_with_its_words() -> None:
    page = " ".join((DOCS / "article50.md").read_text(encoding="utf-8").split())
    assert all(f"**`{m.name}`**" in page and m.asks in page and m.how in page for m in MEASURES)
    assert "no legal advice" in page
