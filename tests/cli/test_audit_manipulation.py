"""`forensics audit` on a splice: before and after the save that hides it."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from tests.cli.commands import answered


def decoded(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.fixture(scope="module")
def spliced() -> np.ndarray:
    host, other = (decoded(camera(seed, 320, 384), 80) for seed in (31, 32))
    picture = host.copy()
    picture[99:219, 165:285] = other[40:160, 80:200]
    return picture


def test_a_splice_is_accused_with_its_map_until_another_save(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, spliced: np.ndarray
) -> None:
    lossless, saved = tmp_path / "splice.png", tmp_path / "splice.jpg"
    Image.fromarray(spliced).save(lossless)
    Image.fromarray(spliced).save(saved, quality=70)
    chosen = ("--only", "jpeg", "--only", "noise", "--only", "copy_move")
    maps = tmp_path / "maps"
    answer = answered(capsys, "audit", "--json", *chosen, "--maps", maps, lossless, saved)
    assert answer.status == 0
    first, second = ({e["code"]: e for e in record["evidence"]} for record in answer.records)
    assert first["jpeg.foreign_grid"]["status"] == "signal"
    shown = cv2.imread(str(maps / first["jpeg.foreign_grid"]["maps"][0]["file"]), cv2.IMREAD_GRAYSCALE)
    whole = cv2.resize(shown, (384, 320)) > 127
    assert whole[130:190, 200:260].mean() > 0.8
    assert not whole[:60].any()
    assert second["jpeg.foreign_grid.not_applicable"]["status"] == "not_applicable"
    assert "hides" in second["jpeg.foreign_grid.not_applicable"]["summary"]
    accused = [e for e in second.values() if e["question"] == "altered" and e["llr"]]
    assert not accused
