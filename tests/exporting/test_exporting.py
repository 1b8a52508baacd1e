"""Exported models can be used in the place of what they were made of, and their cards say what they lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from forensics.detectors.learned.model import CLASSIFIER, TABLE, tile_model_of
from forensics.errors import ModelError, UsageError
from forensics.exporting.exporting import Wanted, export_model, opened
from forensics.exporting.graphs import Precision
from forensics.exporting.inputs import inputs_of, side_of
from forensics.exporting.losses import loss_of, roc_area
from forensics.runtime.sessions import Session
from forensics.runtime.store import bundled, open_bundle

from ..onnx_models import linear
from .networks import convolving, detector

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)


def test_export_can_stand_in_and_says_what_it_lost(pictures: np.ndarray, tmp_path: Path) -> None:
    source = open_bundle(detector(tmp_path / "source", table=b"{}"))
    truth = np.arange(8) % 2 == 0
    made = export_model(source, tmp_path / "out", Wanted(Precision.INT8), pictures, truth, "noise")
    found = open_bundle(tmp_path / "out")
    (loss,) = made.losses
    assert loss.inputs == 6
    others = pictures[2:]  # the first two gave the ranges
    logits = [tile_model_of(bundle).logits(others) for bundle in (source, found)]
    assert loss.largest == pytest.approx(np.abs(logits[0] - logits[1]).max(), rel=1e-3)
    assert loss.changed == ((logits[0] > 0) != (logits[1] > 0)).mean()
    assert loss.auc_after == roc_area(logits[1], truth[2:])
    assert made.left_out == [TABLE]
    assert TABLE not in found.card["files"]
    assert found.card["export"]["precision"] == "int8"
    assert found.card["export"]["of"] == {CLASSIFIER: hashlib.sha256(convolving()).hexdigest()}
    assert found.card["export"]["losses"][0]["largest"] == loss.largest
    assert found.card["onnx"][CLASSIFIER]["opset"] == 18
    assert "| classifier.onnx |" in (tmp_path / "out" / "card.md").read_text()


def test_whole_numbers_lose_nothing_and_keep_the_calibration(pictures: np.ndarray, tmp_path: Path) -> None:
    source = open_bundle(detector(tmp_path / "source", table=b"{}"))
    made = export_model(source, tmp_path / "out", Wanted(), pictures)
    assert [(x.largest, x.changed, x.auc) for x in made.losses] == [(0.0, 0.0, None)]
    assert open_bundle(tmp_path / "out").read(TABLE) == b"{}"
    again = export_model(source, tmp_path / "out", Wanted(side=64, batch=4), pictures)
    assert Session((tmp_path / "out" / CLASSIFIER).read_bytes()).shapes == ((4, 3, 64, 64),)
    assert again.left_out == [TABLE]
    assert not (tmp_path / "out" / TABLE).exists()


def test_what_is_there_is_not_overwritten(pictures: np.ndarray, tmp_path: Path) -> None:
    source = open_bundle(detector(tmp_path / "source"))
    before = (tmp_path / "source" / "card.json").read_bytes()
    with pytest.raises(UsageError, match="holds something else"):
        export_model(source, tmp_path / "source", Wanted(), pictures)
    assert (tmp_path / "source" / "card.json").read_bytes() == before
    with pytest.raises(UsageError, match="is no folder"):
        export_model(source, tmp_path / "source" / "card.json", Wanted(), pictures)
    (tmp_path / "source" / CLASSIFIER).write_bytes(linear(1.0, 0.0))
    with pytest.raises(ModelError, match="not the file that its card names"):
        export_model(source, tmp_path / "out", Wanted(), pictures)
    assert not (tmp_path / "out").exists()


def test_models_are_named_or_folders(tmp_path: Path) -> None:
    assert opened("codec").folder == bundled("codec").folder
    with pytest.raises(UsageError, match="no model 'nobody': neither a folder nor one of codec, "):
        opened("nobody")


@pytest.mark.parametrize("name", ["codec", "codec_signing", "flow", "gan", "video", "watermark_signing"])
def test_networks_of_the_suite_are_shown_what_they_take(pictures: np.ndarray, name: str) -> None:
    bundle = bundled(name)
    networks = {f: Session(bundle.read(f)) for f in bundle.card["files"] if f.endswith(".onnx")}
    side = side_of(networks, 0)
    inputs = inputs_of(bundle, networks, pictures[:2, :side, :side])
    for file, session in networks.items():
        assert np.isfinite(session(*inputs[file])[0]).all()


def test_losses_are_counted_by_hand() -> None:
    before = np.array([[-1.0], [2.0], [0.5], [-3.0]], np.float32)
    after = np.array([[-1.0], [1.5], [-0.5], [-3.0]], np.float32)
    found = loss_of(CLASSIFIER, before, after, np.array([False, True, True, False]))
    assert (found.largest, found.changed, found.auc, found.auc_after) == (1.0, 0.25, 1.0, 1.0)
    assert found.relative == pytest.approx(1 / 3)
    with pytest.raises(ModelError, match="gives no numbers any more"):
        loss_of(CLASSIFIER, before, after * np.nan)


def test_levels_of_pictures_are_compared() -> None:
    levels = np.array([[0.0, 0.4995, 1.0, 1.2]], np.float32)
    found = loss_of("decoder.onnx", levels, levels + np.float32(0.001))
    assert (found.decisions, found.changed) == ("levels", 0.25)  # 127.4 to 127.6


def test_files_agree_with_pytorch(pictures: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    for name in ("codec", "gan", "watermark_signing"):
        made = export_model(bundled(name), tmp_path / name, Wanted(), pictures[:4])
        assert made.parity
        assert max(x.relative for x in made.parity.values()) < 1e-4
    card = json.loads((tmp_path / "gan" / "card.json").read_text())
    assert card["export"]["parity with PyTorch"][0]["file"] == "generator.onnx"
