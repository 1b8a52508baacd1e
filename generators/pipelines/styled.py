"""Drawing by styles: the generator of a StyleGAN in two parts, between which its latents can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from forensics.errors import ModelError
from forensics.generators.pipelines.adversarial import check_one_step, classes_of
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.latents import truncated
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Styled"]


class Styled:
    """A pipeline of two networks.

    Args:
        recipe: Of the model: its shape is that of all noise, its settings have the mean style.
        mapping: (B, latent) noise and, if there are classes, (B,) int64 labels, to (B, layers, style).
        synthesis: (B, layers, style) and (B, pixels) noise of all layers, to pictures from -1 to 1.

    Raises:
        ModelError: The recipe says nothing of styles.
    """

    def __init__(self, recipe: Recipe, mapping: Network, synthesis: Network) -> None:
        self.recipe, self.mapping, self.synthesis = recipe, mapping, synthesis
        try:
            self.mean = np.asarray(recipe.settings["mean"], np.float32)
            self._latent = int(recipe.settings["latent"])
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of styles: {error}") from None

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures; the temperature is how far styles may be from their mean (truncation).

        Raises:
            UsageError: The model knows no classes, or something is asked that a GAN cannot do.
        """
        check_one_step(self.recipe, request)
        for numbers in chunks(request):
            styles = self.styles(request.seed, numbers, request.label)
            yield from self.paint(truncated(styles, self.mean, request.temperature), request.seed, numbers)

    def styles(self, seed: int, numbers: Sequence[int], label: int = -1) -> Floats:
        """Return the (N, layers, style) styles of pictures: points of W, as points of W+.

        Args:
            seed: Of all pictures.
            numbers: Which.
            label: Their class; for -1, any, each is of one by chance.
        """
        chance = Chance(seed, numbers)
        noise = chance.normal(self.recipe.shape)[:, : self._latent]
        labels = [classes_of(self.recipe, label, chance)] if self.recipe.labels else []
        return np.asarray(self.mapping(noise, *labels), np.float32)

    def paint(self, styles: Floats, seed: int, numbers: Sequence[int]) -> Iterator[Pixels]:
        """Yield the pictures of styles, with the noise of the layers of some pictures.

        Args:
            styles: (N, layers, style).
            seed: Of the noise.
            numbers: N of the pictures that it belongs to.
        """
        grain = Chance(seed, numbers).normal(self.recipe.shape)[:, self._latent :]
        found = np.asarray(self.synthesis(np.ascontiguousarray(styles, np.float32), grain), np.float32)
        yield from pixels_of((found + 1.0) / 2.0)
