"""Drawing with normalizing flows: noise backwards through what made noise of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.bending import UNDONE, Undo, unscaled
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Flowing", "Noised", "PatchFlowing", "patch_by_patch", "to_noise"]


class Noised(NamedTuple):
    """What a layer makes of patches on the way to noise.

    Attributes:
        z: (B, N, values) patches.
        log_det: (B,) logarithm of by how much space was stretched.
    """

    z: Floats
    log_det: npt.NDArray[np.float64]


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
        recipe: Of the model: its shape is patches and values of each; settings are `patch`, `rows` and
            `bend`, of `bending.UNDONE`.
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
            self.bend = str(recipe.settings.get("bend", "affine"))
            self.undo = UNDONE[self.bend]
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
            yield from pixels_of((128.0 * (self._whole(x) + 1.0) - 0.5) / 255.0)  # level k: from k / 256 on

    def log_prob(self, x: Floats) -> npt.NDArray[np.float64]:
        """Return (B,) log densities in nats, of a flow that bends by scales and shifts.

        Args:
            x: (B, 3, H, W) pictures from -1 to 1.

        Raises:
            UsageError: It bends by something else.
        """
        if self.bend != "affine":
            raise UsageError("densities are of flows that bend by scales and shifts", actual=self.bend)
        z, log_det = self._parts(np.asarray(x, np.float32)), np.zeros(len(x))
        for number, layer in enumerate(self.layers):
            z, more = to_noise(layer, z, backwards=number % 2 == 1)
            log_det += more
        normal = -0.5 * (np.square(z, dtype=np.float64) + np.log(2.0 * np.pi))
        return np.asarray(normal.sum((1, 2)) + log_det, np.float64)

    def _parts(self, x: Floats) -> Floats:
        """Return (B, N, values) patches of (B, 3, H, W) pictures: the inverse of `_whole`."""
        parts = x.reshape(-1, 3, self.rows, self.patch, self.rows, self.patch).transpose(0, 2, 4, 1, 3, 5)
        return np.ascontiguousarray(parts.reshape(len(x), *self.recipe.shape))

    def _whole(self, patches: Floats) -> Floats:
        """Return (B, 3, H, W) pictures of (B, N, values) patches, row by row."""
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


# Zhai et al. 2024, eqs. 4 and 6.
def to_noise(layer: Network, x: Floats, *, backwards: bool) -> Noised:
    """Return what `patch_by_patch` is the way back from.

    Args:
        layer: Shifts and logarithms of scales of all patches, in the layer's own order.
        x: (B, N, values) patches.
        backwards: The last patch comes first.
    """
    x = np.ascontiguousarray(x[:, ::-1] if backwards else x)
    shift, log_scale = np.split(np.asarray(layer(x), np.float32), 2, axis=-1)
    z = (x - shift) * np.exp(-log_scale)
    return Noised(z[:, ::-1] if backwards else z, -log_scale.sum((1, 2), dtype=np.float64))


def _check(request: Request) -> None:
    if request.more:
        raise UsageError("only clips are gone on with", actual=request.more)
    if request.steps or request.sampler or request.guidance != 1.0 or request.label >= 0 or request.prompt:
        raise UsageError("this flow has no steps, samplers or classes, only a temperature")
