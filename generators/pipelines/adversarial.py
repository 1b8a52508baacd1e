"""Drawing in one step: the generator of a GAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.recipe import Recipe

__all__ = ["Adversarial", "Labels", "check_one_step", "classes_of"]

Labels: TypeAlias = npt.NDArray[np.int64]


class Adversarial:
    """A pipeline of one network.

    Args:
        recipe: Of the model; its shape is that of the noise, of all layers together.
        network: (B, values) noise and, if there are classes, (B,) int64 labels, to pictures from -1 to 1.
    """

    def __init__(self, recipe: Recipe, network: Network) -> None:
        self.recipe, self.network = recipe, network

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: The model knows no classes, or something is asked that a GAN cannot do.
        """
        check_one_step(self.recipe, request)
        for numbers in chunks(request):
            chance = Chance(request.seed, numbers)
            drawn = request.temperature * chance.normal(self.recipe.shape)
            label = classes_of(self.recipe, request.label, chance)
            yield from self.paint(np.asarray(drawn, np.float32), label)

    def paint(self, noise: Floats, label: int | Labels = -1) -> Iterator[Pixels]:
        """Yield the pictures of (N, values) noise, of one class or of (N,) classes.

        Of no class, -1, nothing was trained: it comes out between all of them.
        """
        labels = [np.full(len(noise), label, np.int64)] if self.recipe.labels else []
        found = np.asarray(self.network(noise, *labels), np.float32)
        yield from pixels_of((found + 1.0) / 2.0)


def classes_of(recipe: Recipe, label: int, chance: Chance) -> Labels:
    """Return the class of each picture: the one that is asked for; for -1, any, one by chance.

    Args:
        recipe: Of the model.
        label: Number of a class, -1 for any.
        chance: Of the pictures; their noise is drawn before.
    """
    if label >= 0 or not recipe.labels:
        return np.full(len(chance), label, np.int64)
    return (chance.uniform(()) * len(recipe.labels)).astype(np.int64)


def check_one_step(recipe: Recipe, request: Request) -> None:
    """Check that nothing is asked which a model of one step cannot do.

    Raises:
        UsageError: It is.
    """
    if not recipe.labels and request.label >= 0:
        raise UsageError("this model was trained without classes", actual=request.label)
    if recipe.labels and request.label >= len(recipe.labels):
        most = len(recipe.labels) - 1
        raise UsageError(
            f"the model has no class of number {request.label}", expected=f"0 to {most}", actual=request.label
        )
    if request.steps or request.sampler or request.guidance != 1.0 or request.prompt or request.more:
        raise UsageError(
            "a GAN draws in one step: it has no sampler, steps, guidance, prompt or further pieces"
        )
