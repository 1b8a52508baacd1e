"""What trained models say of pictures by themselves: their error behind noise, or how likely pictures are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.evaluation.checks import Pictures
from forensics.generators.evaluation.denoising import NOISE_LEVELS, picture_errors, variance_error
from forensics.generators.evaluation.likelihood import (
    Doubles,
    bits_of_levels,
    bits_of_tokens,
    dequantised,
)
from forensics.generators.pipelines.base import Floats, Network, Request
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.tokens import Pixelwise, Tokens

__all__ = ["About", "DenoisingJudge", "FlowJudge", "Judge", "LevelJudge", "Point", "TokenJudge", "check_fits"]

Bits: TypeAlias = Callable[[Floats], Doubles]


@dataclass(frozen=True)
class Point:
    """Where on its path a denoiser is asked.

    Attributes:
        noise: Noise over picture, sigma / alpha.
        time: From 0, noise, to 1, the picture.
    """

    noise: float
    time: float


@dataclass(frozen=True)
class About:
    """What the figures of a judge are.

    Attributes:
        measure: "squared error" or "bits".
        unit: Of what, in words.
        note: What else a reader has to know.
        shape: Of a picture as the model takes it.
        points: One for each figure of a denoiser; none of a likelihood, which is one figure.
    """

    measure: str
    unit: str
    note: str
    shape: tuple[int, ...]
    points: tuple[Point, ...] = ()


class Judge(Protocol):
    """A model that can be asked how well it knows pictures: the lower a figure, the better."""

    about: About

    def code(self, pictures: Pictures, chance: Chance) -> Any:
        """Return (B, S, S, 3) uint8 pictures as the model takes them, (B, *shape)."""
        ...

    def figures(self, x: Any, chance: Chance) -> Doubles:
        """Return (B, figures) of what `code` gives."""
        ...

    def blind(self, variance: float) -> tuple[float, ...]:
        """Return the figures of one who knows no pictures, from the variance of what `code` gives."""
        ...


class DenoisingJudge:
    """A denoiser, and its squared error on pictures behind noise.

    Args:
        pipeline: The denoiser; it is told no class and no text.
        encode: (B, 3, S, S) pictures from 0 to 1 to its latents; pixels from -1 to 1 if None.
    """

    def __init__(self, pipeline: Denoising, encode: Network | None = None) -> None:
        self._path, self._denoise, self._encode = pipeline.path, pipeline.denoiser(Request()), encode
        self.about = About(
            "squared error",
            "of pixels from -1 to 1" if encode is None else "of latents of about unit size",
            "of the picture behind fresh noise; no class and no text is told",
            pipeline.recipe.shape,
            tuple(Point(level, float(self._path.time(level))) for level in NOISE_LEVELS),
        )

    def code(self, pictures: Pictures, _: Chance) -> Floats:
        """Return pixels or latents."""
        x = _unit(pictures)
        return 2.0 * x - 1.0 if self._encode is None else np.asarray(self._encode(x), np.float32)

    def figures(self, x: Floats, chance: Chance) -> Doubles:
        """Return (B, levels) errors."""
        return picture_errors(self._denoise, x, self._path, chance)

    def blind(self, variance: float) -> tuple[float, ...]:
        """Return the errors where nothing is known but mean and variance of values."""
        return tuple(variance_error(variance, level) for level in NOISE_LEVELS)


class FlowJudge:
    """A normalizing flow, and how many bits pictures take by it.

    Args:
        bits: (B, 3, S, S) pictures from 0 to 1, with noise, to (B,) bits for each value.
        side: Of the pictures.
    """

    def __init__(self, bits: Bits, side: int) -> None:
        self._bits = bits
        note = "no less than the exact figure: even noise is drawn inside each of 256 grey levels"
        self.about = About("bits", "for each value", note, (3, side, side))

    def code(self, pictures: Pictures, chance: Chance) -> Floats:
        """Return pictures from 0 to 1, with noise inside each grey level."""
        return dequantised(pictures, chance)

    def figures(self, x: Floats, _: Chance) -> Doubles:
        """Return (B, 1) bits."""
        return self._bits(x)[:, None]

    def blind(self, _: float) -> tuple[float, ...]:
        """Return the bits of a grey level."""
        return (8.0,)


class LevelJudge:
    """A model of grey levels one after the other, and how many bits pictures take by it.

    Args:
        pipeline: The model; it is told no class.
    """

    def __init__(self, pipeline: Pixelwise) -> None:
        self._network, self._levels = _told_nothing(pipeline), pipeline.levels
        note = f"exact: pictures are rounded to {self._levels} grey levels, and nothing is drawn"
        self.about = About("bits", "for each value", note, pipeline.recipe.shape)

    def code(self, pictures: Pictures, _: Chance) -> Any:
        """Return grey levels."""
        return np.rint(_unit(pictures) * np.float32(self._levels - 1)).astype(np.int64)

    def figures(self, x: Any, _: Chance) -> Doubles:
        """Return (B, 1) bits."""
        return bits_of_levels(self._network, x)[:, None]

    def blind(self, _: float) -> tuple[float, ...]:
        """Return the bits of a grey level."""
        return (math.log2(self._levels),)


class TokenJudge:
    """A model of tokens one after the other, and how many bits those of pictures take by it.

    Args:
        pipeline: The model, a causal one; it is told no class.
        tokenize: (B, 3, S, S) pictures from 0 to 1 to (B, rows, columns) tokens.
    """

    def __init__(self, pipeline: Tokens, tokenize: Network) -> None:
        self._tokenize, self._network = tokenize, _told_nothing(pipeline)
        places = math.prod(pipeline.recipe.shape)
        self._tokens = int(self._network(np.zeros((1, places), np.int64)).shape[-1])
        note = "exact, of tokens: what its codec loses of a picture does not count"
        self.about = About("bits", "for each token", note, pipeline.recipe.shape)

    def code(self, pictures: Pictures, _: Chance) -> Any:
        """Return tokens."""
        return np.asarray(self._tokenize(_unit(pictures)), np.int64)

    def figures(self, x: Any, _: Chance) -> Doubles:
        """Return (B, 1) bits."""
        return bits_of_tokens(self._network, x.reshape(len(x), -1))[:, None]

    def blind(self, _: float) -> tuple[float, ...]:
        """Return the bits of a token."""
        return (math.log2(self._tokens),)


def check_fits(judge: Judge, pictures: Pictures) -> None:
    """Refuse pictures that a model does not take.

    Raises:
        UsageError: They are of another size.
    """
    wanted, side = judge.about.shape, f"{pictures.shape[2]} x {pictures.shape[1]} pixels"
    try:
        found = judge.code(pictures[:1], Chance(0, [0])).shape[1:]
    except ModelError as error:
        raise UsageError(f"the model takes no pictures of {side}: {error}", actual=side) from None
    if found != wanted:
        words = [" x ".join(map(str, shape)) for shape in (wanted, found)]
        message = f"the model takes {words[0]} values of a picture, and those of {side} have {words[1]}"
        raise UsageError(message, expected=wanted, actual=found)


def _told_nothing(pipeline: Pixelwise | Tokens) -> Network:
    """Return the network of a model; one that knows classes is told that it may be any."""
    network = pipeline.network
    if not pipeline.recipe.labels:
        return network
    return lambda x: network(x, np.full(len(x), -1, np.int64))


def _unit(pictures: Pictures) -> Floats:
    return np.ascontiguousarray(np.moveaxis(pictures, -1, 1).astype(np.float32) / np.float32(255.0))
