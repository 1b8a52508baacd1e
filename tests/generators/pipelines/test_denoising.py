"""Drawing by denoising, with denoisers whose answer is known: no network, no PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import SAMPLERS, Denoising, DenoisingSettings
from forensics.generators.pipelines.filming import Filming
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.paths import PATHS

SHAPE = (3, 4, 4)
MEAN, DEVIATION = 0.2, 0.25


class Gaussian:
    """What a perfect network says where pictures are Gaussian: x = E[x | z]."""

    def __init__(self, path: str) -> None:
        self.path = PATHS[path]
        self.asked: list[tuple[int, ...]] = []
        self.labels: list[np.ndarray] = []

    def __call__(self, z: np.ndarray, t: np.ndarray, *labels: np.ndarray) -> np.ndarray:
        assert z.dtype == t.dtype == np.float32
        self.asked.append(z.shape)
        self.labels += labels
        at = self.path.at(float(t[0]))
        mean = MEAN + (0.3 * (labels[0] >= 0) * labels[0] if labels else np.zeros(len(z)))
        gain = at.alpha * DEVIATION**2 / (at.alpha**2 * DEVIATION**2 + at.sigma**2)
        centre = mean.reshape(-1, 1, 1, 1)
        return (centre + gain * (z - at.alpha * centre)).astype(np.float32)


def recipe(path: str = "linear", labels: tuple[str, ...] = (), **settings: object) -> Recipe:
    return Recipe("flow", SHAPE, labels, {**vars(DenoisingSettings(path)), **settings})


def values(pictures: list[np.ndarray]) -> np.ndarray:
    """From grey levels to what was sampled."""
    return np.stack(pictures).astype(float) / 127.5 - 1.0


BY_SIGMA = ("dpmpp_2m", "edm", "langevin")  # for paths without any picture in their noise
FIRST_ORDER = ("ancestral", "ddim", "euler", "langevin", "sde")
OF_ENDS = "consistency"  # wants the ends of ways, not means: tests/generators/sampling/test_diffusion.py
PAIRS = [
    (s, p) for s in sorted(SAMPLERS) for p in sorted(PATHS) if s != OF_ENDS and (p != "ve" or s in BY_SIGMA)
]


@pytest.mark.parametrize(("sampler", "path"), PAIRS)
def test_gaussian_pictures_are_drawn(sampler: str, path: str) -> None:
    steps = 400 if sampler in FIRST_ORDER else 60
    pipeline = Denoising(recipe(path), Gaussian(path))
    drawn = values(list(pipeline.sample(Request(60, seed=4, steps=steps, sampler=sampler, batch=60))))
    assert drawn.shape == (60, 4, 4, 3)
    assert drawn.mean() == pytest.approx(MEAN, abs=0.03)
    assert drawn.std() == pytest.approx(DEVIATION, rel=0.08)


@pytest.mark.parametrize("path", ["cosine", "linear"])
@pytest.mark.parametrize("sampler", ["ddim", "euler", "heun"])
def test_networks_of_noise_may_err_a_little(sampler: str, path: str) -> None:
    """Where there is noise alone, the picture is not what is left of it over next to nothing."""
    exact, pattern = Gaussian(path), np.where(np.indices(SHAPE).sum(0) % 2, 1.0, -1.0)

    def network(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        at = PATHS[path].at(float(t[0]))
        noise = (z - at.alpha * exact(z, t)) / at.sigma
        return (noise + 0.03 * pattern).astype(np.float32)

    pipeline = Denoising(recipe(path, target="noise"), network)
    for steps in (10, 50):
        drawn = values(list(pipeline.sample(Request(60, seed=4, steps=steps, sampler=sampler, batch=60))))
        assert abs((drawn * np.moveaxis(pattern, 0, -1)).mean()) < 0.08
        assert drawn.std() == pytest.approx(DEVIATION, rel=0.25)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_picture_depends_on_seed_and_number_alone(sampler: str) -> None:
    pipeline = Denoising(recipe(), Gaussian("linear"))
    many = list(pipeline.sample(Request(7, seed=3, steps=5, sampler=sampler, batch=7)))
    few = list(pipeline.sample(Request(5, seed=3, steps=5, sampler=sampler, batch=2)))
    np.testing.assert_array_equal(few, many[:5])
    assert not np.array_equal(many[0], many[1])
    other = next(pipeline.sample(Request(1, seed=4, steps=5, sampler=sampler)))
    assert not np.array_equal(other, many[0])


def test_classes_are_told_to_the_network_and_guided() -> None:
    network = Gaussian("linear")
    pipeline = Denoising(recipe(labels=("a", "b")), network)
    plain = values(list(pipeline.sample(Request(40, label=1, steps=12))))
    assert plain.mean() == pytest.approx(MEAN + 0.3, abs=0.03)
    assert all((labels == 1).all() for labels in network.labels)
    free = values(list(pipeline.sample(Request(40, steps=12))))
    assert free.mean() == pytest.approx(MEAN, abs=0.03)
    strong = values(list(pipeline.sample(Request(40, label=1, guidance=2.0, steps=12))))
    assert strong.mean() == pytest.approx(MEAN + 0.6, abs=0.05)
    assert pipeline.recipe.label("b") == 1
    assert pipeline.recipe.label("") == -1


def test_latents_and_clips_are_decoded_frame_by_frame() -> None:
    def decode(z: np.ndarray) -> np.ndarray:
        assert z.ndim == 4
        return np.repeat(np.repeat(0.5 + z[:, :3] / 4, 2, axis=2), 2, axis=3)

    def network(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.zeros_like(z)

    flat = Denoising(Recipe("flow", (4, 3, 3), settings=vars(DenoisingSettings())), network, decode)
    assert next(flat.sample(Request(steps=2))).shape == (6, 6, 3)
    clip = Denoising(Recipe("video", (5, 4, 3, 3), settings=vars(DenoisingSettings())), network, decode)
    found = next(clip.sample(Request(steps=2)))
    assert found.shape == (5, 6, 6, 3)
    assert (found == 128).all()


def test_what_cannot_be_done_is_said() -> None:
    pipeline = Denoising(recipe(), Gaussian("linear"))
    with pytest.raises(UsageError, match="no sampler 'magic'; there are: euler"):
        next(pipeline.sample(Request(sampler="magic")))
    with pytest.raises(UsageError, match="without classes"):
        next(pipeline.sample(Request(label=2)))
    with pytest.raises(UsageError, match="only clips are gone on with"):
        next(pipeline.sample(Request(more=1)))
    with pytest.raises(UsageError, match="knows 2 classes, from 0"):
        next(Denoising(recipe(labels=("a", "b")), Gaussian("linear")).sample(Request(label=2)))
    with pytest.raises(UsageError, match="no class 'cat'; there are: none"):
        pipeline.recipe.label("cat")
    with pytest.raises(UsageError, match="at least one picture"):
        Request(0)
    for settings in ({"path": "crooked"}, {"speed": 3}):
        with pytest.raises(ModelError, match="none of a denoiser"):
            Denoising(Recipe("flow", SHAPE, settings=settings), Gaussian("linear"))


def test_clips_are_gone_on_with_from_their_last_frames() -> None:
    seen: list[np.ndarray] = []

    def network(z: np.ndarray, t: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Every frame is as bright as the first, and a little more where frames are known."""
        seen.append(known)
        first = z[:, :1].mean((2, 3, 4), keepdims=True)
        bright = np.where(known.any(1)[:, None, None, None, None], first + 0.25, -0.5)
        return np.broadcast_to(bright, z.shape).astype(np.float32)

    settings = {**vars(DenoisingSettings(steps=4)), "known": 2}
    pipeline = Filming(Recipe("video", (4, 3, 2, 2), settings=settings), network)
    (short,) = pipeline.sample(Request())
    assert short.shape == (4, 2, 2, 3)
    assert not np.concatenate(seen).any()
    (long,) = pipeline.sample(Request(more=2))
    np.testing.assert_array_equal(long[:4], short)
    assert long.shape == (8, 2, 2, 3)
    levels = long.astype(float).mean((1, 2, 3)) / 127.5 - 1
    np.testing.assert_allclose(levels, [-0.5] * 4 + [-0.25] * 2 + [0.0] * 2, atol=0.01)
    assert np.concatenate(seen)[-1].tolist() == [True, True, False, False]
    with pytest.raises(UsageError, match="no classes"):
        next(pipeline.sample(Request(label=1)))
    for recipe_ in (Recipe("video", (4, 3, 2, 2)), Recipe("video", (2, 3, 2, 2), settings=settings)):
        with pytest.raises(ModelError, match="none of clips"):
            Filming(recipe_, network)
