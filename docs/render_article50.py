"""Render what the Article 50 check publishes: `python docs/render_article50.py`.

The table of measures in docs/article50.md, and the JSON Schemas of checklists and detection reports.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from pydantic import BaseModel

from forensics.article50 import MEASURES, CheckReport, DetectionReport
from forensics.article50.detected import DETECTION_SCHEMA_VERSION
from forensics.article50.records import SCHEMA_VERSION
from forensics.article50.subject import CLIP_COPIES, COPIES

__all__ = ["rendered"]

HERE = Path(__file__).parent
PAGE = HERE / "article50.md"
BLOCK = re.compile(r"(?<=<!-- measures -->\n).*?(?=<!-- end -->)", re.DOTALL)
SCHEMAS: dict[str, type[BaseModel]] = {
    f"article50-schema-{SCHEMA_VERSION}.json": CheckReport,
    f"detection-schema-{DETECTION_SCHEMA_VERSION}.json": DetectionReport,
}


def rendered() -> dict[Path, str]:
    """Return every file with the text that it should have."""
    texts = {HERE / name: _schema(name, model) for name, model in SCHEMAS.items()}
    page = PAGE.read_text(encoding="utf-8")
    return {**texts, PAGE: BLOCK.sub(lambda _: _measures(), page)}


def _schema(name: str, model: type[BaseModel]) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name}
    return json.dumps({**head, **model.model_json_schema(mode="serialization")}, indent=2) + "\n"


def _measures() -> str:
    parts = [
        _wrapped(f"**`{m.name}`**, {m.title} ({m.section}). {m.asks} *Checked:* {m.how}") for m in MEASURES
    ]
    copies = ", ".join(f"`{name}`" for name in COPIES)
    clips = ", ".join(f"`{name}`" for name in CLIP_COPIES)
    return "\n".join([*parts, "", f"Copies of pictures: {copies}.\n", f"Copies of clips: {clips}.", ""])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 116, initial_indent="- ", subsequent_indent="  ", break_long_words=False)


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
