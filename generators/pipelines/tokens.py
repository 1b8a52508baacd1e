"""Drawing tokens and grey levels: one after the other, or the surest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.base import last

__all__ = ["Pixelwise", "Tokens", "drawn", "level_by_level", "masked_steps", "one_by_one", "scale_by_scale"]

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]


# Gumbel 1954: the largest of log-chances with such noise is drawn by the chances.
def drawn(logits: Floats, chance: Chance, temperature: float = 1.0, most: int | None = None) -> Ints:
    """Return tokens drawn from (B, ..., tokens) logits.

    Args:
        logits: Of each token.
        chance: Draws them.
        temperature: Below one, likely tokens are drawn more often; 0 draws the likeliest.
        most: Only so many of the likeliest are drawn; all if None.
    """
    if temperature <= 0.0:
        return np.asarray(logits.argmax(-1), np.int64)
    if most is not None:
        least = np.partition(logits, -most, axis=-1)[..., -most, None]
        logits = np.where(logits < least, np.float32(-np.inf), logits)
    gumbel = -np.log(-np.log(chance.uniform(logits.shape[1:])))
    return np.asarray((logits / temperature + gumbel).argmax(-1), np.int64)


def one_by_one(
    network: Network, places: int, chance: Chance, temperature: float = 1.0, most: int | None = None
) -> Iterator[Ints]:
    """Draw pictures token by token.

    Args:
        network: (B, N) tokens, -1 for what is not known, to (B, N, tokens) logits, each from those before.
        places: N.
        chance: Draws them.
        temperature: As for `drawn`.
        most: As for `drawn`.

    Yields:
        (B, N) tokens after each, -1 where there is none yet.
    """
    tokens = np.full((len(chance), places), -1, np.int64)
    for place in range(places):
        tokens[:, place] = drawn(network(tokens)[:, place], chance, temperature, most)
        yield tokens.copy()


# Tian et al. 2024 (VAR), arXiv:2404.02905, section 3.2, eq. 6.
def scale_by_scale(
    network: Network, sides: Sequence[int], chance: Chance, temperature: float = 1.0
) -> Iterator[Ints]:
    """Draw pictures map by map, each finer than the one before, and all tokens of a map at once.

    Args:
        network: (B, N) tokens, -1 for what is not known, to (B, N, tokens) logits, each map by coarser ones.
        sides: Of the maps, in tokens.
        chance: Draws them.
        temperature: As for `drawn`.

    Yields:
        (B, N) tokens after each map, -1 where there is none yet.
    """
    tokens = np.full((len(chance), sum(side * side for side in sides)), -1, np.int64)
    start = 0
    for side in sides:
        here = slice(start, start + side * side)
        tokens[:, here] = drawn(network(tokens)[:, here], chance, temperature)
        start = here.stop
        yield tokens.copy()


# Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 3.2, with the noise of its appendix.
def masked_steps(
    network: Network, known: Ints, steps: int, chance: Chance, temperature: float = 4.5
) -> Iterator[Ints]:
    """Draw what is not shown in a few steps, keeping the surest of each.

    Args:
        network: (B, N) tokens, -1 for what is not shown, to (B, N, tokens) logits.
        known: (B, N) tokens, -1 for what is to be drawn: all, or a part to be painted.
        steps: How many.
        chance: Draws them.
        temperature: How much chance there is in what counts as sure; less in each step, none in the last.

    Yields:
        (B, N) tokens after each step, -1 where there is none yet.
    """
    tokens = known.copy()
    wanted = (known < 0).sum(1)
    for step in range(1, steps + 1):
        logits = network(tokens)
        found = drawn(logits, chance)
        hidden = tokens < 0
        sure = np.take_along_axis(_log_chances(logits), found[..., None], -1)[..., 0]
        noise = -np.log(-np.log(chance.uniform(sure.shape[1:])))
        sure = np.where(hidden, sure + temperature * (1.0 - step / steps) * noise, -np.inf)
        share = 1.0 - np.cos(np.pi / 2 * step / steps)
        shown = wanted if step == steps else np.maximum(np.rint(share * wanted), 1)
        rank = (-sure).argsort(1, kind="stable").argsort(1, kind="stable")
        more = shown - (wanted - hidden.sum(1))
        tokens = np.where(hidden & (rank < more[:, None]), found, tokens)
        yield tokens.copy()


# van den Oord et al. 2016, arXiv:1601.06759, section 3.
def level_by_level(
    network: Network, shape: tuple[int, int, int], chance: Chance, temperature: float = 1.0
) -> Iterator[Ints]:
    """Draw pictures grey level by grey level.

    Args:
        network: (B, C, H, W) grey levels to (B, C, H, W, levels) logits, each from those before.
        shape: C, H and W.
        chance: Draws them.
        temperature: As for `drawn`.

    Yields:
        (B, C, H, W) grey levels after each row, 0 where there is none yet.
    """
    channels, rows, columns = shape
    found = np.zeros((len(chance), *shape), np.int64)
    for row in range(rows):
        for column in range(columns):
            for channel in range(channels):
                logits = network(found)[:, channel, row, column]
                found[:, channel, row, column] = drawn(logits, chance, temperature)
        yield found.copy()


class Tokens:
    """A pipeline of a network of tokens and of what makes pictures of them.

    Args:
        recipe: Of the model: its shape is rows and columns; settings are `causal`, `steps` and `temperature`,
            and `sides` if it draws maps of tokens of growing size.
        network: (B, N) int64 tokens and, if there are classes, (B,) labels, to (B, N, tokens) logits.
        paint: (B, rows, columns) int64 tokens to (B, 3, H, W) pictures from 0 to 1.
    """

    def __init__(self, recipe: Recipe, network: Network, paint: Network) -> None:
        self.recipe, self.network, self.paint = recipe, network, paint
        try:
            self.causal = bool(recipe.settings["causal"])
            self.steps = int(recipe.settings["steps"])
            self.temperature = float(recipe.settings["temperature"])
            self.sides = [int(side) for side in recipe.settings.get("sides", ())]
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of tokens: {error}") from None

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: Something is asked that tokens cannot do.
        """
        _check(self.recipe, request)
        if self.causal and request.steps:
            raise UsageError("this model draws token by token, or map by map: it has no number of steps")
        temperature = request.temperature * self.temperature
        for numbers in chunks(request):
            chance = Chance(request.seed, numbers)
            network = _labelled(self.network, request.label, bool(self.recipe.labels))
            places = int(np.prod(self.recipe.shape))
            if self.sides:
                tokens = last(scale_by_scale(network, self.sides, chance, temperature))
            elif self.causal:
                tokens = last(one_by_one(network, places, chance, temperature))
            else:
                hidden = np.full((len(chance), places), -1, np.int64)
                steps = request.steps or self.steps
                tokens = last(masked_steps(network, hidden, steps, chance, temperature))
            yield from pixels_of(self.paint(tokens.reshape(-1, *self.recipe.shape)))


class Pixelwise:
    """A pipeline of a network of grey levels.

    Args:
        recipe: Of the model: its shape is channels, rows and columns; the setting is `levels`.
        network: (B, C, H, W) int64 grey levels and, if there are classes, (B,) labels, to
            (B, C, H, W, levels) logits.
    """

    def __init__(self, recipe: Recipe, network: Network) -> None:
        self.recipe, self.network = recipe, network
        try:
            self.levels = int(recipe.settings["levels"])
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of grey levels: {error}") from None

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: Something is asked that such a model cannot do.
        """
        _check(self.recipe, request)
        if request.steps:
            raise UsageError("this model draws level by level: it has no number of steps")
        network = _labelled(self.network, request.label, bool(self.recipe.labels))
        channels, rows, columns = self.recipe.shape
        for numbers in chunks(request):
            chance = Chance(request.seed, numbers)
            shape = (channels, rows, columns)
            levels = last(level_by_level(network, shape, chance, request.temperature))
            x = np.asarray(levels / (self.levels - 1), np.float32)
            yield from pixels_of(np.repeat(x, 3, axis=1) if channels == 1 else x)


def _check(recipe: Recipe, request: Request) -> None:
    if request.more:
        raise UsageError("only clips are gone on with", actual=request.more)
    if request.sampler or request.guidance != 1.0 or request.prompt:
        raise UsageError("this model has no samplers and no guidance")
    if not recipe.labels and request.label >= 0:
        raise UsageError("this model was trained without classes", actual=request.label)


def _labelled(network: Network, label: int, labels: bool) -> Network:
    """Return a network that is told the class."""
    if not labels:
        return network
    return lambda tokens: network(tokens, np.full(len(tokens), label, np.int64))


def _log_chances(logits: Floats) -> Floats:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)
