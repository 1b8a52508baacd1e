"""Pages that are rendered from the code are up to date."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.detectors import calibration
from forensics.detectors.base import DETECTORS
from forensics.evidence import Question
from forensics.fusion.opinions import THRESHOLD
from forensics.media import open_bytes

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


def test_what_findings_can_reach_is_computed_from_the_calibrations() -> None:
    module = load("render_verdicts")
    tables = Path(calibration.__file__).with_name("tables").glob("*.json")
    calibrated = {p.stem for p in tables if "cap_for" in p.read_text(encoding="utf-8")}
    assert {name for _, _, name in module.FINDINGS} == calibrated
    alone = {code for code, question, name in module.FINDINGS if calibration.load(name).cap_for >= THRESHOLD}
    assert alone == {"copy_move.duplicate"}
    assert module.most(Question.SYNTHETIC) < THRESHOLD < module.most(Question.ALTERED)
    text = module.render()
    assert "cannot lead to `likely_synthetic` yet" in text
    assert "cannot lead to `likely_altered`" not in text


def test_the_questions_of_that_table_are_those_of_the_evidence(photo: npt.NDArray[np.uint8]) -> None:
    table = {code: question for code, question, _ in load("render_verdicts").FINDINGS}
    seen = {}
    for kind in ("JPEG", "PNG"):
        file = io.BytesIO()
        Image.fromarray(photo).save(file, kind)
        media = open_bytes(file.getvalue())
        seen |= {e.code: e.question for detector in DETECTORS for e in detector().examine(media)}
    assert {code: q for code, q in seen.items() if code in table} == {c: table[c] for c in table if c in seen}
    assert {"copy_move.duplicate", "jpeg.double", "jpeg.foreign_grid", "jpeg.grid"} <= set(seen)


def test_the_published_schema_is_up_to_date() -> None:
    module = load("render_schema")
    published = module.target().read_text(encoding="utf-8")
    assert published == module.render(), "run: python docs/render_schema.py (and raise SCHEMA_VERSION)"


def test_benchmarks_of_marks_are_rendered_as_far_as_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("render_benchmarks")
    module, results = sys.modules["render_marks"], tmp_path
    for name in ("render_marks", "render_tables"):
        monkeypatch.setattr(sys.modules[name], "RESULTS", results)
    assert module.watermarks() == []
    machine = {"cores": 2, "processor": "x", "python": "3", "load": 1.0}
    row = {
        "group": "g", "attack": "jpeg:50", "demand": 1.0, "met": False, "pictures": 4, "detected": 3,
        "exact": 2, "interval": [0.3, 0.954], "weakest_log10_p": -1.0, "median_log10_p": -9.5,
        "seconds_per_megapixel": 0.05,
    }  # fmt: skip
    contract = {
        "command": "c",
        "machine": machine,
        "rate": 1e-6,
        "codec": "spread",
        "pictures": {"kodak": 4},
        "least_psnr": 40.01,
    }
    free = {**row, "attack": "blur:20", "demand": None, "met": True}
    (results / "watermark_contract_spread.json").write_text(json.dumps({**contract, "rows": [row, free]}))
    alarms = {
        "command": "c", "machine": machine, "pairs": 1000, "pictures": 10,
        "attacks": ["none", "mark", "none"],
        "rows": [{"rate": 0.01, "alarms": 9, "interval": [0.005, 0.017], "inside": True}],
        "smallest_log10_p": -3.2,
    }  # fmt: skip
    (results / "watermark_false_alarms_learned.json").write_text(json.dumps(alarms))
    other = {
        "command": "c",
        "machine": machine,
        "rows": [{"scheme": "x", "bit_accuracy": 0.98765, "of": [1, 2.0]}],
    }
    (results / "watermark_comparison.json").write_text(json.dumps(other))
    survival, chance, comparison = module.watermarks()
    assert "| `jpeg:50` | 100% | **3 of 4** | 2 | 0.300 to 0.954 | 10^-1.0 | 10^-9.5 | 50 |" in survival
    assert "| `blur:20` |  | 3 of 4 | 2 |" in survival
    assert "4 of kodak. PSNR at least 40.01 dB" in survival
    assert "looks like a mark: detect" in chance
    assert "| 0.01 | 9 | 0.009 | 0.005 to 0.017 |" in chance
    assert "`none`, `mark` (`mark`: marked with another key)" in chance
    assert "| scheme | bit accuracy | of |" in comparison
    assert "| x | 0.988 | 1 to 2 |" in comparison


def test_the_tables_of_benchmarks_are_those_of_the_results() -> None:
    rendered = load("render_benchmarks").render()
    published = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert published == rendered, "run: python docs/render_benchmarks.py"


def test_the_tables_of_restoration_are_up_to_date() -> None:
    page = (DOCS / "restoration.md").read_text(encoding="utf-8")
    assert load("render_restoration").render(page) == page, "run: python docs/render_restoration.py"
    assert "| image/jpeg | credentials only |" in page


def test_the_tables_of_the_store_are_up_to_date() -> None:
    page = (DOCS / "store.md").read_text(encoding="utf-8")
    assert load("render_store").render(page) == page, "run: python docs/render_store.py"
    assert "| look-up by its fingerprint, new process |" in page


def test_the_tables_of_signed_decoders_of_others_are_up_to_date() -> None:
    page = (DOCS / "signed_decoders_others.md").read_text(encoding="utf-8")
    assert load("render_signed_others").render(page) == page, "run: python docs/render_signed_others.py"
