"""Render docs/report-schema-<version>.json from the records: `python docs/render_schema.py`."""

from __future__ import annotations

import json
from pathlib import Path

from forensics.audit_report import SCHEMA_VERSION, AuditReport

__all__ = ["render", "target"]


def target() -> Path:
    """Return where the schema of this version stands."""
    return Path(__file__).parent / f"report-schema-{SCHEMA_VERSION}.json"


def render() -> str:
    """Return the JSON Schema of one report line."""
    schema = AuditReport.model_json_schema(mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"report-schema-{SCHEMA_VERSION}.json",
    }
    return json.dumps({**head, **schema}, indent=2) + "\n"


if __name__ == "__main__":
    target().write_text(render(), encoding="utf-8")
