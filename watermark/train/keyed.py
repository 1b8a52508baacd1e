"""Training of the codec `learned`: encoder and extractor around keyed carriers that change with every batch.

HiDDeN's objective (arXiv:1807.09937): the bits are to be read after a distortion. Its order: first without
distortions at a low PSNR, then both become harder, and at the end the encoder stands still. The PSNR is fixed
by scaling and not by a loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.training.run import Ramp
from forensics.training.schedule import Schedule
from forensics.training.task import Alone
from forensics.watermark.train.batches import batch_of, lumas
from forensics.watermark.train.distortions import DISTORTIONS, distorted
from forensics.watermark.train.networks import Encoder, Extractor, NetworkConfig, Planes, visibility
from forensics.watermark.train.tiles import Channel, at_psnr
from forensics.watermark.train.turning import draw_turn

__all__ = ["PRESETS", "Keyed", "KeyedConfig", "Pair", "Reading", "measure"]

SIDE = 128
_LARGEST = 3.5  # of one bin, as in `spread.analysis`
_MEASURED = 96
_ENCODER_STANDS = 0.8  # share of the run after which the encoder is left as it is


@dataclass(frozen=True)
class KeyedConfig:
    """A run.

    Attributes:
        network: Size of the networks.
        schedule: Length of the run.
        psnr: In dB: at first, and in the end.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=2000, batch=8, rate=2e-3))
    psnr: tuple[float, float] = (34.0, 41.0)


PRESETS: Mapping[str, KeyedConfig] = {
    "smoke": KeyedConfig(NetworkConfig(8, 1, 8), Schedule(steps=20, batch=4, rate=2e-3, every=10)),
    "cpu": KeyedConfig(),
    "gpu": KeyedConfig(
        NetworkConfig(64, 8, 32, levels=3), Schedule(steps=20_000, batch=128, rate=2e-3, every=1000)
    ),
}


class Pair(nn.Module):
    """Encoder and extractor, and how much one reading counts."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.extractor = Extractor(config)
        self.gain = nn.Parameter(torch.zeros(()))


@dataclass(frozen=True)
class Reading:
    """How well bins are read, over all of them.

    Attributes:
        snr: Mean of what is read over its deviation, with the right sign.
        accuracy: Share of bins read with the right sign.
    """

    snr: float
    accuracy: float


class Keyed(Alone):
    """The training of a pair.

    Args:
        config: The run.
        squares: (N, 128, 128, 3) uint8 RGB.
        device: Where to compute.
    """

    def __init__(self, config: KeyedConfig, squares: Squares, device: torch.device) -> None:
        self.config = config
        self.schedule = config.schedule
        self.squares = squares
        torch.manual_seed(config.schedule.seed)
        self.module = Pair(config.network).to(device)
        self.channel = Channel().to(device)
        self.lumas = lumas(squares)

    def loss(self, step: int) -> Tensor:
        """Return the mean cost of reading the bins of one batch."""
        rng = np.random.default_rng([self.schedule.seed, step])
        done, count = step / self.schedule.steps, self.schedule.batch
        pair, channel = self.module, self.channel
        pair.encoder.requires_grad_(done < _ENCODER_STANDS)
        luma = batch_of(self.lumas, count, SIDE, rng).to(pair.gain.device)
        psnr = Ramp(0.05, 0.5, *self.config.psnr)(done) + torch.from_numpy(rng.uniform(-2, 2, count)).to(luma)
        signs, row, column = _draw(channel, count, rng, luma)
        marked = luma + _added(channel, pair.encoder(luma), signs, psnr, row, column)
        strength = Ramp(0.05, 0.4, 0.0, 1.0)(done)
        turn = draw_turn(rng, strength)
        there = distorted(turn.apply(marked) if turn else marked, rng, strength)
        residual = _anyhow(pair.extractor, there, rng)
        seen = channel.read(turn.undo(residual, SIDE) if turn else residual, row, column)
        agreement = _LARGEST * torch.tanh(seen * signs / _LARGEST)
        return F.softplus(-2 * torch.exp(pair.gain) * agreement).mean()

    def measure(self, module: Pair) -> dict[str, float]:
        """Return the signal-to-noise ratio of bins after each distortion."""
        return {f"snr {kind}": found.snr for kind, found in measure(module, self.squares).items()}


@torch.no_grad()
def measure(pair: Pair | None, squares: Squares, seed: int = 0, psnr: float = 40.0) -> dict[str, Reading]:
    """Return how well marks are read in pictures that were not trained on, after each distortion.

    Args:
        pair: The networks; what needs no training if None.
        squares: As given to `train`.
        seed: Of what is drawn.
        psnr: Of the marks, in dB.
    """
    held_out = lumas(squares, held_out=True)[:_MEASURED]
    device = pair.gain.device if pair else torch.device("cpu")
    channel, planes = Channel().to(device), Planes().to(device)
    luma = torch.from_numpy(held_out[:, None].astype(np.float32)).to(device)
    found = {}
    for kind in DISTORTIONS:
        rng = np.random.default_rng(seed)
        signs, row, column = _draw(channel, len(luma), rng, luma)
        amplitude = pair.encoder(luma) if pair else visibility(luma)
        wanted = torch.full((len(luma),), psnr, device=device)
        marked = luma + _added(channel, amplitude, signs, wanted, row, column)
        there = distorted(marked, rng, 1.0, kind)
        residual = pair.extractor(there) if pair else planes(there)[:, 2:]
        seen = channel.read(residual, row, column) * signs
        spread = torch.sqrt(seen.var())
        found[kind] = Reading(float(seen.mean() / spread), float((seen > 0).float().mean()))
    return found


def _anyhow(extractor: nn.Module, pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Show the extractor pictures mirrored and moved by a pixel at random, and put its answer right.

    Or it would come to rely on where the encoder's pixels lie, in rows and columns of even number.
    """
    axes = [axis for axis in (2, 3) if rng.random() < 0.5]
    shift = [int(v) for v in rng.integers(0, 2, 2)]
    shown = torch.roll(pictures.flip(axes), shift, (2, 3))
    seen: Tensor = torch.roll(extractor(shown), [-v for v in shift], (2, 3))
    return seen.flip(axes)


def _draw(channel: Channel, count: int, rng: np.random.Generator, like: Tensor) -> tuple[Tensor, int, int]:
    """Draw signs, and where the tiles begin."""
    signs = torch.from_numpy(rng.choice(np.array([-1, 1], np.float32), (count, 2, channel.size))).to(like)
    row, column = (int(v) for v in rng.integers(0, 64, 2))
    return signs, row, column


def _added(channel: Channel, amplitude: Tensor, signs: Tensor, psnr: Tensor, row: int, column: int) -> Tensor:
    """Return what a mark adds."""
    tiles = torch.roll(channel.tiles(signs), (row, column), (1, 2))
    repeat = [n // tiles.shape[-1] for n in amplitude.shape[-2:]]
    return at_psnr(tiles.repeat(1, *repeat)[:, None] * amplitude, psnr)
