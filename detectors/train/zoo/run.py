"""Training of the zoo: one autoencoder after the other, each for a minute or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.detectors.train.zoo.networks import Autoencoder, Design, Loss, design_of
from forensics.detectors.train.zoo.surgery import Changed
from forensics.generators.pipelines.opening import ENCODER, network_of
from forensics.generators.train.signable import codec_of
from forensics.runtime.store import bundled
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Reconstructing", "ZooRun", "autoencoder_of", "latents_of"]

_HELD_OUT = 16
_PART = 16


@dataclass(frozen=True)
class ZooRun:
    """A run.

    Attributes:
        schedule: Of each autoencoder.
        crop: Side of what it sees, in pixels.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1600, batch=8, rate=2e-3, warm_up=30, every=1000)
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
        self.device, self.factor = device, 2**self.config.design.halvings
        side = squares.shape[1] // 8 * 8
        self.squares, self.crop = squares[:, :side, :side], min(run.crop, side)
        self.latents = latents_of(self.squares) if self.config.design.shared else None
        torch.manual_seed(number)
        self.module = autoencoder_of(self.config.design).to(device)

    def loss(self, step: int) -> Tensor:
        """Return the cost of one batch."""
        rng = np.random.default_rng([self.schedule.seed, self.number, step])
        chosen = rng.integers(_HELD_OUT, len(self.squares), self.schedule.batch)
        room = (self.squares.shape[1] - self.crop) // self.factor + 1
        y, x = (int(place) * self.factor for place in rng.integers(0, room, 2))
        real = self._pictures(self.squares[chosen, y : y + self.crop, x : x + self.crop])
        made = self.module(self._latents(self.module, chosen, (y, x), real))
        return _cost(made, real, self.config.design.loss)

    @torch.no_grad()
    def measure(self, module: Autoencoder) -> dict[str, float]:
        """Return how near pictures that were held out are to what is made of them."""
        module.eval()
        chosen = np.arange(min(_HELD_OUT, len(self.squares)))
        real = self._pictures(self.squares[chosen])
        made = module(self._latents(module, chosen, (0, 0), real)).clamp(0, 1)
        module.train()
        return {"psnr": float(-10 * torch.log10(F.mse_loss(made, real)))}

    def _latents(
        self, module: Autoencoder, chosen: npt.NDArray[np.int64], place: tuple[int, int], real: Tensor
    ) -> Tensor:
        if self.latents is None:
            return module.encode(real)
        (y, x), n = (side // self.factor for side in place), real.shape[-1] // self.factor
        return torch.from_numpy(self.latents[chosen, :, y : y + n, x : x + n]).to(self.device)

    def _pictures(self, squares: Squares) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(squares)).to(self.device)
        return x.permute(0, 3, 1, 2).float() / 255.0


def autoencoder_of(design: Design) -> Autoencoder:
    """Return the autoencoder of a design, untrained but for what it has of the codec of the suite."""
    if not design.shared:
        return Autoencoder(design)
    return Autoencoder(design, Changed(codec_of(bundled("codec")), design))


def latents_of(squares: Squares) -> npt.NDArray[np.float32]:
    """Return the latents of (N, S, S, 3) uint8 squares, by the codec that comes with the suite."""
    encode = network_of(bundled("codec"), ENCODER)
    parts = np.split(squares, range(_PART, len(squares), _PART))
    planes = (np.ascontiguousarray(np.moveaxis(part, -1, 1), np.float32) / np.float32(255) for part in parts)
    return np.concatenate([np.asarray(encode(x), np.float32) for x in planes])


def _cost(made: Tensor, real: Tensor, kind: Loss) -> Tensor:
    if kind == "absolute":
        return F.l1_loss(made, real)
    square = 4.0 * F.mse_loss(made, real)
    if kind == "square":
        return square
    gap = torch.fft.rfft2(made, norm="ortho").abs() - torch.fft.rfft2(real, norm="ortho").abs()
    return square + gap.abs().mean()
