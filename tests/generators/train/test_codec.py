"""Runs of codecs by their parts: every bottleneck takes a step, noise is taken off, costs rise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.pipelines.opening import PAINTER, TOKENIZER, network_of  # noqa: E402
from forensics.generators.train.codec import PRESETS, CodecRun, Coding, finish  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.pictures import Pictures  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402


def pictures(side: int = 16) -> Pictures:
    """Even pictures of different colours."""
    colours = np.random.default_rng(2).integers(0, 256, (60, 1, 1, 3), np.uint8)
    return Pictures(np.broadcast_to(colours, (60, side, side, 3)).copy(), None, torch.device("cpu"))


def trained(task: Coding, steps: int, rate: float) -> None:
    players = task.players()
    by = {name: torch.optim.Adam(player.parameters(), rate) for name, player in players.items()}
    for step in range(steps):
        for turn in task.turns(step, task.schedule.done(step)):
            by[turn.player].zero_grad()
            turn.loss.backward()
            by[turn.player].step()


def small(run: CodecRun, **changes: Any) -> CodecRun:
    model = replace(run.model, width=8, tokens=min(run.model.tokens, 16), sides=(1, 2))
    return replace(run, model=model, side=16, schedule=replace(run.schedule, steps=2, batch=2), **changes)


@pytest.mark.parametrize("preset", sorted(PRESETS.keys() - {"gpu", "smoke"}))
def test_every_codec_takes_a_step(preset: str) -> None:
    task = Coding(small(PRESETS[preset]), pictures())
    trained(task, 1, 1e-3)
    metrics = task.measure(task.module.eval())
    assert np.isfinite(list(metrics.values())).all()
    smooth = task.config.model.bottleneck in ("gaussian", "planar", "iaf")
    assert ("active share of latents held out" in metrics) is smooth
    assert ("perplexity of tokens held out" in metrics) is not smooth


def test_noise_is_taken_off_as_far_as_averages_can() -> None:
    """Of an even picture with noise of deviation 0.2, 256 pixels tell the colour: far better than 14 dB."""
    run = replace(small(PRESETS["denoising"]), model=replace(PRESETS["denoising"].model, width=8, amount=0.0))
    run = replace(run, schedule=replace(run.schedule, batch=16))
    task = Coding(run, pictures())
    trained(task, 400, 4e-3)
    metrics = task.measure(task.module.eval())
    assert metrics["PSNR held out, noisy"] == pytest.approx(14.0, abs=1.5)  # less what is cut at the ends
    assert metrics["PSNR held out, denoised"] > metrics["PSNR held out, noisy"] + 6


def test_cost_of_the_bottleneck_rises() -> None:
    run = small(PRESETS["vae"], anneal=0.5)
    run = replace(
        run, model=replace(run.model, amount=100.0), schedule=replace(run.schedule, steps=100, batch=16)
    )
    task = Coding(run, pictures())
    losses = [float(turn.loss.detach()) for step in (0, 25, 50, 99) for turn in task.turns(step, step / 100)]
    assert losses[0] < 3
    assert losses[1] == pytest.approx(losses[2] / 2, rel=0.3)
    assert losses[3] == pytest.approx(losses[2], rel=0.3)


def test_vqgan_has_all_its_parts() -> None:
    run = small(PRESETS["vqgan"], texture_from=0.5)
    task = Coding(run, pictures())
    assert [[turn.player for turn in task.turns(step, step / 2)] for step in (0, 1)] == [
        ["codec"],
        ["codec", "critic"],
    ]
    plain = Coding(replace(run, features=0.0), pictures())
    losses = [float(next(each.turns(0, 0.0)).loss.detach()) for each in (task, plain)]
    assert losses[0] > losses[1] + 1e-3
    places = task.module.codec
    with torch.no_grad():
        x = torch.rand(1, 3, 16, 64)
        for weight in places.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
        before = places.down(x)[..., 0]
        x[..., 48:] = 0.0  # four tokens away: only attention and norms of all features see it
        assert not torch.allclose(places.down(x)[..., 0], before)


@pytest.mark.parametrize("preset", ["spherical", "residual", "dvae", "scales"])
def test_tokens_of_files_are_those_of_the_module(preset: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    run = small(PRESETS[preset])
    run = replace(run, model=replace(run.model, width=8, factor=4, sides=(1, 2, 4), attention=True))
    task, corpus = Coding(run, pictures()), Corpus(np.zeros((40, 16, 16, 3), np.uint8))
    card = FAMILIES["codec"].card("test", task, Origins("made up", "none", "a test"), 2)
    finish(task, task.module, tmp_path, card, corpus)
    codec, bundle = task.module.codec.eval(), open_bundle(tmp_path)
    x = torch.rand(3, 3, 16, 16)
    with torch.no_grad():
        found = codec.latents(x)
        back = codec.pictures(codec.bottleneck.of_indices(found.indices)).numpy()
    tokens = network_of(bundle, TOKENIZER)(x.numpy())
    assert tokens.shape == ((3, 1, 21) if preset == "scales" else (3, 4, 4 * codec.bottleneck.each))
    assert (tokens == found.indices.numpy()).mean() > 0.98  # but for ties
    np.testing.assert_allclose(network_of(bundle, PAINTER)(found.indices.numpy()), back, atol=1e-4)


def test_bound_of_several_draws_is_trained_on() -> None:
    run = small(PRESETS["iwae"])
    run = replace(run, schedule=replace(run.schedule, batch=8))
    task = Coding(run, pictures())
    before = float(next(task.turns(0, 0.0)).loss.detach())
    trained(task, 40, 3e-3)
    assert float(next(task.turns(0, 0.0)).loss.detach()) < before - 0.3
    with pytest.raises(UsageError, match="have a bound"):
        replace(PRESETS["vqvae"], draws=2)
