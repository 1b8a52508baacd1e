"""Marks in the noise of pictures, with denoisers whose answer is known: there and back."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.pipelines.adversarial import Adversarial
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import SAMPLERS, Denoising, DenoisingSettings
from forensics.generators.pipelines.marked import Marked, look, markable
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.paths import PATHS
from forensics.watermark.keys import Key
from forensics.watermark.noise.gaussian_shading import GaussianShading
from forensics.watermark.noise.tree_ring import TreeRing

SHAPE = (3, 16, 16)
KEY, OTHER = Key(bytes(range(32))), Key(bytes(range(1, 33)))
DEVIATION = 0.25


def network(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    """What a perfect network says of pictures of independent Gaussian pixels."""
    at = PATHS["linear"].at(float(t[0]))
    gain = at.alpha * DEVIATION**2 / (at.alpha**2 * DEVIATION**2 + at.sigma**2)
    return (gain * z).astype(np.float32)


def model(**settings: object) -> Denoising:
    return Denoising(Recipe("flow", SHAPE, settings={**vars(DenoisingSettings()), **settings}), network)


def shading(key: Key = KEY, payload: str = "a5") -> GaussianShading:
    return GaussianShading(key, SHAPE, payload, "raw", bits=16)


@pytest.mark.parametrize("sampler", sorted(name for name, way in SAMPLERS.items() if not way.fresh))
def test_marks_are_found_again(sampler: str) -> None:
    request = Request(2, seed=3, steps=12, sampler=sampler)
    for mark in (TreeRing(KEY, SHAPE), shading()):
        for picture in Marked(model(), mark).sample(request):
            seen = look(model(), picture, [type(mark)(OTHER, SHAPE), mark], Request(steps=24))
            assert seen.found.log10_p < -12
            assert seen.found.key == KEY.id
    assert seen.found.payload is not None
    assert int(seen.found.payload.identity, 16) == 0xA5


def test_unmarked_pictures_have_no_marks() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for picture in (photo, np.full_like(photo, 7), *model().sample(Request(2, steps=6))):
        for mark in (TreeRing(KEY, SHAPE), shading()):
            assert look(model(), picture, [mark], Request(steps=6)).found.log10_p > -3


def test_turned_pictures_are_found_if_looked_for() -> None:
    (picture,) = Marked(model(), shading()).sample(Request(steps=12))
    turned = np.ascontiguousarray(np.rot90(picture)[:, ::-1])
    request = Request(steps=12)
    assert look(model(), turned, [shading()], request).found.log10_p > -3
    seen = look(model(), turned, [shading()], request, turned=True)
    assert seen.found.log10_p < -12
    back = np.rot90(turned[:, ::-1] if seen.flipped else turned, seen.quarters)
    np.testing.assert_array_equal(back, picture)
    (ringed,) = Marked(model(), TreeRing(KEY, SHAPE)).sample(Request(steps=12))
    assert look(model(), np.rot90(ringed), [TreeRing(KEY, SHAPE)], request).found.log10_p < -8


def test_p_value_counts_what_was_looked_at() -> None:
    (picture,) = Marked(model(), shading()).sample(Request(steps=12))
    request = Request(steps=12)
    alone = look(model(), picture, [shading()], request).found.log10_p
    both = look(model(), picture, [shading(OTHER), shading()], request).found.log10_p
    every = look(model(), picture, [shading(OTHER), shading()], request, turned=True).found.log10_p
    assert both == pytest.approx(alone + np.log10(2))
    assert every == pytest.approx(alone + np.log10(16))


def test_noise_of_the_callers_is_begun_with() -> None:
    drawn = list(model().sample(Request(3, seed=2, steps=4)))
    again = model().sample_from(lambda chance: chance.normal(SHAPE), Request(3, seed=2, steps=4))
    np.testing.assert_array_equal(drawn, list(again))
    nothing = model().sample_from(lambda chance: np.zeros((len(chance), *SHAPE), np.float32), Request(2))
    assert all((picture == 128).all() for picture in nothing)


def test_marked_pictures_depend_on_seed_and_number_alone() -> None:
    many = list(Marked(model(), shading()).sample(Request(5, seed=3, steps=4, batch=5)))
    few = list(Marked(model(), shading()).sample(Request(3, seed=3, steps=4, batch=2)))
    np.testing.assert_array_equal(few, many[:3])


def test_what_cannot_be_done_is_said() -> None:
    gan = Adversarial(Recipe("gan", SHAPE), network)
    with pytest.raises(UsageError, match="this is a gan"):
        Marked(gan, shading())
    with pytest.raises(UsageError, match="a consistency model has none"):
        markable(model(sampler="consistency"))
    with pytest.raises(UsageError, match="has no encoder"):
        markable(Denoising(model().recipe, network, lambda z: z))
    with pytest.raises(UsageError, match="another shape"):
        Marked(model(), GaussianShading(KEY, (3, 16, 17), layout="short"))
    for sampler in ("ancestral", "consistency", "langevin", "sde"):
        with pytest.raises(UsageError, match=f"'{sampler}' draws fresh noise"):
            next(Marked(model(), shading()).sample(Request(sampler=sampler)))
    with pytest.raises(UsageError, match="no keys"):
        look(model(), np.zeros((16, 16, 3), np.uint8), [], Request())
    with pytest.raises(UsageError, match="works on pictures of 16 x 16"):
        look(model(), np.zeros((17, 16, 3), np.uint8), [shading()], Request())
