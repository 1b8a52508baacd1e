"""Autoencoders no two of which are alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.detectors.train.zoo.finish import finish_autoencoder  # noqa: E402
from forensics.detectors.train.zoo.networks import design_of  # noqa: E402
from forensics.detectors.train.zoo.run import PRESETS, Reconstructing, autoencoder_of  # noqa: E402
from forensics.generators.parts.resampling import UPSAMPLINGS  # noqa: E402
from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.loop import fit  # noqa: E402


def squares(count: int = 24, side: int = 48) -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, side // 8, side // 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.mark.parametrize("number", range(8))
def test_each_gives_back_pictures_of_any_size(number: int) -> None:
    module = autoencoder_of(design_of(number)).eval()
    for size in ((48, 48), (64, 40)):
        factor = 2**module.design.halvings
        shape = (1, module.design.latents, size[0] // factor, size[1] // factor)
        latents = torch.rand(shape) if module.design.shared else module.encode(torch.rand(1, 3, *size))
        assert latents.shape == shape
        assert module(latents).shape == (1, 3, *size)


@pytest.mark.parametrize("number", range(5, 10))
def test_all_of_a_changed_decoder_learns(number: int) -> None:
    module = autoencoder_of(replace(design_of(number), last=1))  # as few new layers as there can be
    assert all(value.requires_grad for value in module.decoder.layers.parameters())
    module(torch.rand(1, 12, 8, 8)).square().mean().backward()
    assert all(value.grad is not None for value in module.decoder.layers.parameters())


def test_designs_differ_and_stay() -> None:
    designs = [design_of(number) for number in range(20)]
    assert len(set(designs)) == 20
    assert {d.upsampling for d in designs} == set(UPSAMPLINGS)
    assert design_of(7) == designs[7]


@pytest.mark.parametrize("number", [2, 7])
def test_they_learn_and_become_codecs(number: int, tmp_path: Path) -> None:
    run = PRESETS["smoke"]
    run = replace(run, schedule=replace(run.schedule, steps=60, every=60))
    task = Reconstructing(run, number, squares(), torch.device("cpu"))
    before = task.measure(task.module)["psnr"]
    metrics = finish_autoencoder(task, fit(task, tmp_path), tmp_path, Origins("made up", "none", "a test"))
    assert metrics["psnr"] > before + 3
    bundle = open_bundle(tmp_path)
    x = np.random.default_rng(1).random((1, 3, 48, 64), np.float32)
    assert network_of(bundle, DECODER)(network_of(bundle, ENCODER)(x)).shape == x.shape
