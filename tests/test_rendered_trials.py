"""The section of the benchmarks on detectors: what its tables say of a result."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


def cell(row: str, maker: str, auc: float, **changes: Any) -> dict[str, Any]:
    return {
        "row": row, "maker": maker, "delivery": "none", "real": 9, "fake": 9, "real_answered": 1.0,
        "fake_answered": 0.5, "seen": False,
        "figures": {"AUC": [auc, auc - 0.1, auc + 0.1], "Cllr": [0.5, 0, 1]},
    } | changes  # fmt: skip


def test_trials_are_rendered_as_far_as_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    spec = importlib.util.spec_from_file_location("render_trials", DOCS / "render_trials.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in (module, sys.modules["render_tables"]):
        monkeypatch.setattr(name, "RESULTS", tmp_path)
    assert module.trials() == []
    corpus = {"name": "set", "split": "test", "real": 9, "fake": 9, "real_sources": 8, "fake_sources": 7}
    alarms = {
        "corpus": "kodak", "delivery": "jpeg:75", "row": "fused", "at": "odds", "accused": 0, "pictures": 8,
        "answered": 3, "low": 0.0, "high": 0.324,
    }  # fmt: skip
    trial = {
        "about": "squares", "corpora": [corpus], "notes": ["A note."], "failed": ["x: boom"], "alarms": [],
        "pooled": [
            cell("a.x", "all", 0.75), cell("a.x", "all", 0.6, delivery="blur:1"),
            cell("a.x", "seen", 0.9), cell("fused", "all", 0.7, delivery="blur:1"),
            cell("control.b", "all", 0.5), cell("b", "all", 0.5, real=0, fake=0),
        ],
        "makers": [cell("a.x", "m", 0.75, seen=True), cell("a.x", "n", 0.5)],
    }  # fmt: skip
    machine = {"cores": 2, "processor": "x", "python": "3", "load": 1.0}
    silent = trial | {"pooled": [cell("b", "all", 0.5, real=0, fake=0)], "makers": [], "notes": []}
    alone = trial | {"pooled": [], "makers": [], "alarms": [alarms]}
    result = {"command": "c", "machine": machine, "trials": {"small": trial, "gan": silent, "camera": alone}}
    (tmp_path / "detectors.json").write_text(json.dumps(result))
    (page,) = module.trials()
    assert "| `a.x` | all | none | 100%, 50% | 0.750 (0.650-0.850) | - | - | - | - | - | 0.500 | - |" in page
    assert "| `a.x` | all | 0.750 (0.650-0.850) | 0.600 (0.500-0.700) |" in page
    assert "| `a.x` | all | blur:1 |" not in page
    assert "| `fused` | all | blur:1 | 100%, 50% | 0.700 (0.600-0.800) |" in page
    assert "control" not in page
    assert "0.900" not in page
    assert "| m | 0.750 (0.650-0.850) (seen) |" in page
    assert "- A note.\n- failed: x: boom" in page
    assert "set (test): 9 photos of 8 sources, 9 made ones of 7." in page
    assert "### Six GANs" in page
    assert "No finding speaks of any of these pictures." in page
    assert "| photos | row | threshold | jpeg:75 |" in page
    assert "| kodak | `fused` | odds | 0 of 8 (3) |" in page
