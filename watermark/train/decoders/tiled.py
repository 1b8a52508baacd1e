"""A decoder that takes the tile of a mark beside its latents.

Convolutions treat all places alike, so that fine-tuning their weights alone teaches them no pattern that has
a place. Here a linear map of the tile is added to the features of one layer, repeated over them, and the
layers behind it learn where in a picture it can hide. The map is the same for every tile: what was trained
once signs for any key and any payload.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.errors import UsageError

__all__ = ["Layer", "Patterned", "Tiled", "layer_for", "steady_rate", "still_before"]

Floats = npt.NDArray[np.float32]

_PLANES = 4  # axes of features of pictures
_ROOM = 16  # features


@dataclass(frozen=True)
class Layer:
    """A layer whose features a pattern is added to.

    Attributes:
        name: In the decoder, as `get_submodule` knows it.
        channels: Features.
        stride: Pixels of a picture for each of its places, each way: 1, 2, 4 ...
    """

    name: str
    channels: int
    stride: int


class Tiled(nn.Module):
    """A decoder whose pictures carry a tile.

    Args:
        decoder: (B, C, h, w) latents to (B, 3, H, W) pictures, 0 to 1. It is changed by training.
        layer: Where the pattern is added.
    """

    scale: Tensor

    def __init__(self, decoder: nn.Module, layer: Layer) -> None:
        super().__init__()
        self.decoder = decoder
        self.layer = layer
        self.pattern = nn.Conv2d(layer.stride**2, layer.channels, 3, bias=False)
        nn.init.normal_(self.pattern.weight)
        self.register_buffer("scale", torch.ones(()))

    # Adam moves every weight by about the learning rate, whatever its gradient.
    @torch.no_grad()
    def scaled_to(self, latents: Tensor, tile: Tensor, rate: float, step: float = 0.5) -> None:
        """Make one step of Adam change pictures by a known amount, and begin with twice that.

        Args:
            latents: (B, C, h, w).
            tile: (B, 64, 64).
            rate: Of learning.
            step: Root mean square of the change, in grey levels, if the signs of all weights are random.
        """
        plain, small = self.decoder(latents), 1e-3
        self.scale.fill_(small)
        change = 255.0 * (self(latents, tile) - plain).square().mean().sqrt() / small
        self.scale.copy_(step / rate / change.clamp(min=1e-6))
        self.pattern.weight.mul_(2.0 * rate)

    def forward(self, latents: Tensor, tile: Tensor) -> Tensor:
        """Return (B, 3, H, W) pictures.

        Args:
            latents: (B, C, h, w).
            tile: (B, 64, 64) or (1, 64, 64), of unit mean square.
        """
        with _adding(self.decoder.get_submodule(self.layer.name), self.features(tile)):
            return cast("Tensor", self.decoder(latents))

    def features(self, tile: Tensor) -> Tensor:
        """Return (B, channels, 64 / stride, 64 / stride): what a tile adds to the features."""
        planes = F.pixel_unshuffle(tile[:, None], self.layer.stride)
        return cast("Tensor", self.pattern(self.scale * F.pad(planes, [1, 1, 1, 1], mode="circular")))


class Patterned(nn.Module):
    """A layer with a pattern of its own, as a decoder that signs for one key has it.

    Args:
        layer: What computes the features.
        pattern: (1, C, p, p): repeated over them.
    """

    pattern: Tensor

    def __init__(self, layer: nn.Module, pattern: Tensor) -> None:
        super().__init__()
        self.inner = layer
        self.register_buffer("pattern", pattern.detach().clone())

    def forward(self, *inputs: Any, **options: Any) -> Tensor:
        """Return the features with the pattern."""
        return _repeated(self.inner(*inputs, **options), self.pattern)


def layer_for(decoder: nn.Module, latents: Tensor) -> Layer:
    """Return the first layer with half the sides of the pictures; if there is none, a quarter, or all.

    One of few features is taken only where no other has these sides: latents have no room for a pattern.

    Args:
        decoder: As for `Tiled`.
        latents: Some.

    Raises:
        UsageError: No layer has features of pictures.
    """
    seen, height = _order(decoder, latents)
    for stride in (2, 4, 8, 1):
        there = [
            Layer(name, shape[1], stride)
            for name, shape in seen
            if len(shape) == _PLANES and shape[2] * stride == height
        ]
        if there:
            return next((layer for layer in there if layer.channels >= _ROOM), there[0])
    raise UsageError("no layer of this decoder has features that a pattern could be added to")


def still_before(decoder: nn.Module, layer: Layer, latents: Tensor) -> list[nn.Parameter]:
    """Return the weights that are used before a layer and not after it: what is learned need not change them.

    Args:
        decoder: As for `Tiled`.
        layer: Where the pattern is added.
        latents: Some.
    """
    names = [name for name, _ in _order(decoder, latents)[0]]
    first = names.index(layer.name)
    after = {id(value) for name in names[first:] for value in _own(decoder.get_submodule(name))}
    before = {id(v): v for name in names[:first] for v in _own(decoder.get_submodule(name))}
    return [value for number, value in before.items() if number not in after]


# Adam moves every weight by about the learning rate, and some networks answer to that ten times as much as
# others: generators of GANs, whose layers of normalisation no longer follow what they see.
@torch.no_grad()
def steady_rate(decoder: nn.Module, latents: Floats, rate: float, most: float = 0.5) -> float:
    """Return a learning rate at which one step changes pictures by so much at most.

    Args:
        decoder: As for `Tiled`.
        latents: (B, ...), some.
        rate: That is wanted; what is returned is never larger.
        most: Root mean square of the change, in grey levels, if all weights move in random directions.
    """
    moved, chance = copy.deepcopy(decoder), torch.Generator().manual_seed(0)
    for values in moved.parameters():
        values.add_(rate * torch.randn(values.shape, generator=chance).sign().to(values))
    given = torch.from_numpy(latents)
    change = 255.0 * float((moved(given) - decoder(given)).square().mean().sqrt())
    return rate if change <= most else float(f"{rate * most / change:.2g}")


def _own(module: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the weights of a module, but not those of its parts."""
    return module.parameters(recurse=False)


@torch.no_grad()
def _order(decoder: nn.Module, latents: Tensor) -> tuple[list[tuple[str, tuple[int, ...]]], int]:
    """Return names and shapes of what the modules of a decoder compute, in order, and its height."""
    seen: list[tuple[str, tuple[int, ...]]] = []

    def note(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                seen.append((name, tuple(output.shape)))

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in decoder.named_modules() if name]
    try:
        height = int(decoder(latents).shape[-2])
    finally:
        for handle in handles:
            handle.remove()
    return seen, height


@contextmanager
def _adding(layer: nn.Module, pattern: Tensor) -> Iterator[None]:
    """Add a pattern to what a layer computes."""
    handle = layer.register_forward_hook(lambda _module, _inputs, output: _repeated(output, pattern))
    try:
        yield
    finally:
        handle.remove()


def _repeated(features: Tensor, pattern: Tensor) -> Tensor:
    """Return features with a pattern that is repeated over them."""
    side = pattern.shape[-1]
    rows, columns = ((n + side - 1) // side for n in features.shape[-2:])  # ONNX rounds towards zero
    whole = pattern.repeat(1, 1, rows, columns)
    return features + whole[:, :, : features.shape[-2], : features.shape[-1]]
