"""Training of the zoo: one autoencoder after the other, each for a minute or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.detectors.train.zoo.networks import Autoencoder, Design, Loss, design_of
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Reconstructing", "ZooRun"]

_HELD_OUT = 16


@dataclass(frozen=True)
class ZooRun:
    """A run.

    Attributes:
        schedule: Of each autoencoder.
        crop: Side of what it sees, in pixels.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1600, batch=8, rate=2e-3, warm_up=30, every=400)
    )
    crop: int = 48


PRESETS: Mapping[str, ZooRun] = {
    "smoke": ZooRun(Schedule(steps=4, batch=4, rate=2e-3, warm_up=1, every=4), crop=32),
    "cpu": ZooRun(),
    "gpu": ZooRun(Schedule(steps=4000, batch=64, rate=2e-3, warm_up=100, every=1000), crop=96),
}


@dataclass(frozen=True)
class _Config:
    run: ZooRun
    design: Design


class Reconstructing(Alone):
    """The training of one autoencoder.

    Args:
        run: Its length.
        number: Of its design.
        squares: (N, S, S, 3) uint8 photos; some are held out.
        device: Where to compute.
    """

    module: Autoencoder

    def __init__(self, run: ZooRun, number: int, squares: Squares, device: torch.device) -> None:
        self.config, self.schedule, self.number = _Config(run, design_of(number)), run.schedule, number
        self.squares, self.crop, self.device = squares, min(run.crop, squares.shape[1] // 8 * 8), device
        torch.manual_seed(number)
        self.module = Autoencoder(self.config.design).to(device)

    def loss(self, step: int) -> Tensor:
        """Return the cost of one batch."""
        rng = np.random.default_rng([self.schedule.seed, self.number, step])
        chosen = rng.integers(_HELD_OUT, len(self.squares), self.schedule.batch)
        room = self.squares.shape[1] - self.crop + 1
        y, x = rng.integers(0, room, 2)
        real = self._pictures(self.squares[chosen, y : y + self.crop, x : x + self.crop])
        return _cost(self.module(real), real, self.config.design.loss)

    @torch.no_grad()
    def measure(self, module: Autoencoder) -> dict[str, float]:
        """Return how near pictures that were held out are to what is made of them."""
        module.eval()
        side = self.squares.shape[1] // 8 * 8
        real = self._pictures(self.squares[:_HELD_OUT, :side, :side])
        error = F.mse_loss(module(real).clamp(0, 1), real)
        module.train()
        return {"psnr": float(-10 * torch.log10(error))}

    def _pictures(self, squares: Squares) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(squares)).to(self.device)
        return x.permute(0, 3, 1, 2).float() / 255.0


def _cost(made: Tensor, real: Tensor, kind: Loss) -> Tensor:
    if kind == "absolute":
        return F.l1_loss(made, real)
    square = 4.0 * F.mse_loss(made, real)
    if kind == "square":
        return square
    gap = torch.fft.rfft2(made, norm="ortho").abs() - torch.fft.rfft2(real, norm="ortho").abs()
    return square + gap.abs().mean()
