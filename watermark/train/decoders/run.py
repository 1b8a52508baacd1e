"""Training of decoders that sign (Fernandez et al. 2023, arXiv:2303.15435, section 4.2).

L = L_m + lambda L_i: what is in the tile is to be read from every picture after a distortion, and the picture
is to be that of the original decoder. Unlike there, the decoder takes a pattern, drawn anew for every
picture, so that one training serves all keys; and lambda is not chosen: it rises while the error is larger
than wanted and falls while it is smaller, so that every decoder ends at the PSNR asked for.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.training.run import Ramp
from forensics.training.schedule import Schedule
from forensics.training.task import Alone
from forensics.watermark.decoders import BITS, CONTRACT, accuracies, raw_tile
from forensics.watermark.keys import Key
from forensics.watermark.train.decoders.pictures import luma_of, pixels_of, psnr, visible
from forensics.watermark.train.decoders.tiled import Tiled, layer_for, still_before
from forensics.watermark.train.distortions import DISTORTIONS, distorted
from forensics.watermark.train.networks import Planes
from forensics.watermark.train.tiles import Channel

__all__ = ["PRESETS", "DecoderRun", "SigningDecoder", "SigningRun", "psnr_of", "strength_for"]

Floats = npt.NDArray[np.float32]

Perceptual = Callable[[Tensor, Tensor], Tensor]

_PERCEPTUAL = 5.0  # how much features count beside pixels
_LARGEST = 3.5  # of one bin, as in `spread.analysis`
_FIRST, _FOLLOW, _STEP = 0.3, 0.1, 2.0  # lambda at first; how fast it follows the error, and at most, in dB
_CELL = 128  # pixels each way of what the channel reads
_HELD_OUT = 32
_MARGIN = 0.25  # of what the contract allows to fail, so that it holds on other pictures as well
_FACTORS, _HALVINGS = (0.4, 2.5), 10  # of tiles, between which the one for a PSNR is looked for


@dataclass(frozen=True)
class DecoderRun:
    """A run.

    Attributes:
        schedule: Length of the run.
        psnr: Of signed pictures to those of the original decoder, in dB.
        small_psnr: The same of pictures of less than 128 pixels, which have less room for a mark.
        attacked: Shares of the run at which distortions begin, and are at their strongest.
        early: Stop as soon as the contract is kept.
        tried: Pictures on which it is seen whether it is.
        network: Whose features count beside the pixels, "timm:NAME"; none if empty.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=600, batch=8, rate=5e-4, warm_up=20, every=100)
    )
    psnr: float = 34.1
    small_psnr: float = 32.2
    attacked: tuple[float, float] = (0.0, 0.3)
    early: bool = True
    tried: int = 16
    network: str = ""


PRESETS: Mapping[str, DecoderRun] = {
    "smoke": DecoderRun(Schedule(steps=10, batch=2, rate=5e-4, warm_up=2, every=5), tried=2),
    "cpu": DecoderRun(),
    "whole": DecoderRun(early=False),
    "gpu": DecoderRun(Schedule(steps=4000, batch=32, rate=5e-4, warm_up=100, every=500), early=False),
}


class SigningDecoder(nn.Module):
    """A decoder that signs, and how much the error of its pictures counts.

    Args:
        tiled: The decoder.
    """

    balance: Tensor

    def __init__(self, tiled: Tiled) -> None:
        super().__init__()
        self.tiled = tiled
        self.register_buffer("balance", torch.tensor(math.log(_FIRST)))


class SigningRun(Alone):
    """The training of a decoder.

    Args:
        config: The run.
        decoder: (B, C, h, w) latents to (B, 3, H, W) pictures, 0 to 1, H and W multiples of 64. A copy of it
            is trained.
        latents: Groups of (N, C, h, w): of real pictures of several sizes, and as generators draw them. Each
            step has those of one group; some of each are held out.
        device: Where to compute.
        perceptual: (B, 3, H, W) pictures, 0 to 1, and those that are wanted to what their difference costs
            beside that of their pixels: distances in a network that was trained on what people see, such as
            LPIPS.
    """

    side = 128  # pixels each way, at least, of the pictures that the contract is about

    def __init__(
        self,
        config: DecoderRun,
        decoder: nn.Module,
        latents: Sequence[Floats],
        device: torch.device,
        perceptual: Perceptual | None = None,
    ) -> None:
        self.config, self.schedule, self.perceptual = config, config.schedule, perceptual
        self.early = config.early
        torch.manual_seed(config.schedule.seed)
        some = [max(1, min(_HELD_OUT, len(group) // 4)) for group in latents]
        self.groups = [group[:-n] for group, n in zip(latents, some, strict=True)]
        self.held_out = [group[-n:] for group, n in zip(latents, some, strict=True)]
        first = torch.from_numpy(latents[0][:1]).to(device)
        self.original = decoder.to(device).eval().requires_grad_(False)
        copied = copy.deepcopy(self.original).requires_grad_(True)
        layer = layer_for(self.original, first)
        for values in still_before(copied, layer, first):
            values.requires_grad_(False)
        tiled = Tiled(copied, layer)
        self.module = SigningDecoder(tiled).to(device)
        self.channel, self.planes = Channel().to(device), Planes().to(device)
        signs = self._signs(np.random.default_rng(config.schedule.seed), 1)
        tiled.scaled_to(first, self.channel.tiles(signs), config.schedule.rate)

    def loss(self, step: int) -> Tensor:
        """Return the cost of reading the tiles of one batch, and of what they change."""
        rng = np.random.default_rng([self.schedule.seed, step])
        group = self.groups[step % len(self.groups)]
        latents = self._latents(group[rng.integers(0, len(group), self.schedule.batch)])
        with torch.no_grad():
            wanted = self.original(latents)
        signs = self._signs(rng, len(latents))
        found = self.module.tiled(latents, self.channel.tiles(signs))
        strength = Ramp(*self.config.attacked, 0.0, 1.0)(step / self.schedule.steps)
        seen = self._seen(distorted(luma_of(found), rng, strength)) * signs
        read = F.softplus(-2 * _LARGEST * torch.tanh(seen / _LARGEST)).mean()
        weight = torch.exp(self.module.balance)
        if step >= self.schedule.warm_up:
            self._balance(psnr(found.detach(), wanted), 1.0 - step / self.schedule.steps)
        cost = visible(255.0 * (found - wanted), wanted)
        if self.perceptual is not None:
            cost = cost + _PERCEPTUAL * self.perceptual(found, wanted)
        return read + weight * cost

    @torch.no_grad()
    def _balance(self, psnr: float, left: float = 1.0) -> None:
        """Make errors count more where the PSNR is lower than wanted, and less where it is higher.

        Args:
            psnr: Of a batch.
            left: Share of the run that is left: as steps become small, the PSNR follows no more.
        """
        self.module.balance += left * _FOLLOW * max(-_STEP, min(_STEP, self.config.psnr - psnr))

    @torch.no_grad()
    def measure(self, module: SigningDecoder) -> dict[str, float]:
        """Return the PSNR, and the share of bins that are read right after each distortion, of each group.

        Of pictures that are large enough also what the contract asks for.
        """
        found: dict[str, float] = {}
        for number, group in enumerate(self.held_out):
            figures = self._figures(module, self._latents(group))
            found |= {f"{name} of group {number}": value for name, value in figures.items()}
        contract = self.contract(module, self.config.tried, strength_for(self, module, 0))
        kept = all(contract.get(text, 0.0) >= _with_margin(least) for text, least in CONTRACT.items())
        self.over = self.config.early and kept
        return found | {f"bits {text}": value for text, value in contract.items()}

    @torch.no_grad()
    def contract(self, module: SigningDecoder, most: int, strength: float = 1.0) -> dict[str, float]:
        """Return the shares of bits that the contract asks for, on pictures held out; none of small pictures.

        Args:
            module: Trained.
            most: How many pictures.
            strength: Factor of the tiles.
        """
        key, chance = Key(bytes(range(32))), np.random.default_rng(1)
        bits = chance.choice(np.array([-1, 1], np.float32), BITS)
        tile = strength * torch.from_numpy(raw_tile(key, bits)).to(module.balance)[None]
        latents = self._latents(self.held_out[0][:most])
        pictures = [pixels_of(x) for x in module.tiled(latents, tile).cpu()]
        return accuracies(pictures, key, bits) if min(pictures[0].shape[:2]) >= self.side else {}

    @torch.no_grad()
    def picture_side(self, number: int) -> int:
        """Return the least side of the pictures of a group, in pixels."""
        return int(min(self.original(self._latents(self.held_out[number][:1])).shape[-2:]))

    def _figures(self, module: SigningDecoder, latents: Tensor) -> dict[str, float]:
        rng = np.random.default_rng(0)
        signs = self._signs(rng, len(latents))
        wanted, found = self.original(latents), module.tiled(latents, self.channel.tiles(signs))
        figures = {"psnr": psnr(found, wanted)}
        for kind in DISTORTIONS:
            there = distorted(luma_of(found), np.random.default_rng(0), 0.6, kind)
            figures[f"bins {kind}"] = float((self._seen(there) * signs > 0).float().mean())
        return figures

    def _seen(self, luma: Tensor) -> Tensor:
        """Return the bins of (B, 1, H, W) pictures, of unit variance without a mark."""
        residual = self.planes(luma)[:, 2:]
        height, width = residual.shape[-2:]
        return self.channel.read(F.pad(residual, (0, -width % _CELL, 0, -height % _CELL)), 0, 0)

    def _signs(self, rng: np.random.Generator, count: int) -> Tensor:
        drawn = rng.choice(np.array([-1, 1], np.float32), (count, 2, self.channel.size))
        return torch.from_numpy(drawn).to(self.module.balance)

    def _latents(self, some: Floats) -> Tensor:
        return torch.from_numpy(some).to(self.module.balance)


@torch.no_grad()
def psnr_of(task: SigningRun, module: SigningDecoder, number: int, strength: float = 1.0) -> float:
    """Return the PSNR of signed pictures to those of the original decoder, in dB.

    Args:
        task: The training.
        module: Trained.
        number: Of the group of latents, of which those held out are decoded.
        strength: Factor of the tiles.
    """
    latents = torch.from_numpy(task.held_out[number]).to(module.balance)
    chance = np.random.default_rng(0)
    signs = chance.choice(np.array([-1, 1], np.float32), (len(latents), 2, task.channel.size))
    tiles = strength * task.channel.tiles(torch.from_numpy(signs).to(module.balance))
    return psnr(module.tiled(latents, tiles), task.original(latents))


def strength_for(task: SigningRun, module: SigningDecoder, number: int) -> float:
    """Return the factor of tiles at which the pictures of a group have the PSNR that was asked for.

    Args:
        task: The training.
        module: Trained.
        number: Of the group.
    """
    small = task.picture_side(number) < task.side
    wanted = task.config.small_psnr if small else task.config.psnr
    low, high = _FACTORS
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if psnr_of(task, module, number, middle) > wanted else (low, middle)
    return low


def _with_margin(least: float) -> float:
    return 1.0 - (1.0 - least) * (1.0 - _MARGIN)
