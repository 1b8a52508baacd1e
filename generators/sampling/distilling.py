"""Score distillation: whatever draws a picture is changed until a diffusion model finds it likely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import Noise
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser

__all__ = ["Renderer", "distillation_gradient", "distilled"]


@dataclass(frozen=True)
class Renderer:
    """What draws pictures of parameters.

    Attributes:
        render: Parameters to pictures.
        pull: Parameters and a gradient of pictures, to the gradient of the parameters.
    """

    render: Callable[[Array], Array]
    pull: Callable[[Array, Array], Array]


# Poole et al. 2022 (DreamFusion), arXiv:2209.14988, eq. 3, with w(t) = sigma^2.
def distillation_gradient(
    denoise: Denoiser, x: Array, t: float, path: Path, noise: Array, scale: float = 1.0
) -> Array:
    """Return by how much a picture should become less, by one look of a model at it.

    Args:
        denoise: The model, guided if wanted.
        x: Pictures.
        t: Time, with how much noise it looks.
        path: Along which the model works.
        noise: That is put on the pictures, of their shape.
        scale: Factor of it all.
    """
    at = path.at(t)
    found = denoise(at.mix(x, noise), t).noise
    return scale * at.sigma**2 * (found - noise)


def distilled(
    denoise: Denoiser,
    renderer: Renderer,
    parameters: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    rate: float = 0.1,
) -> Iterator[Array]:
    """Change what is rendered step by step until the model finds it likely.

    Args:
        denoise: The model.
        renderer: What is drawn with.
        parameters: To start with.
        times: Of the looks, each drawn where it is wanted, such as at random; one step for each.
        path: Along which the model works.
        noise: Where the noise of each look is drawn from.
        rate: Of a step.

    Yields:
        The parameters after each step.
    """
    for t in times:
        x = renderer.render(parameters)
        gradient = distillation_gradient(denoise, x, t, path, noise(x))
        parameters = parameters - rate * renderer.pull(parameters, gradient)
        yield parameters
