"""What trained models say of pictures without PyTorch is what their modules say with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.model import CodecConfig  # noqa: E402
from forensics.generators.evaluation.judges import check_fits  # noqa: E402
from forensics.generators.evaluation.opening import open_judge  # noqa: E402
from forensics.generators.flows.model import FlowConfig  # noqa: E402
from forensics.generators.flows.tarflow import TarFlowConfig  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.opening import network_of  # noqa: E402
from forensics.generators.tokens.model import TokenConfig, causal_loss  # noqa: E402
from forensics.generators.tokens.pixelcnn import PixelCNNConfig, bits  # noqa: E402
from forensics.generators.train.codec import CodecRun  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.denoising import DenoiserRun  # noqa: E402
from forensics.generators.train.likelihood import NfRun, centred_bits  # noqa: E402
from forensics.generators.train.tokens import TokenRun  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.schedule import Schedule  # noqa: E402

from .trained import trained_module  # noqa: E402

SIDE = 8
FEW = Schedule(steps=12, batch=8, rate=5e-3, warm_up=2, every=12, width=0.1, decay=0.0)
GLOW = NfRun(FlowConfig(side=SIDE, levels=2, steps=3, width=8), FEW)
NFS = {
    "glow": GLOW,
    "realnvp": replace(GLOW, model=replace(GLOW.model, kind="realnvp")),
    "tarflow": NfRun(TarFlowConfig(side=SIDE, patch=2, layers=3, depth=1, width=16, heads=2), FEW),
}


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Smooth pictures with a little noise."""
    rng = np.random.default_rng(7)
    coarse = rng.uniform(30, 220, (44, 2, 2, 3)).repeat(SIDE // 2, axis=1).repeat(SIDE // 2, axis=2)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def trained(family: str, run: Any, folder: Path, corpus: Corpus) -> Any:
    """Train a model into a folder, and return its module."""
    module, metrics = trained_module(family, run, folder, corpus)
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    return module.eval()


def said(folder: Path, pictures: np.ndarray, codec: Path | None = None) -> tuple[Any, np.ndarray]:
    """Return what a model is given of some pictures, and its figures."""
    judge = open_judge(folder, codec)
    check_fits(judge, pictures)
    chance = Chance(3, range(len(pictures)))
    x = judge.code(pictures, chance)
    return x, judge.figures(x, chance)


@pytest.mark.parametrize("run", NFS.values(), ids=list(NFS))
def test_bits_of_flows_are_those_of_pytorch(tmp_path: Path, pictures: np.ndarray, run: NfRun) -> None:
    flow = trained("nf", run, tmp_path / "model", Corpus(pictures))
    x, found = said(tmp_path / "model", pictures[:9])
    with torch.no_grad():
        expected = centred_bits(flow, torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-4)
    assert 3.0 < found.mean() < 9.0


def test_bits_of_grey_levels_are_those_of_pytorch(tmp_path: Path, pictures: np.ndarray) -> None:
    run = TokenRun(PixelCNNConfig(width=12, depth=1, levels=16), FEW, side=SIDE)
    module = trained("tokens", run, tmp_path / "model", Corpus(pictures))
    x, found = said(tmp_path / "model", pictures[:9])
    levels = (torch.from_numpy(np.moveaxis(pictures[:9], -1, 1).copy()).float() / 255.0 * 15).round()
    np.testing.assert_array_equal(x, levels.long().numpy())
    with torch.no_grad():
        expected = bits(module, levels.long()).numpy()
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-4)


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory, pictures: np.ndarray) -> Path:
    folder = tmp_path_factory.mktemp("models") / "codec"
    model = CodecConfig(factor=4, width=8, bottleneck="rounding", levels=(5, 5))
    trained("codec", CodecRun(model, FEW, side=SIDE), folder, Corpus(pictures))
    return folder


@pytest.mark.parametrize("classes", [(), ("one", "two")], ids=["without classes", "with classes"])
def test_bits_of_tokens_are_those_of_pytorch(
    tmp_path: Path, pictures: np.ndarray, codec: Path, classes: tuple[str, ...]
) -> None:
    run = TokenRun(TokenConfig(width=16, depth=1, heads=2), FEW, side=SIDE)
    labels = np.arange(len(pictures)) % 2 if classes else None
    corpus = Corpus(pictures, labels, classes, codec=open_bundle(codec))
    module = trained("tokens", run, tmp_path / "model", corpus)
    x, found = said(tmp_path / "model", pictures[:9], codec)
    np.testing.assert_array_equal(x, corpus.tokens()[:9])
    with torch.no_grad():
        nats = float(causal_loss(module, torch.from_numpy(x).flatten(1)))
    assert found.mean() == pytest.approx(nats / np.log(2.0), abs=1e-4)
    masked = replace(run, model=replace(run.model, causal=False))
    trained("tokens", masked, tmp_path / "masked", corpus)
    with pytest.raises(UsageError, match="says nothing of pictures"):
        open_judge(tmp_path / "masked", codec)


def test_latents_are_those_of_the_codec(tmp_path: Path, pictures: np.ndarray, codec: Path) -> None:
    run = DenoiserRun(TransformerConfig(patch=1, width=16, depth=1, heads=2), FEW, side=SIDE)
    corpus = Corpus(pictures, codec=open_bundle(codec))
    module = trained("flow", run, tmp_path / "model", corpus)
    x, found = said(tmp_path / "model", pictures[:9], codec)
    np.testing.assert_allclose(x, corpus.latents()[:9], atol=1e-5)
    encode = network_of(open_bundle(codec), "encoder.onnx")
    np.testing.assert_allclose(
        x, encode(np.moveaxis(pictures[:9], -1, 1).astype(np.float32) / 255.0), atol=1e-5
    )
    noise = Chance(3, range(9)).normal(x.shape[1:])  # of the first level: sigma / alpha = 16, t = 1 / 17
    z, t = torch.from_numpy(x / 17 + 16 / 17 * noise), torch.full((9,), 1 / 17)
    with torch.no_grad():
        error = (module(z, t).numpy() - x) ** 2  # the network predicts the picture
    np.testing.assert_allclose(found[:, 0], error.mean((1, 2, 3)), rtol=1e-3)
