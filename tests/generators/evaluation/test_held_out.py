"""Figures of models on real pictures, with models that are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.evaluation.denoising import NOISE_LEVELS
from forensics.generators.evaluation.held_out import HeldOut, Mean, Reading, held_out
from forensics.generators.evaluation.judges import DenoisingJudge, FlowJudge, LevelJudge, TokenJudge
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.tokens import Pixelwise, Tokens

SIDE = 8


@pytest.fixture
def pictures() -> np.ndarray:
    """40 pictures of independent pixels, about Gaussian: mean 128, deviation 30."""
    drawn = 127.5 + 30.0 * np.random.default_rng(1).standard_normal((40, SIDE, SIDE, 3))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def brightness(x: np.ndarray) -> np.ndarray:
    """Bits that are brightness."""
    return np.asarray(x.mean((1, 2, 3)), np.float64)


def denoiser(encode=None, answer: float = 0.0) -> DenoisingJudge:
    """A judge that sees the same picture behind all noise."""
    recipe = Recipe("flow", (3, SIDE, SIDE), settings=vars(DenoisingSettings()))
    return DenoisingJudge(Denoising(recipe, lambda z, t: np.full_like(z, answer)), encode)


def test_means_and_gaps_are_those_of_numpy(pictures: np.ndarray) -> None:
    real, train = pictures[:30], pictures[30:] // 2
    found = held_out(FlowJudge(brightness, SIDE), real, train, seed=3)
    (one,) = found.readings
    assert one.point is None
    assert one.blind == 8.0
    assert (found.measure, found.unit, found.count, found.train) == ("bits", "for each value", 30, 10)
    means = [(part.astype(float).mean((1, 2, 3)) + 0.5) / 256 for part in (real, train)]
    assert one.held_out.value == pytest.approx(means[0].mean(), abs=2e-4)
    assert one.train is not None
    assert one.train.value == pytest.approx(means[1].mean(), abs=2e-4)
    assert one.held_out.error == pytest.approx(means[0].std(ddof=1) / math.sqrt(30), rel=0.05)
    assert one.gap is not None
    assert one.gap.value == one.held_out.value - one.train.value
    assert one.gap.error == pytest.approx(math.hypot(one.held_out.error, one.train.error))
    assert one.over_fitted


def test_no_gap_without_pictures_of_the_training(pictures: np.ndarray) -> None:
    (one,) = held_out(FlowJudge(brightness, SIDE), pictures).readings
    assert (one.train, one.gap, one.over_fitted) == (None, None, False)


def test_a_gap_within_chance_is_none() -> None:
    near, far = (Reading(None, Mean(v, 0.03), Mean(1.0, 0.04), 8.0) for v in (1.09, 1.11))
    assert (near.over_fitted, far.over_fitted) == (False, True)


def test_errors_of_one_who_says_grey_are_the_power_of_pictures(pictures: np.ndarray) -> None:
    found = held_out(denoiser(), pictures)
    power = float(np.square(pictures / 127.5 - 1.0).mean())
    variance = float((pictures / 127.5 - 1.0).var())
    assert [one.point.noise for one in found.readings if one.point] == list(NOISE_LEVELS)
    assert [one.point.time for one in found.readings if one.point] == pytest.approx(
        [1 / (1 + r) for r in NOISE_LEVELS]
    )
    for one, level in zip(found.readings, NOISE_LEVELS, strict=True):
        assert one.held_out.value == pytest.approx(power, rel=1e-5)
        assert one.blind == pytest.approx(variance * level**2 / (variance + level**2), rel=1e-4)


def test_latents_are_what_the_codec_makes(pictures: np.ndarray) -> None:
    judge = denoiser(lambda x: 4.0 * x + 1.0, answer=1.0)
    found = held_out(judge, pictures)
    power = float(np.square(4.0 * pictures / 255.0).mean())
    assert found.readings[0].held_out.value == pytest.approx(power, rel=1e-5)
    assert "latents" in found.unit


def test_grey_levels_and_tokens_are_counted(pictures: np.ndarray) -> None:
    def even(x: np.ndarray, *labels: np.ndarray) -> np.ndarray:
        assert x.dtype == np.int64
        assert all((label == -1).all() for label in labels)
        return np.zeros((*x.shape, 16), np.float32)

    levels = LevelJudge(Pixelwise(Recipe("pixelcnn", (3, SIDE, SIDE), settings={"levels": 16}), even))
    assert levels.code(np.full((1, 2, 2, 3), 255, np.uint8), None).tolist() == [[[[15] * 2] * 2] * 3]
    settings = {"causal": True, "steps": 1, "temperature": 1.0}
    recipe = Recipe("tokens", (2, 2), ("a", "b"), settings)
    tokens = TokenJudge(
        Tokens(recipe, even, lambda t: t), lambda x: np.rint(9 * x[:, 0, ::4, ::4]).astype(np.int64)
    )
    for judge, unit in ((levels, "for each value"), (tokens, "for each token")):
        found = held_out(judge, pictures)
        assert (found.readings[0].held_out, found.readings[0].blind) == (Mean(4.0, 0.0), 4.0)
        assert found.unit == unit
        assert found.note.startswith("exact")


@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_models_of_grey_levels_with_classes_are_told_none(
    pictures: np.ndarray, labels: tuple[str, ...]
) -> None:
    """Their files have an input more, which has to be given."""

    def network(x: np.ndarray, *given: np.ndarray) -> np.ndarray:
        assert [label.tolist() for label in given] == [[-1] * len(x)] * bool(labels)
        return np.zeros((*x.shape, 16), np.float32)

    recipe = Recipe("pixelcnn", (3, SIDE, SIDE), labels, {"levels": 16})
    (one,) = held_out(LevelJudge(Pixelwise(recipe, network)), pictures).readings
    assert one.held_out == Mean(4.0, 0.0)


def test_a_sample_is_drawn_by_the_seed(pictures: np.ndarray) -> None:
    shares: list[float] = []
    judge = FlowJudge(brightness, SIDE)

    def value(seed: int, **more: object) -> HeldOut:
        return held_out(judge, pictures, pictures, most=20, seed=seed, **more)

    found = value(1, advance=shares.append)
    assert (found.count, found.train) == (20, 20)
    assert found == value(1)
    assert found != value(2)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_what_does_not_fit_is_refused(pictures: np.ndarray) -> None:
    flow = FlowJudge(brightness, SIDE)
    for found, message in (
        ((flow, pictures[:, :4, :4]), "takes 3 x 8 x 8 values of a picture, and those of 4 x 4 pixels"),
        ((flow, pictures[:1]), "at least 2 pictures"),
        ((flow, pictures, pictures[:1]), "training pictures must be at least 2"),
    ):
        with pytest.raises(UsageError, match=message):
            held_out(*found)
    with pytest.raises(UsageError, match="at least two"):
        held_out(flow, pictures, most=1)

    def refuses(_: np.ndarray) -> np.ndarray:
        raise ModelError("the model cannot be run on this input")

    with pytest.raises(UsageError, match="takes no pictures of 8 x 8 pixels"):
        held_out(denoiser(refuses), pictures)
    with pytest.raises(ModelError, match="no number"):
        held_out(denoiser(answer=math.nan), pictures)
