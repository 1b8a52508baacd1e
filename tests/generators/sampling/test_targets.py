"""All that a network may predict gives the same picture and noise."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import TARGETS, denoiser, estimate, score, target, velocity


@pytest.fixture
def pair(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=(3, 2, 4, 4)), rng.normal(size=(3, 2, 4, 4))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", sorted(PATHS))
@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_round_trips(name: str, kind: str, t: float, pair: tuple[np.ndarray, np.ndarray]) -> None:
    x, noise = pair
    at = PATHS[name].at(t)
    found = estimate(kind, target(kind, x, noise, at), at.mix(x, noise), at)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.x, x, atol=1e-8)
    np.testing.assert_allclose(found.noise, noise, atol=1e-8)


@pytest.mark.parametrize("name", sorted(PATHS))
def test_every_picture_may_have_its_own_time(name: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    x, noise = pair
    t = np.array([0.1, 0.5, 0.9]).reshape(3, 1, 1, 1)
    at = PATHS[name].at(t)
    for kind in TARGETS:
        found = estimate(kind, target(kind, x, noise, at), at.mix(x, noise), at)
        np.testing.assert_allclose(found.x, x, atol=1e-8)


def test_velocity_of_the_straight_path_is_the_difference(pair: tuple[np.ndarray, np.ndarray]) -> None:
    x, noise = pair
    at = PATHS["linear"].at(0.3)
    np.testing.assert_allclose(target("velocity", x, noise, at), x - noise)
    found = estimate("x", x, at.mix(x, noise), at)
    np.testing.assert_allclose(velocity(found, at), x - noise)


def test_score_is_the_gradient_of_a_gaussian(rng: np.random.Generator) -> None:
    deviation, at = 1.7, PATHS["vp"].at(0.4)
    z = rng.normal(size=(2, 3))
    variance = (at.alpha * deviation) ** 2 + at.sigma**2
    x = at.alpha * deviation**2 / variance * z  # the posterior mean
    np.testing.assert_allclose(score(estimate("x", x, z, at), at), -z / variance)


@pytest.mark.parametrize("kind", TARGETS)
def test_networks_are_not_asked_at_the_very_ends(kind: str) -> None:
    asked = []

    def predict(z: np.ndarray, t: float) -> np.ndarray:
        asked.append(t)
        return z

    for t in (0.0, 1.0):
        found = denoiser(predict, kind, PATHS["linear"])(np.ones((1, 2)), t)  # type: ignore[arg-type]
        assert np.isfinite(found.x).all()
        assert np.isfinite(found.noise).all()
    assert asked == [0.001, 0.999]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize(
    ("name", "t"), [*((n, 2e-4) for n in sorted(PATHS)), *((n, 0.9998) for n in sorted(PATHS) if n != "ve")]
)
def test_what_is_said_beyond_goes_with_the_mixture(
    name: str, kind: str, t: float, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    """Nearer to the ends than the network is asked, picture and noise still make the z that is given."""
    path, (z, predicted) = PATHS[name], pair
    found = denoiser(lambda *_: predicted, kind, path)(z, t)  # type: ignore[arg-type]
    np.testing.assert_allclose(path.at(t).mix(found.x, found.noise), z, atol=1e-6)


def test_unknown_targets_are_refused() -> None:
    with pytest.raises(UsageError, match="no target"):
        target("z", np.zeros(1), np.zeros(1), PATHS["linear"].at(0.5))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no target"):
        estimate("z", np.zeros(1), np.zeros(1), PATHS["linear"].at(0.5))  # type: ignore[arg-type]
