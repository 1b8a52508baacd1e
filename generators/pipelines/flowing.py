"""Drawing with normalizing flows: noise backwards through what made noise of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.bending import UNDONE, Undo, unscaled
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Flowing", "PatchFlowing", "patch_by_patch"]


class Flowing:
    """A pipeline of a flow that goes back in one step.

    Args:
        recipe: Of the model; its shape is that of the noise.
        network: (B, values) noise to (B, 3, H, W) pictures from 0 to 1.
    """

    def __init__(self, recipe: Recipe, network: Network) -> None:
        self.recipe, self.network = recipe, network

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: Something is asked that a flow cannot do.
        """
        _check(request)
        for numbers in chunks(request):
            noise = request.temperature * Chance(request.seed, numbers).normal(self.recipe.shape)
            yield from pixels_of(np.asarray(self.network(np.asarray(noise, np.float32)), np.float32))


class PatchFlowing:
    """A pipeline of an autoregressive flow, which goes back patch by patch, or value by value.

    Args:
        recipe: Of the model: its shape is patches and values of each; settings are `patch`, `rows`, the
            `deviation` of the noise that pictures had in training, and `bend`, of `bending.UNDONE`.
        layers: In the order of the way to noise: (B, N, values) patches to (B, N, numbers) that say how each
            is bent, from those before it: shifts and logarithms of scales, or mixtures; every second one
            backwards.

    Raises:
        ModelError: The recipe is none of such a flow.
    """

    def __init__(self, recipe: Recipe, layers: Sequence[Network]) -> None:
        self.recipe, self.layers = recipe, layers
        try:
            self.patch, self.rows = (int(recipe.settings[name]) for name in ("patch", "rows"))
            self.undo = UNDONE[recipe.settings.get("bend", "affine")]
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of a transformer flow: {error}") from None

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: Something is asked that a flow cannot do.
        """
        _check(request)
        for numbers in chunks(request):
            x = request.temperature * Chance(request.seed, numbers).normal(self.recipe.shape)
            for number in reversed(range(len(self.layers))):
                z = np.asarray(x, np.float32)
                x = patch_by_patch(self.layers[number], z, backwards=number % 2 == 1, undo=self.undo)
            yield from pixels_of((self._whole(x) + 1.0) / 2.0)

    def _whole(self, patches: Floats) -> Floats:
        """Return (B, 3, H, W) pictures of (B, N, 3 patch^2) patches, row by row."""
        shape = (-1, self.rows, self.rows, 3, self.patch, self.patch)
        parts = patches.reshape(shape).transpose(0, 3, 1, 4, 2, 5)
        side = self.rows * self.patch
        return np.ascontiguousarray(parts.reshape(-1, 3, side, side))


# Zhai et al. 2024 (TarFlow), arXiv:2412.06329, eq. 5.
def patch_by_patch(layer: Network, z: Floats, *, backwards: bool, undo: Undo = unscaled) -> Floats:
    """Return (B, N, values) patches for the same of noise.

    Args:
        layer: What bends each patch, in the layer's own order.
        z: Noise.
        backwards: The last patch comes first.
        undo: Patches for noise and for what bends them.
    """
    z = z[:, ::-1] if backwards else z
    x = z.copy()
    for place in range(z.shape[1]):
        said = np.asarray(layer(np.ascontiguousarray(x)), np.float32)[:, place]
        x[:, place] = undo(z[:, place], said)
    return np.ascontiguousarray(x[:, ::-1] if backwards else x)


def _check(request: Request) -> None:
    if request.steps or request.sampler or request.guidance != 1.0 or request.label >= 0 or request.prompt:
        raise UsageError("this flow has no steps, samplers or classes, only a temperature")
