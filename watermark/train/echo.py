"""A mark that is read wherever it lies: every bit is an echo, weak copies of a picture's texture beside it.

Adding a shifted copy of a signal to itself raises its autocorrelation at that lag (echo hiding: Gruhl, Lu and
Bender 1996, "Echo Hiding", Information Hiding, LNCS 1174). A message is a set of kernels that filter the
texture; its reader knows the autocorrelation of the texture and no place. Both start as plain echoes at two
lags for each bit, which are read without training, and learn what texture is, which kernels survive, and how
they are told from what pictures bring along: encoder, distortions and extractor are trained as in HiDDeN (Zhu
et al. 2018, arXiv:1807.09937), whose broadcast message and pooled features hardly learn anything in as short
a run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.watermark.train.networks import Block, Planes, scaled, visibility, zeroed

__all__ = ["Network", "Reader", "Sender", "autocorrelations", "lags"]

_NEAR = 2  # lags below which every texture resembles itself
_FILTER = 5
_ENERGY = 1e-3
_SCALE = 16.0  # of autocorrelations, whose chance deviation at 64 pixels is 1/64


@dataclass(frozen=True)
class Network:
    """Size of the networks.

    Attributes:
        bits: Of a message.
        textures: Planes whose autocorrelation is read.
        reach: Largest lag in pixels, each way.
        channels: Features at half resolution.
        blocks: Residual blocks that see them.
    """

    bits: int = 32
    textures: int = 4
    reach: int = 6
    channels: int = 32
    blocks: int = 2


def lags(reach: int) -> list[tuple[int, int]]:
    """Return the (rows, columns) of one half of all lags; the other half repeats it."""
    every = range(-reach, reach + 1)
    return [(y, x) for y in range(reach + 1) for x in every if y > 0 or x > 0]


class Texture(nn.Module):
    """From a picture to planes of texture: the normalised high-pass, filtered, corrected by a network."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.planes = Planes()
        self.filters = nn.Conv2d(1, size.textures, _FILTER, padding=_FILTER // 2, bias=False)
        self.stem = nn.Conv2d(12, size.channels, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(size.channels) for _ in range(size.blocks)))
        self.head = zeroed(nn.Conv2d(size.channels, 4 * size.textures, 3, padding=1))
        with torch.no_grad():
            middle = _FILTER // 2
            self.filters.weight.mul_(0.2)
            self.filters.weight[0] = -1 / _FILTER**2
            self.filters.weight[:, 0, middle, middle] += 1

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, textures, H, W) for (B, 1, H, W) in 0 to 255, both sides even."""
        planes = self.planes(luma)
        deep = self.blocks(self.stem(F.pixel_unshuffle(scaled(planes), 2)))
        change = F.pixel_shuffle(self.head(F.gelu(deep)), 2)
        texture: Tensor = self.filters(planes[:, 2:]) + change
        return texture


class Sender(nn.Module):
    """From a picture and a message to what is added to the picture, up to a factor.

    The opposite message gives the opposite pattern: nothing is spent on what says nothing.
    """

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.reach = size.reach
        self.texture = Texture(size)
        side = 2 * size.reach + 1
        self.kernels = nn.Parameter(0.02 * torch.randn(size.bits, size.textures, side, side))
        with torch.no_grad():
            for kernel, pair in zip(self.kernels, _pairs(size), strict=True):
                for (y, x), sign in zip(pair, (1.0, -1.0), strict=True):
                    kernel[0, size.reach + y, size.reach + x] += sign
                    kernel[0, size.reach - y, size.reach - x] += sign

    def forward(self, luma: Tensor, message: Tensor) -> Tensor:
        """Return (B, 1, H, W).

        Args:
            luma: (B, 1, H, W), 0 to 255, both sides even.
            message: (B, n) of +1 and -1.
        """
        kernels = torch.einsum("bn,ncyx->bcyx", message, self.kernels) / len(self.kernels) ** 0.5
        padded = F.pad(self.texture(luma), [self.reach] * 4, mode="reflect")
        height, width = padded.shape[-2:]
        product = torch.fft.rfft2(padded) * torch.fft.rfft2(kernels, s=(height, width))
        filtered = torch.fft.irfft2(product.sum(dim=1, keepdim=True), s=(height, width))
        pattern = torch.tanh(filtered[..., 2 * self.reach :, 2 * self.reach :])
        return pattern * visibility(luma)


class Reader(nn.Module):
    """From a picture to the bits of a message, and to whether there is one."""

    def __init__(self, size: Network) -> None:
        super().__init__()
        self.reach = size.reach
        self.texture = Texture(size)
        half = lags(size.reach)
        self.head = nn.Linear(size.textures * len(half), size.bits + 1)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            for row, (first, second) in zip(self.head.weight, _pairs(size), strict=False):
                row[half.index(first)] += 1
                row[half.index(second)] -= 1

    def forward(self, luma: Tensor) -> Tensor:
        """Return (B, n + 1): logits of the bits, then that of a mark being there.

        Args:
            luma: (B, 1, H, W), 0 to 255, both sides even.
        """
        texture = self.texture(luma)
        texture = texture - texture.mean(dim=(2, 3), keepdim=True)
        energy = (texture**2).mean(dim=(2, 3), keepdim=True)
        seen = autocorrelations(texture * torch.rsqrt(energy + _ENERGY), self.reach)
        logits: Tensor = self.head(_SCALE * seen.flatten(1))
        return logits


def autocorrelations(planes: Tensor, reach: int) -> Tensor:
    """Return (B, C, L): the mean product of each plane with itself, moved by each of `lags`.

    Args:
        planes: (B, C, H, W).
        reach: Largest lag.
    """
    half = lags(reach)
    height, width = planes.shape[-2:]
    if torch.onnx.is_in_onnx_export():  # the same without a Fourier transform, which files know differently
        parts = [
            planes[:, :, y:, max(x, 0) : width + min(x, 0)]
            * planes[:, :, : height - y, max(-x, 0) : width - max(x, 0)]
            for y, x in half
        ]
        return torch.stack([part.mean(dim=(2, 3)) for part in parts], dim=2)
    size = (height + reach, width + reach)
    spectrum = torch.fft.rfft2(planes, s=size)
    sums = torch.fft.irfft2(spectrum.real**2 + spectrum.imag**2, s=size)
    y, x = torch.tensor(half, device=planes.device).T
    return sums[:, :, y, x] / ((height - y) * (width - x.abs()))


def _pairs(size: Network) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return two lags for each bit, the same ones whenever they are asked for."""
    far = [lag for lag in lags(size.reach) if max(map(abs, lag)) >= _NEAR]
    order = np.random.default_rng(0).permutation(len(far))
    chosen = [far[order[i % len(far)]] for i in range(2 * size.bits)]
    return list(zip(chosen[::2], chosen[1::2], strict=True))
