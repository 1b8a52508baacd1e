"""`forensics audit --only two_stream|warping|mesonet`, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .commands import run


def test_an_audit_says_what_they_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(40, 200, (320, 384, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    only = [word for name in ("two_stream", "warping", "mesonet") for word in ("--only", name)]
    assert run("audit", str(tmp_path / "noise.png"), *only, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    found = {piece["detector"]: piece for piece in report["evidence"] if piece["detector"] != "credentials"}
    assert set(found) == {"two_stream", "warping", "mesonet"}
    assert found["two_stream"]["llr"] == 0
    assert found["mesonet"]["status"] == "not_applicable"
    assert report["verdict"] == "inconclusive"
