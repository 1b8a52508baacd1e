"""Training learns, goes on where it stopped, and ends in files that compute the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.datasets.packs import PROCEDURAL, Squares, load_squares  # noqa: E402
from forensics.errors import UsageError  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.log import LOG, read_log  # noqa: E402
from forensics.training.loop import fit  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402
from forensics.training.task import Observer, Silent  # noqa: E402
from forensics.watermark.learned.frontend import Learned  # noqa: E402
from forensics.watermark.train.distortions import DISTORTIONS  # noqa: E402
from forensics.watermark.train.finish import finish_keyed  # noqa: E402
from forensics.watermark.train.keyed import PRESETS, Keyed, KeyedConfig, Pair, measure  # noqa: E402
from forensics.watermark.train.networks import NetworkConfig  # noqa: E402

CPU = torch.device("cpu")
TINY = KeyedConfig(NetworkConfig(8, 1, 8), Schedule(steps=4, batch=2, rate=2e-3, every=2))


def train(config: KeyedConfig, squares: Squares, folder: Path, observer: Observer | None = None) -> Pair:
    return fit(Keyed(config, squares, CPU), folder, observer)


@pytest.fixture(scope="module")
def squares() -> Squares:
    return load_squares(PROCEDURAL, 128, 40)


def test_run_that_was_interrupted_ends_as_one_that_was_not(squares: Squares, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    one = train(TINY, squares, whole)

    class StopError(Exception):
        pass

    class Stop(Silent):
        def stepped(self, step: int, done: float) -> None:
            if step == 3:  # after the checkpoint at 2
                raise StopError

    with pytest.raises(StopError):
        train(TINY, squares, parts, Stop())
    steps: list[int] = []

    class Counting(Silent):
        def stepped(self, step: int, done: float) -> None:
            steps.append(step)

    other = train(TINY, squares, parts, Counting())
    assert steps == [2, 3, 4]  # it goes on, and does not begin again
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-6)


def test_checkpoint_of_another_run_is_refused(squares: Squares, tmp_path: Path) -> None:
    train(TINY, squares, tmp_path)
    with pytest.raises(UsageError, match="other settings"):
        train(replace(TINY, psnr=(30.0, 40.0)), squares, tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="no checkpoint"):
        train(TINY, squares, tmp_path)


def test_log_says_what_was_measured(squares: Squares, tmp_path: Path) -> None:
    train(TINY, squares, tmp_path)
    log = read_log(tmp_path / LOG)
    assert log["step"] == [2, 4]
    assert np.isfinite(list(log.values())).all()
    assert {f"snr {kind}" for kind in DISTORTIONS} < set(log)


@pytest.mark.slow
def test_some_steps_read_marks_better(squares: Squares, tmp_path: Path) -> None:
    config = KeyedConfig(NetworkConfig(16, 2, 8), Schedule(steps=120, batch=8, rate=2e-3, every=120))
    pair = train(config, squares, tmp_path)
    trained, untrained = measure(pair, squares), measure(None, squares)
    assert trained["none"].snr > 1.08 * untrained["none"].snr
    assert trained["moved"].snr > 1.05 * untrained["moved"].snr


def test_model_is_what_was_trained(squares: Squares, tmp_path: Path) -> None:
    pair = train(TINY, squares, tmp_path)
    metrics = finish_keyed(pair, TINY, squares, tmp_path, Origins("made up", "none", "train"))
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    front = Learned(open_bundle(tmp_path))
    luma = squares[0, :, :, 0].astype(np.float32)
    value = torch.from_numpy(luma[None, None])
    with torch.no_grad():
        for found, expected in (
            (front.amplitude(luma), pair.encoder(value)),
            (front.residual(luma), pair.extractor(value)),
        ):
            np.testing.assert_allclose(found, expected[0, 0].numpy(), rtol=1e-4, atol=1e-4)


def test_presets_grow() -> None:
    seen = [PRESETS[name].schedule.steps * PRESETS[name].schedule.batch for name in ("smoke", "cpu", "gpu")]
    assert seen == sorted(seen)
