"""The small HiDDeN: its parts, its training, and whitening."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.datasets.packs import PROCEDURAL, Squares, load_squares  # noqa: E402
from forensics.runtime.sessions import Session  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.loop import Schedule, fit  # noqa: E402
from forensics.watermark.train.distortions import DISTORTIONS  # noqa: E402
from forensics.watermark.train.finish import Origins, finish_hidden  # noqa: E402
from forensics.watermark.train.hidden import (  # noqa: E402
    PRESETS,
    Hidden,
    HiddenConfig,
    Network,
    Reader,
    Sender,
    Whitened,
    accuracies,
)

CPU = torch.device("cpu")
TINY = HiddenConfig(Network(8, 8, 1, 2), Schedule(steps=3, batch=2, rate=2e-3, every=3))


@pytest.fixture(scope="module")
def squares() -> Squares:
    return load_squares(PROCEDURAL, 64, 60)


def test_sender_adds_a_pattern_that_depends_on_the_message(squares: Squares) -> None:
    torch.manual_seed(0)
    sender = Sender(Network(8, 8, 1, 2))
    luma = torch.from_numpy(squares[:1, None, :, :, 1].astype(np.float32))
    one, other = (sender(luma, sign * torch.ones(1, 8)).detach() for sign in (1, -1))
    assert one.shape == luma.shape
    assert float((one - other).abs().max()) > 0


@pytest.mark.parametrize("size", [(64, 64), (30, 130), (256, 96)])
def test_reader_takes_any_size(size: tuple[int, int]) -> None:
    assert Reader(Network(8, 8, 1, 2))(torch.rand(2, 1, *size) * 255).shape == (2, 9)


def test_reader_does_not_care_where_a_pattern_lies(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    reader = Reader(Network(8, 16, 1, 2)).eval()
    plane = torch.full((1, 1, 160, 160), 128.0)
    patch = torch.from_numpy(rng.normal(0, 20, (48, 48)).astype(np.float32))
    logits = []
    for y, x in ((32, 32), (60, 88), (78, 40)):
        shown = plane.clone()
        shown[0, 0, y : y + 48, x : x + 48] += patch
        logits.append(reader(shown).detach().numpy())
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)
    np.testing.assert_allclose(logits[2], logits[0], atol=1e-4)


def test_training_goes_on_and_measures_everything(squares: Squares, tmp_path: Path) -> None:
    pair = fit(Hidden(TINY, squares, CPU), tmp_path)
    found = accuracies(pair, squares, 64, 36.0)
    assert {f"accuracy {kind}" for kind in DISTORTIONS} < set(found)
    assert all(0 <= value <= 1 for value in found.values())
    assert (tmp_path / "checkpoint.safetensors").is_file()


def test_model_computes_what_was_trained(squares: Squares, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pair = fit(Hidden(TINY, squares, CPU), tmp_path)
    found = finish_hidden(pair, TINY, squares, tmp_path, Origins("made up", "none", "train"))
    assert found["largest difference of ONNX and PyTorch"] < 1e-4
    bundle = open_bundle(tmp_path)
    assert bundle.card["name"] == "watermark-signing"
    luma = np.asarray(squares[:5, None, :, :, 0], np.float32)
    (logits,) = Session(bundle.read("extractor.onnx"))(luma)
    assert logits.shape == (5, 9)


@pytest.mark.slow
def test_a_short_run_learns_to_read(tmp_path: Path) -> None:
    schedule = Schedule(steps=500, batch=16, rate=5e-3, every=500)
    config = HiddenConfig(Network(8, 32, 2, 4), schedule, side=32, psnr=(22.0, 22.0), attacked=(2.0, 3.0))
    squares = load_squares(PROCEDURAL, 64, 400)
    found = accuracies(fit(Hidden(config, squares, CPU), tmp_path), squares, 32, 22.0)
    assert found["accuracy none"] > 0.72  # 5 deviations from chance: 160 bits


def test_whitened_bits_are_independent_and_fair(rng: np.random.Generator) -> None:
    class Mixing(nn.Module):
        """Logits that hang together: a fixed mixture of the means of a picture's rows."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mix", torch.from_numpy(rng.normal(0, 1, (16, 9)).astype(np.float32)))

        def forward(self, luma: Tensor) -> Tensor:
            return luma.mean(dim=(1, 3)) @ self.mix + 5.0

    reader = Mixing()
    pictures = torch.from_numpy(rng.normal(0, 1, (4000, 1, 16, 8)).astype(np.float32))
    white = Whitened(reader, reader(pictures))
    found = white(pictures).numpy()
    np.testing.assert_allclose(np.cov(found[:, :-1].T), np.eye(8), atol=1e-3)
    np.testing.assert_allclose(found[:, :-1].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found[:, -1], reader(pictures)[:, -1].numpy(), rtol=1e-5)


def test_presets_grow() -> None:
    seen = [PRESETS[name].schedule.steps * PRESETS[name].schedule.batch for name in ("smoke", "cpu", "gpu")]
    assert seen == sorted(seen)
