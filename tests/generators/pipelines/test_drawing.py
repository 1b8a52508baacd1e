"""Drawing tokens, grey levels and flows, with networks whose answer is known; no PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.flowing import Flowing, PatchFlowing, patch_by_patch
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.tokens import Pixelwise, Tokens, drawn, masked_steps, one_by_one


def test_numbers_of_a_picture_are_its_own() -> None:
    many, one = Chance(3, range(5)), Chance(3, [4])
    for _ in range(3):
        np.testing.assert_array_equal(many.normal((2, 2))[4], one.normal((2, 2))[0])
        found = many.uniform((1000,))
        np.testing.assert_array_equal(found[4], one.uniform((1000,))[0])
        assert 0 < found.min() < found.max() < 1
    assert len(many) == 5


def test_tokens_are_drawn_by_their_chances() -> None:
    chances = np.array([0.5, 0.3, 0.15, 0.05])
    logits = np.broadcast_to(np.log(chances), (4, 5000, 4)).astype(np.float32)

    def shares(*more: float) -> np.ndarray:
        return np.bincount(drawn(logits, Chance(1, range(4)), *more).ravel(), minlength=4) / 20_000

    np.testing.assert_allclose(shares(), chances, atol=0.015)
    np.testing.assert_allclose(shares(0.5), chances**2 / (chances**2).sum(), atol=0.015)
    np.testing.assert_allclose(shares(1.0, 2), [0.625, 0.375, 0, 0], atol=0.015)
    assert (drawn(logits, Chance(1, range(4)), 0.0) == 0).all()


def uneven(tokens: np.ndarray) -> np.ndarray:
    """Logits that prefer some tokens at some places."""
    base = np.sin(np.arange(tokens.shape[1])[:, None] * 3 + np.arange(5) * 7)
    return np.broadcast_to(base, (*tokens.shape, 5)).astype(np.float32)


def test_steps_show_more_and_keep_what_is_known() -> None:
    known = np.full((6, 12), -1)
    known[:, :4] = np.random.default_rng(0).integers(0, 5, (6, 4))
    seen = list(masked_steps(uneven, known, 5, Chance(2, range(6))))
    left = [(tokens < 0).sum(1) for tokens in seen]
    assert (left[-1] == 0).all()
    for before, after in zip([known, *seen], seen, strict=False):
        np.testing.assert_array_equal(after[before >= 0], before[before >= 0])
    expected = [round(8 * (1 - np.cos(np.pi / 2 * (i + 1) / 5))) for i in range(5)]
    assert [8 - int(part[0]) for part in left] == [max(1, n) for n in expected]
    np.testing.assert_array_equal(list(masked_steps(uneven, known, 5, Chance(2, range(6))))[-1], seen[-1])


def test_surest_are_kept_first_without_chance() -> None:
    certain = np.zeros((1, 4, 3), np.float32)
    certain[0, :, 1] = [1, 9, 3, 7]  # how sure each place is
    order = masked_steps(lambda _: certain, np.full((1, 4), -1), 4, Chance(0, [0]), temperature=0.0)
    first = next(order)
    assert (first[0] >= 0).tolist() == [False, True, False, False]


def test_tokens_come_one_after_the_other() -> None:
    def counting(tokens: np.ndarray) -> np.ndarray:
        """The next token is the one before it and one."""
        before = np.concatenate([np.full((len(tokens), 1), -1), tokens[:, :-1]], axis=1)
        return np.where(np.arange(6) == (before[..., None] + 1) % 6, 0.0, -50.0).astype(np.float32)

    *_, found = one_by_one(counting, 6, Chance(0, range(3)))
    np.testing.assert_array_equal(found, np.broadcast_to(np.arange(6), (3, 6)))


@pytest.mark.parametrize("causal", [True, False])
def test_pipeline_paints_its_tokens(causal: bool) -> None:
    def paint(tokens: np.ndarray) -> np.ndarray:
        assert tokens.dtype == np.int64
        large = np.repeat(np.repeat(tokens, 2, axis=1), 2, axis=2)
        return np.repeat(large[:, None] / 4.0, 3, axis=1)

    settings = {"causal": causal, "steps": 3, "temperature": 1.0}
    pipeline = Tokens(Recipe("tokens", (3, 4), settings=settings), uneven, paint)
    many = list(pipeline.sample(Request(5, seed=2, batch=5)))
    assert many[0].shape == (6, 8, 3)
    np.testing.assert_array_equal(list(pipeline.sample(Request(3, seed=2, batch=1))), many[:3])
    for request in (Request(guidance=2.0), Request(sampler="heun"), Request(label=0), Request(more=1)):
        with pytest.raises(UsageError):
            next(pipeline.sample(request))
    if causal:
        with pytest.raises(UsageError, match="token by token"):
            next(pipeline.sample(Request(steps=3)))
    with pytest.raises(ModelError, match="none of tokens"):
        Tokens(Recipe("tokens", (3, 4)), uneven, paint)


def test_levels_are_drawn_with_classes_told_to_models_that_know_some() -> None:
    def bright(levels: np.ndarray) -> np.ndarray:
        return np.broadcast_to([0.0, 0.0, 0.0, 9.0], (*levels.shape, 4)).astype(np.float32)

    pipeline = Pixelwise(Recipe("pixelcnn", (1, 3, 4), settings={"levels": 4}), bright)
    (picture,) = pipeline.sample(Request(temperature=0.0))
    assert picture.shape == (3, 4, 3)
    assert (picture == 255).all()
    with pytest.raises(UsageError, match="without classes"):
        next(pipeline.sample(Request(label=0)))
    with pytest.raises(UsageError, match="no number of steps"):
        next(pipeline.sample(Request(steps=2)))
    with pytest.raises(UsageError, match="only clips are gone on with"):
        next(pipeline.sample(Request(more=1)))
    told: list[np.ndarray] = []

    def seen(levels: np.ndarray, label: np.ndarray) -> np.ndarray:
        told.append(label)
        return bright(levels)

    knows = Pixelwise(Recipe("pixelcnn", (1, 3, 4), ("a", "b"), {"levels": 4}), seen)
    assert len(list(knows.sample(Request(2, label=1)))) == 2
    assert all(label.tolist() == [1, 1] for label in told)
    with pytest.raises(ModelError, match="none of grey levels"):
        Pixelwise(Recipe("pixelcnn", (1, 3, 4)), bright)


def test_flow_goes_back_in_one_step() -> None:
    def back(z: np.ndarray) -> np.ndarray:
        return 0.5 + 0.1 * z.reshape(-1, 3, 4, 4)

    pipeline = Flowing(Recipe("nf", (48,)), back)
    drawn_ = np.stack(list(pipeline.sample(Request(40)))) / 255.0
    assert drawn_.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn_.std() == pytest.approx(0.1, rel=0.05)
    cold = np.stack(list(pipeline.sample(Request(40, temperature=0.5)))) / 255.0
    assert cold.std() == pytest.approx(0.05, rel=0.05)
    with pytest.raises(UsageError, match="only a temperature"):
        next(pipeline.sample(Request(steps=4)))
    with pytest.raises(UsageError, match="only clips are gone on with"):
        next(pipeline.sample(Request(more=1)))


def test_patches_are_undone_in_their_order() -> None:
    """A layer whose shift and scale are sums of the patches before, undone by hand."""

    def layer(x: np.ndarray) -> np.ndarray:
        before = np.cumsum(x, axis=1) - x
        return np.concatenate([before, np.tanh(before) / 4], axis=-1)

    x = np.random.default_rng(1).standard_normal((2, 5, 3)).astype(np.float32)
    for backwards in (False, True):
        ordered = x[:, ::-1] if backwards else x
        shift, log_scale = np.split(layer(ordered), 2, axis=-1)
        z = (ordered - shift) * np.exp(-log_scale)
        z[:, 0] = ordered[:, 0]
        z = z[:, ::-1] if backwards else z
        np.testing.assert_allclose(patch_by_patch(layer, z, backwards=backwards), x, atol=1e-4)


def test_patches_become_pictures() -> None:
    def nothing(x: np.ndarray) -> np.ndarray:
        return np.zeros((*x.shape[:2], 2 * x.shape[2]), np.float32)

    recipe = Recipe("tarflow", (4, 12), settings={"patch": 2, "rows": 2})
    pipeline = PatchFlowing(recipe, [nothing, nothing])
    (picture,) = pipeline.sample(Request(seed=5))
    noise = Chance(5, [0]).normal((4, 12))[0]
    corner = noise[1].reshape(3, 2, 2)  # the second patch is the upper right one
    expected = np.clip(np.floor((corner + 1) / 2 * 256), 0, 255)  # as grey levels were spread in training
    np.testing.assert_array_equal(np.moveaxis(picture[:2, 2:], -1, 0), expected)
    with pytest.raises(ModelError, match="none of a transformer flow"):
        PatchFlowing(Recipe("tarflow", (4, 12)), [nothing])
