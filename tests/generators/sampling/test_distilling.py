"""Score distillation pulls what is rendered to where the model finds pictures likely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.generators.sampling.base import last
from forensics.generators.sampling.distilling import Renderer, distillation_gradient, distilled
from forensics.generators.sampling.paths import PATHS

from .gaussian import DEVIATION, MEAN, gaussian


@pytest.mark.parametrize("name", ["vp", "linear"])
def test_the_gradient_is_that_of_a_divergence_on_average(name: str, rng: np.random.Generator) -> None:
    """Of Gaussian pictures: the mean over the noise is the slope of a parabola around their mean."""
    path, t, x = PATHS[name], 0.6, np.array([[1.3]])
    at = path.at(t)
    many = rng.standard_normal((200_000, 1))
    found = distillation_gradient(gaussian(path), np.repeat(x, len(many), 0), t, path, many, scale=2.0)
    variance = (at.alpha * DEVIATION) ** 2 + at.sigma**2
    expected = 2.0 * at.sigma**2 * at.sigma * at.alpha * (x[0, 0] - MEAN) / variance
    assert found.mean() == pytest.approx(expected, abs=5 * found.std() / np.sqrt(len(many)))


def test_what_is_rendered_becomes_likely(
    rng: np.random.Generator, drawn: Callable[[np.ndarray], np.ndarray]
) -> None:
    """A renderer with two numbers: pictures are their sum along a ramp; the likeliest is flat."""
    path, ramp = PATHS["linear"], np.linspace(-1, 1, 50)
    times = rng.uniform(0.2, 0.8, 1500)
    found = last(
        distilled(
            gaussian(path),
            Renderer(
                lambda p: p[0] + p[1] * ramp[None],
                lambda _, gradient: np.array([gradient.sum(), (gradient * ramp).sum()]) / 50,
            ),
            np.array([-2.0, 1.5]),
            times.tolist(),
            path,
            drawn,
            0.2,
        )
    )
    np.testing.assert_allclose(found, [MEAN, 0.0], atol=0.1)
