"""Drawing after another picture: a denoiser with a side branch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request
from forensics.generators.pipelines.conditions import CONDITIONS, Mask, condition_of, fitted
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Controlled"]


# Zhang et al. 2023 (ControlNet), arXiv:2302.05543.
class Controlled:
    """A pipeline of a denoiser that is shown another picture; `after` says which.

    Args:
        recipe: Of the model: settings are those of `DenoisingSettings`, `rule`, by which the other picture is
            computed, and `scale`, its pixels for each place of the noise.
        network: (B, ...) noisy pictures, (B,) times, (B, C, H, W) the other picture and, as the denoiser
            wants them, labels or words, to what is predicted.
        decode: As for `Denoising`.

    Raises:
        ModelError: The recipe is none of such a model.
    """

    def __init__(self, recipe: Recipe, network: Network, decode: Network | None = None) -> None:
        settings = dict(recipe.settings)
        try:
            self.rule, self.scale = str(settings.pop("rule")), int(settings.pop("scale"))
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of a side branch: {error}") from None
        if self.rule not in CONDITIONS or self.scale < 1 or len(recipe.shape) != 3:
            raise ModelError("the recipe is none of a side branch", actual=recipe)
        self.recipe, self.network, self._decode = recipe, network, decode
        self._still = Recipe(recipe.family, recipe.shape, recipe.labels, settings)
        self.beside(np.zeros((1, 1, 1, 1), np.float32))  # whether the settings are those of a denoiser

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the other picture."""
        return self.scale * self.recipe.shape[1], self.scale * self.recipe.shape[2]

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Refuse to draw.

        Raises:
            UsageError: Always: without another picture this model draws nothing.
        """
        raise UsageError(f"this model draws after a picture ({self.rule}); name one with --condition")

    def after(self, picture: Pixels, open_at: Mask | None = None, *, ready: bool = False) -> Denoising:
        """Return a pipeline that draws after a picture.

        Args:
            picture: (H, W, 3); its middle is taken and scaled to the size of the model.
            open_at: (H, W), True where it is left open, for a model of the rule "mask".
            ready: The picture is what the rule would give: edges that were drawn by hand, and the like.

        Raises:
            UsageError: The model needs a mask, or takes none.
        """
        pixels = fitted(picture, *self.size)
        if not ready:
            hole = None if open_at is None else fitted(_bytes(open_at), *self.size) > 0
            return self.beside(condition_of(self.rule, pixels, hole))
        if CONDITIONS[self.rule].masked or open_at is not None:
            raise UsageError("a picture that is ready goes with no mask", actual=self.rule)
        values = np.moveaxis(pixels, -1, 0).astype(np.float32) / 255.0
        few = CONDITIONS[self.rule].channels == 1
        return self.beside(values.mean(0, keepdims=True)[None] if few else values[None])

    def beside(self, shown: Floats) -> Denoising:
        """Return a pipeline that draws after what a network is shown.

        Args:
            shown: (1, C, H, W) from 0 to 1, or as many of them as are drawn at a time.
        """

        def network(z: Floats, t: Floats, *told: Any) -> Any:
            beside = shown if len(shown) == len(z) else np.repeat(shown[:1], len(z), axis=0)
            return self.network(z, t, beside, *told)

        return Denoising(self._still, network, self._decode)


def _bytes(mask: Mask) -> Pixels:
    return np.where(mask, np.uint8(255), np.uint8(0))
