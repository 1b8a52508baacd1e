"""Every flow, every model of grey levels and every posterior is trained and written, and draws as ONNX."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from safetensors.torch import load_file  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.flows.model import FlowConfig  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.opening import open_pipeline  # noqa: E402
from forensics.generators.tokens.pixelcnn import PixelCNNConfig  # noqa: E402
from forensics.generators.train.bundle import WEIGHTS  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.likelihood import flow_of, pictures_of  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402

from .trained import trained  # noqa: E402

SIDE = 4


def pictures(count: int = 24) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def two_steps(family: str, run: Any, folder: Path, corpus: Corpus) -> dict[str, float]:
    run = replace(run, schedule=replace(run.schedule, steps=2, batch=4, every=2, warm_up=1))
    return trained(family, run, folder, corpus)


@pytest.mark.parametrize("preset", ["nice", "spline", "flowpp", "maf", "naf", "ffjord"])
def test_every_flow_takes_a_step(tmp_path: Path, preset: str) -> None:
    run = FAMILIES["nf"].presets[preset]
    model = replace(run.model, side=SIDE, width=8)
    model = replace(model, levels=1, steps=2) if isinstance(model, FlowConfig) else model
    metrics = two_steps("nf", replace(run, model=model), tmp_path / "model", Corpus(pictures()))
    assert np.isfinite(list(metrics.values())).all()
    pipeline = open_pipeline(tmp_path / "model")
    flow = flow_of(model, torch.Generator().manual_seed(0))
    flow.load_state_dict({n: v.float() for n, v in load_file(tmp_path / "model" / WEIGHTS).items()})
    noise = torch.from_numpy(Chance(0, range(2)).normal(pipeline.recipe.shape)).float()
    noise = noise.flatten(1) if preset in ("maf", "naf") else noise
    with torch.no_grad():
        wanted = pictures_of(flow.eval(), 0.5 * noise).clamp(0, 1).movedim(1, -1).numpy() * 255
    np.testing.assert_allclose(np.stack(list(pipeline.sample(Request(2, temperature=0.5)))), wanted, atol=3)
    drawn = list(pipeline.sample(Request(2, temperature=0.5)))
    assert [picture.shape for picture in drawn] == [(SIDE, SIDE, 3)] * 2
    again = list(pipeline.sample(Request(2, temperature=0.5, batch=1)))
    np.testing.assert_allclose(np.stack(drawn).astype(float), np.stack(again), atol=1)


def test_flows_refuse_classes_that_they_would_not_learn() -> None:
    run = replace(FAMILIES["nf"].presets["smoke"], model=FlowConfig(side=SIDE, levels=1, steps=2, width=8))
    with pytest.raises(UsageError, match="no classes"):
        FAMILIES["nf"].prepare(run, Corpus(pictures(), np.arange(24) % 2, ("a", "b")), Machine("cpu"))


@pytest.mark.parametrize("preset", ["gated", "pixelcnnpp", "pixelsnail"])
def test_every_model_of_grey_levels_takes_a_step_and_is_told_classes(tmp_path: Path, preset: str) -> None:
    run = FAMILIES["tokens"].presets[preset]
    model = replace(run.model, levels=4, width=12, depth=1)
    labels = np.arange(24) % 2
    corpus = Corpus(pictures(), labels, ("one", "two"))
    metrics = two_steps("tokens", replace(run, model=model, side=SIDE), tmp_path / "model", corpus)
    assert metrics["bits for each value of 4 levels held out"] > 0
    pipeline = open_pipeline(tmp_path / "model")
    assert pipeline.recipe.labels == ("one", "two")
    for label in (0, 1, -1):
        (picture,) = pipeline.sample(Request(label=label))
        assert set(np.unique(picture)) <= {0, 85, 170, 255}
    with pytest.raises(UsageError, match="number of steps"):
        next(pipeline.sample(Request(steps=3)))


def test_a_plain_model_of_grey_levels_knows_no_classes() -> None:
    run = replace(FAMILIES["tokens"].presets["smoke"], model=PixelCNNConfig(width=12, depth=1, levels=4))
    task = FAMILIES["tokens"].prepare(run, Corpus(pictures(), np.arange(24) % 2, ("a", "b")), Machine("cpu"))
    assert task.recipe.labels == ()


@pytest.mark.parametrize("preset", ["planar", "iaf"])
def test_every_posterior_takes_a_step(tmp_path: Path, preset: str) -> None:
    run = FAMILIES["codec"].presets[preset]
    run = replace(run, side=SIDE, model=replace(run.model, factor=2, latent=2, width=8))
    metrics = two_steps("codec", run, tmp_path / "model", Corpus(pictures()))
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
