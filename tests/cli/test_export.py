"""`forensics export`, end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ..exporting.networks import detector
from .commands import Answer, answered

pytest.importorskip("onnxruntime")


@pytest.fixture
def forensics(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    return lambda *arguments: answered(capsys, *arguments)


def test_detector_is_exported_and_asked(forensics: Callable[..., Answer], tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for label in ("real", "fake"):
        (tmp_path / "set" / label).mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 200 if label == "real" else 256, (96, 96, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / label / f"{label}{number}.png", compress_level=1)
    source, out = detector(tmp_path / "source"), tmp_path / "out"
    found = forensics(
        "export", source, "-o", out, "--precision", "int8", "--data", tmp_path / "set", "--json"
    )
    assert (found.status, found.err) == (0, "")
    (network,) = found.record["networks"]
    assert network["inputs"] == 6
    assert network["auc"] is not None
    assert (network["opset"], network["decisions"]) == (18, "signs")
    audit = forensics(
        "audit", "--json", "--only", "own_out", "--detector", out, tmp_path / "set" / "fake" / "fake0.png"
    )
    assert "own_out.generated" in {e["code"] for e in audit.record["evidence"]}
    text = forensics(
        "export", "watermark_learned", "-o", tmp_path / "fp16", "--precision", "fp16", "--count", "4"
    )
    assert text.status == 0
    assert "extractor.onnx: 344,540 bytes -> " in text.out
    assert "signs that changed: " in text.out


def test_listing_names_versions(forensics: Callable[..., Answer]) -> None:
    listed = forensics("export", "--list", "--json").records
    assert {"model": "codec", "file": "encoder.onnx", "bytes": 1417553, "opset": 18, "ir": 8} in listed


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nobody", "-o", "OUT"], 2, "no model 'nobody'"),
        (["codec"], 2, "with -o"),
        (["codec", "-o", "OUT", "--dynamic", "--side", "64"], 2, "--dynamic leaves free"),
        (["flow", "-o", "OUT", "--side", "24"], 2, "for a side of 16 only"),
        (["codec", "-o", "OUT", "--data", "/nowhere"], 2, "nowhere"),
        (["EMPTY", "-o", "OUT"], 4, "card.json"),
    ],
)
def test_wrong_use(
    forensics: Callable[..., Answer], tmp_path: Path, arguments: list[str], status: int, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"OUT": str(tmp_path / "out"), "EMPTY": str(tmp_path / "empty")}
    found = forensics("export", *(places.get(a, a) for a in arguments))
    assert (found.status, found.out) == (status, "")
    assert message in found.err
    assert not (tmp_path / "out").exists()
