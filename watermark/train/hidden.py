"""A small HiDDeN (Zhu et al. 2018, arXiv:1807.09937): message broadcast over the picture, pooled at the end.

Its extractor does not care where a pattern lies, works at any size and is differentiable, so that a decoder
can be taught to sign with it (The Stable Signature, arXiv:2303.15435, section 3.1). Unlike there, the error
of the mark is fixed by scaling and not by a loss, and a second output says whether there is a mark at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.training.loop import Schedule
from forensics.training.run import Ramp
from forensics.watermark.train.batches import batch_of, lumas
from forensics.watermark.train.distortions import DISTORTIONS, distorted
from forensics.watermark.train.networks import Planes, visibility
from forensics.watermark.train.tiles import at_psnr

__all__ = ["PRESETS", "Hidden", "HiddenConfig", "HiddenPair", "Network", "Sender", "Whitened", "accuracies"]

_MEASURED = 128
_ENCODER_STANDS = 0.85
_STRIDE = 2  # of pixels to features: a pattern is read wherever it lies, to one pixel


@dataclass(frozen=True)
class Network:
    """Size of the networks.

    Attributes:
        bits: Of a message.
        channels: Features at half resolution.
        sender: Convolutions of the encoder.
        reader: Convolutions of the extractor.
    """

    bits: int = 48
    channels: int = 48
    sender: int = 3
    reader: int = 5


@dataclass(frozen=True)
class HiddenConfig:
    """A run.

    Attributes:
        network: Size of the networks.
        schedule: Length of the run.
        side: Side of the pictures in pixels.
        psnr: In dB: at first, and in the end.
        attacked: Shares of the run at which distortions begin, and are at their strongest.
    """

    network: Network = field(default_factory=Network)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=8000, batch=24, rate=2e-3, every=500))
    side: int = 64
    psnr: tuple[float, float] = (26.0, 36.0)
    attacked: tuple[float, float] = (0.2, 0.6)


PRESETS: Mapping[str, HiddenConfig] = {
    "smoke": HiddenConfig(Network(8, 8, 1, 2), Schedule(steps=20, batch=4, rate=2e-3, every=10)),
    "cpu": HiddenConfig(),
    "gpu": HiddenConfig(
        Network(48, 64, 4, 7), Schedule(steps=40_000, batch=256, rate=2e-3, every=2000), side=128
    ),
}


class Sender(nn.Module):
    """From a picture and a message to what is added to the picture, up to a factor."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.planes = Planes()
        width = size.channels
        self.stem = _layer(12, width)
        self.body = nn.Sequential(*(_layer(width, width) for _ in range(size.sender)))
        self.join = _layer(width + 12 + size.bits, width)
        self.head = nn.Conv2d(width, 4, 3, padding=1)

    def forward(self, luma: Tensor, message: Tensor) -> Tensor:
        """Return (B, 1, H, W).

        Args:
            luma: (B, 1, H, W), 0 to 255, both sides even.
            message: (B, n) of +1 and -1.
        """
        seen = _seen(self.planes(luma))
        spread = message[:, :, None, None].expand(-1, -1, *seen.shape[-2:])
        deep = self.join(torch.cat([self.body(self.stem(seen)), seen, spread], dim=1))
        pattern = torch.tanh(F.pixel_shuffle(self.head(deep), _STRIDE))
        return pattern * visibility(luma)


class Reader(nn.Module):
    """From a picture to the bits of a message, and to whether there is one."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.planes = Planes()
        width = size.channels
        layers = [_layer(12, width), *(_layer(width, width) for _ in range(size.reader))]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, size.bits + 1)
        self.last = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, n + 1): logits of the bits, then that of a mark being there.

        Args:
            luma: (B, 1, H, W), 0 to 255, both sides even.
        """
        deep = self.last(self.body(_seen(self.planes(luma))))
        logits: Tensor = self.head(deep.mean(dim=(2, 3)))
        return logits


class HiddenPair(nn.Module):
    """Both of them."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.sender = Sender(size)
        self.reader = Reader(size)


class Whitened(nn.Module):
    """A reader whose bits are independent and fair on unmarked pictures (arXiv:2303.15435, section 3.1).

    Args:
        reader: Trained.
        logits: (N, n + 1) of unmarked pictures.
    """

    def __init__(self, reader: nn.Module, logits: Tensor) -> None:
        super().__init__()
        self.reader = reader
        bits = logits[:, :-1].double()
        values, vectors = torch.linalg.eigh(torch.cov(bits.T))
        root = vectors @ torch.diag(values.clamp(min=1e-9).rsqrt()) @ vectors.T
        self.register_buffer("matrix", root.float())
        self.register_buffer("offset", (-root @ bits.mean(dim=0)).float())

    matrix: Tensor
    offset: Tensor

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, n + 1) as the reader does, its bits of unit covariance on unmarked pictures."""
        found = self.reader(luma)
        return torch.cat([found[:, :-1] @ self.matrix + self.offset, found[:, -1:]], dim=1)


class Hidden:
    """The training of a pair.

    Args:
        config: The run.
        squares: (N, S, S, 3) uint8 RGB, S at least the side.
        device: Where to compute.
    """

    def __init__(self, config: HiddenConfig, squares: Squares, device: torch.device) -> None:
        self.config = config
        self.schedule = config.schedule
        self.squares = squares
        torch.manual_seed(config.schedule.seed)
        self.module = HiddenPair(config.network).to(device)
        self.lumas = lumas(squares)

    def loss(self, step: int) -> Tensor:
        """Return the cost of reading the bits of marked pictures, and of telling these from others."""
        rng = np.random.default_rng([self.schedule.seed, step])
        done, count = step / self.schedule.steps, self.schedule.batch
        pair, device = self.module, next(self.module.parameters()).device
        pair.sender.requires_grad_(done < _ENCODER_STANDS)
        luma = batch_of(self.lumas, count, self.config.side, rng).to(device)
        psnr = Ramp(0.25, 0.7, *self.config.psnr)(done) + torch.from_numpy(rng.uniform(-1, 1, count)).to(luma)
        message = _messages(count, self.config.network.bits, rng, luma)
        marked = luma + at_psnr(pair.sender(luma, message), psnr)
        strength = Ramp(*self.config.attacked, 0.0, 1.0)(done)
        there = distorted(_window(torch.cat([marked, luma]), rng, strength), rng, strength)
        found = pair.reader(there)
        bits = F.softplus(-found[:count, :-1] * message).mean()
        presence = torch.cat([luma.new_ones(count), -luma.new_ones(count)])
        return bits + 0.1 * F.softplus(-found[:, -1] * presence).mean()

    def measure(self, module: HiddenPair) -> dict[str, float]:
        """Return the accuracy of bits after each distortion."""
        wanted = self.config.psnr[1]
        return accuracies(module, self.squares, self.config.side, wanted)


@torch.no_grad()
def accuracies(pair: HiddenPair, squares: Squares, side: int, psnr: float, seed: int = 0) -> dict[str, float]:
    """Return the share of bits that are read right in pictures not trained on, after each distortion.

    Args:
        pair: The networks.
        squares: As given to the training.
        side: Of the pictures in pixels.
        psnr: Of the marks, in dB.
        seed: Of what is drawn.
    """
    device = next(pair.parameters()).device
    held_out = lumas(squares, held_out=True)[:_MEASURED, :side, :side]
    luma = torch.from_numpy(held_out[:, None].astype(np.float32)).to(device)
    bits = pair.reader.head.out_features - 1
    message = _messages(len(luma), bits, np.random.default_rng(seed), luma)
    marked = luma + at_psnr(pair.sender(luma, message), luma.new_full((len(luma),), psnr))
    found = {}
    for kind in DISTORTIONS:
        there = distorted(marked, np.random.default_rng(seed), 0.6, kind)
        found[f"accuracy {kind}"] = float((pair.reader(there)[:, :-1] * message > 0).float().mean())
    part = marked[:, :, : side // 4 * 2, : side // 4 * 2]
    found["accuracy quarter"] = float((pair.reader(part)[:, :-1] * message > 0).float().mean())
    presence = [float((pair.reader(x)[:, -1] > 0).float().mean()) for x in (marked, luma)]
    return {**found, "marked told": presence[0], "unmarked told": 1 - presence[1]}


def _messages(count: int, bits: int, rng: np.random.Generator, like: Tensor) -> Tensor:
    return torch.from_numpy(rng.choice(np.array([-1, 1], np.float32), (count, bits))).to(like)


def _window(pictures: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Cut a window that begins anywhere, down to half of each side: differentiable, the same for all."""
    height, width = pictures.shape[-2:]
    if rng.random() > strength:
        return pictures
    tall, wide = (int(rng.integers(n // 4, n // 2 + 1)) * 2 for n in (height, width))
    y, x = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    return pictures[:, :, y : y + tall, x : x + wide]


def _layer(inside: int, outside: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, padding=1), nn.GroupNorm(8, outside), nn.GELU())


def _seen(planes: Tensor) -> Tensor:
    """Bring the planes to values around one, four pixels in one place."""
    low, high, even = planes[:, :1], planes[:, 1:2], planes[:, 2:]
    scaled = torch.cat([(low - 128.0) / 64.0, (high / 16.0).clamp(-4.0, 4.0), even], dim=1)
    return F.pixel_unshuffle(scaled, _STRIDE)
