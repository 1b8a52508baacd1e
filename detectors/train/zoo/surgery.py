"""Decoders changed after their training: near to photos from the start, with traces of their own."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from forensics.detectors.train.zoo.networks import ACTIVATIONS, Block, Design
from forensics.generators.codec.model import Codec
from forensics.generators.parts.resampling import Upsample

__all__ = ["Changed"]


class Changed(nn.Module):
    """The decoder of a codec, some of whose layers are another's.

    What doubles the grid is of the kind of the design. What makes pixels of the last features, at half their
    grid, is a sub-pixel convolution; in most designs it is an up-sampling of that kind as well.

    Args:
        codec: Of factor 4, with a stem of 2: its decoder is copied.
        design: What to change.
    """

    def __init__(self, codec: Codec, design: Design) -> None:
        super().__init__()
        self.mean = nn.Parameter(codec.mean.clone(), requires_grad=False)
        self.deviation = nn.Parameter(codec.deviation.clone(), requires_grad=False)
        layers = list(copy.deepcopy(codec.up).children())
        width = codec.config.features(0)
        for place, layer in enumerate(layers):
            if isinstance(layer, Upsample) and design.upsampling != codec.config.upsample:
                layers[place] = _another(layer, codec, design)
        if design.last != 1:
            body: list[nn.Module] = [Upsample(width, design.channels, design.upsampling)]
            body += [Block(design.channels, design)] if design.fine else []
            body += [ACTIVATIONS[design.activation]()]
            layers[-2:] = [*body, nn.Conv2d(design.channels, 3, design.last, padding=design.last // 2)]
        self.layers = nn.Sequential(*layers).requires_grad_()

    def forward(self, z: Tensor) -> Tensor:
        """Return (B, 3, H, W) pictures, -1 to 1, for latents of unit size."""
        pictures: Tensor = self.layers(z * self.deviation + self.mean)
        return pictures


def _another(layer: Upsample, codec: Codec, design: Design) -> Upsample:
    """Return a layer that doubles the grid in another way, with the weights of the old one if they fit."""
    changed = Upsample(codec.config.features(1), codec.config.features(0), design.upsampling)
    old, new = ([part for part in one.modules() if isinstance(part, nn.Conv2d)] for one in (layer, changed))
    if old and new and old[0].weight.shape == new[0].weight.shape:
        new[0].load_state_dict(old[0].state_dict())
    return changed
