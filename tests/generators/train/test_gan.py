"""Runs of GANs by their parts: what steadies them is at work, and styles can be changed afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from forensics.errors import ModelError  # noqa: E402
from forensics.generators.gan.inversion import invert  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.latents import mixed  # noqa: E402
from forensics.generators.pipelines.opening import open_pipeline  # noqa: E402
from forensics.generators.pipelines.styled import Styled  # noqa: E402
from forensics.generators.train.corpus import Corpus  # noqa: E402
from forensics.generators.train.families import FAMILIES  # noqa: E402
from forensics.generators.train.gan import open_maker  # noqa: E402
from forensics.generators.train.pictures import Pictures  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402

KIND = FAMILIES["gan"]


def corpus(classes: int = 0) -> Corpus:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), np.uint8)
    if not classes:
        return Corpus(pixels)
    return Corpus(pixels, np.arange(40) % classes, tuple("abc"[:classes]))


def small(preset: str, **changes: Any) -> Any:
    run = KIND.presets[preset]
    model = replace(run.model, side=8, width=4, latent=4)
    return replace(run, model=model, schedule=replace(run.schedule, steps=4, batch=4), **changes)


def played(task: Any, steps: int = 2, rate: float = 1e-3) -> list[tuple[str, float]]:
    """Take steps of plain gradient descent; return whose turns they were, at which rates."""
    taken = []
    for step in range(steps):
        for turn in task.turns(step, task.schedule.done(step)):
            player = task.players()[turn.player]
            player.zero_grad()
            turn.loss.backward()
            with torch.no_grad():
                for weight in player.parameters():
                    if weight.grad is not None:
                        weight.sub_(rate * turn.rate * weight.grad)
            assert torch.isfinite(turn.loss)
            taken.append((turn.player, turn.rate))
    return taken


NEW = (
    "style", "wgan", "ttur", "instance-noise", "historical", "unrolled", "minibatch", "deviation", "virtual",
    "ac-gan", "transformer", "ada",
)  # fmt: skip


@pytest.mark.parametrize("preset", NEW)
def test_every_way_to_steady_a_game_is_at_work(preset: str) -> None:
    task = KIND.prepare(small(preset), corpus(2), Machine("cpu"))
    if preset == "ada":
        task.module.adaptive.target = -2.0  # below all mean signs: the chance has to rise
    before = [weight.clone() for weight in task.module.parameters()]
    turns = played(task)
    changed = [not torch.equal(a, b) for a, b in zip(before, task.module.parameters(), strict=True)]
    assert np.mean(changed) > 0.6
    assert all(np.isfinite(value) for value in task.measure(task.module).values())
    match preset:
        case "wgan":
            assert [player for player, _ in turns] == (["critic"] * 5 + ["maker"]) * 2
            assert max(float(w.detach().abs().max()) for w in task.module.critic.parameters()) < 0.05001
        case "ttur":
            assert set(turns) == {("critic", 4.0), ("maker", 1.0)}
        case "historical":
            assert int(task.module.of_maker.count) == int(task.module.of_critic.count) == 2
        case "ada":
            share, step = float(task.module.adaptive.share), 4 / task.module.adaptive.length
            assert share == pytest.approx(2 * step, rel=1e-5)
        case "style":
            assert task.module.maker.mean.abs().sum() > 0


SEEN_CHANGED = [
    ("ada", {}),
    ("ada", {"unrolled": 2}),
    ("instance-noise", {"penalty": "r1 r2"}),
    ("instance-noise", {"unrolled": 2}),
]


@pytest.mark.parametrize(("preset", "changes"), SEEN_CHANGED)
def test_critics_see_no_picture_as_it_is(preset: str, changes: dict[str, Any]) -> None:
    """Not even where their slopes are measured, or where the generator looks ahead."""
    pixels = np.zeros((40, 8, 8, 3), np.uint8)
    pixels[::2] = 255
    task = KIND.prepare(small(preset, **changes), Corpus(pixels), Machine("cpu"))
    if task.module.adaptive is not None:
        task.module.adaptive.most = 1.0
        task.module.adaptive.share.fill_(1.0)
    seen: list[Any] = []
    task.module.critic.layers.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    assert {turn.player for turn in task.turns(0, 0.0)} == {"critic", "maker"}
    as_it_is = [(x.abs() - 1.0).abs().amax((1, 2, 3)) < 1e-6 for x in seen]
    assert not torch.cat(as_it_is).any()


def test_nothing_is_learned_from_what_is_held_out() -> None:
    known = corpus().pixels
    numbers = np.arange(len(known), dtype=np.int64)[:, None]
    held = Pictures(numbers, None, torch.device("cpu"), mirrored=False).held_out.x[:, 0].numpy()
    other = known.copy()
    other[held] = 90
    losses = []
    for pixels in (known, other):
        task = KIND.prepare(small("spectral"), Corpus(pixels), Machine("cpu"))
        losses.append([turn.loss.item() for turn in task.turns(0, 0.0)])
        assert len(task.pictures.held_out.x) == 2
    assert losses[0] == losses[1]


def test_generators_that_look_ahead_learn_classes_from_critics_that_name_them() -> None:
    run = small("unrolled")
    task = KIND.prepare(
        replace(run, model=replace(run.model, classes="auxiliary")), corpus(2), Machine("cpu")
    )
    _, ahead = task.turns(0, 0.0)
    task.config = replace(task.config, unrolled=0)
    _, plain = task.turns(0, 0.0)
    assert plain.loss.item() > 1.0  # about log 2 for the game, and log 2 for the name
    assert ahead.loss.item() == pytest.approx(plain.loss.item(), abs=0.1)


def test_critics_learn_to_name_classes() -> None:
    run = small("ac-gan", penalty="none")
    pixels = np.zeros((40, 8, 8, 3), np.uint8)
    pixels[::2] = 255
    dark = Corpus(pixels, np.arange(40) % 2, ("light", "dark"))
    task = KIND.prepare(run, dark, Machine("cpu"))
    played(task, 60, rate=0.1)
    x = 2.0 * torch.tensor([1.0, 0.0])[:, None, None, None].expand(2, 3, 8, 8) - 1.0
    said = task.module.critic.judged(x)
    assert said.classes.argmax(1).tolist() == [0, 1]


def test_looking_ahead_changes_what_the_generator_learns() -> None:
    slopes = []
    for steps in (0, 4):
        run = small("unrolled", unrolled=steps)
        task = KIND.prepare(replace(run, schedule=replace(run.schedule, rate=0.5)), corpus(), Machine("cpu"))
        (_, turn) = task.turns(0, 0.0)
        turn.loss.backward()
        slopes.append(torch.cat([weight.grad.flatten() for weight in task.module.maker.parameters()]))
    assert not torch.allclose(slopes[0], slopes[1], atol=1e-4)


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "style"
    folder.mkdir()
    task = KIND.prepare(small("style"), corpus(), Machine("cpu"))
    played(task)
    card = KIND.card("style-test", task, Origins("made up", "none", "a test"), 8)
    metrics = KIND.finish(task, task.module, folder, card, corpus())
    assert metrics["largest difference of ONNX and PyTorch"] < 1e-4
    return folder


def test_styles_are_drawn_truncated_and_mixed(style: Path) -> None:
    pipeline = open_pipeline(style)
    assert isinstance(pipeline, Styled)
    plain = list(pipeline.sample(Request(3, seed=5)))
    styles = pipeline.styles(5, range(3))
    assert styles.shape[:2] == (3, 2)  # 4 x 4 and 8 x 8
    for one, other in zip(plain, pipeline.paint(styles, 5, range(3)), strict=True):
        np.testing.assert_array_equal(one, other)
    usual = list(pipeline.sample(Request(3, seed=5, temperature=0.0)))
    middle = np.broadcast_to(pipeline.mean, styles.shape)
    for one, other in zip(usual, pipeline.paint(middle, 5, range(3)), strict=True):
        np.testing.assert_array_equal(one, other)
    swapped = mixed(styles, styles[[1, 2, 0]], 1)
    assert not np.array_equal(next(pipeline.paint(swapped, 5, range(3))), plain[0])


def test_first_layers_do_not_see_the_styles_of_later_ones(style: Path) -> None:
    maker, seen = open_maker(open_bundle(style)), []
    maker.styled[0].register_forward_hook(lambda *found: seen.append(found[2]))
    noise = torch.randn(2, maker.config.noise)
    latent, grain = noise.tensor_split([maker.config.latent], dim=1)
    first, second = maker.styles(latent), maker.styles(-latent)
    whole = maker.synthesise(first, grain)
    torch.testing.assert_close(whole, maker(noise))
    later = maker.synthesise(torch.cat([first[:, :1], second[:, 1:]], 1), grain)
    torch.testing.assert_close(seen[0], seen[2])
    assert not torch.allclose(whole, later)


def test_pictures_are_found_again_in_the_styles_of_all_layers(style: Path) -> None:
    torch.manual_seed(2)
    maker = open_maker(open_bundle(style))
    latent, grain = torch.randn(2, maker.config.noise).tensor_split([maker.config.latent], dim=1)
    with torch.no_grad():
        wanted = maker.synthesise(maker.styles(latent), grain)
    start = maker.mean.expand(2, len(maker.styled), -1)
    found = invert(lambda styles: maker.synthesise(styles, grain), wanted, start, steps=120, rate=0.1)
    assert found.losses[-1] < 0.2 * found.losses[0]
    torch.testing.assert_close(maker.synthesise(found.latent, grain), found.pictures)


def test_other_models_are_no_gans(style: Path) -> None:
    bundle = open_bundle(style)
    bundle.card["config"] = {}
    with pytest.raises(ModelError, match="is no GAN"):
        open_maker(bundle)
