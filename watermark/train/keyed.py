"""Training of the codec `learned`: encoder and extractor around keyed carriers that change with every batch.

HiDDeN's objective (arXiv:1807.09937): the bits are to be read after a distortion. Its order: first without
distortions at a low PSNR, then both become harder, and at the end the encoder stands still. The PSNR is fixed
by scaling and not by a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.training.checkpoint import load_checkpoint, save_checkpoint
from forensics.training.run import Averaged, Ramp, log_line
from forensics.watermark.train.distortions import DISTORTIONS, distorted
from forensics.watermark.train.networks import Encoder, Extractor, NetworkConfig, Planes, visibility
from forensics.watermark.train.tiles import Channel, at_psnr

__all__ = ["PRESETS", "KeyedConfig", "Pair", "Reading", "measure", "train"]

SIDE = 128
_LARGEST = 3.5  # of one bin, as in `spread.analysis`
_HELD_OUT = 20  # every so many squares are for measuring only
_MEASURED = 96
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class KeyedConfig:
    """A run.

    Attributes:
        network: Size of the networks.
        steps: Number of steps.
        batch: Pictures in a step.
        rate: Largest learning rate.
        psnr: In dB: at first, and in the end.
        seed: Of everything that is drawn.
        every: Steps between checkpoints, each with a measurement.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    steps: int = 1500
    batch: int = 8
    rate: float = 2e-3
    psnr: tuple[float, float] = (34.0, 41.0)
    seed: int = 0
    every: int = 250


PRESETS: Mapping[str, KeyedConfig] = {
    "smoke": KeyedConfig(NetworkConfig(8, 1, 8), steps=20, batch=4, every=10),
    "cpu": KeyedConfig(),
    "gpu": KeyedConfig(NetworkConfig(64, 8, 32, levels=3), steps=20_000, batch=128, every=1000),
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


def train(
    config: KeyedConfig,
    squares: Squares,
    folder: Path,
    *,
    device: torch.device,
    advance: Callable[[int], None] = lambda _: None,
) -> Pair:
    """Train a pair, going on from the checkpoint in the folder if there is one.

    Args:
        config: The run.
        squares: (N, 128, 128, 3) uint8 RGB.
        folder: Of the checkpoint and the log.
        device: Where to compute.
        advance: Called with the number of steps done.

    Returns:
        The pair with averaged weights.

    Raises:
        UsageError: The checkpoint is from a run with other settings.
    """
    torch.manual_seed(config.seed)
    pair, channel = Pair(config.network).to(device), Channel().to(device)
    average = Pair(config.network).to(device)
    mean = Averaged(pair, average)
    optimizer = torch.optim.AdamW(pair.parameters(), lr=config.rate, weight_decay=1e-4)
    lumas = _lumas(squares)
    modules, place = {"pair": pair, "mean": average}, folder / CHECKPOINT
    done = load_checkpoint(place, modules, optimizer, asdict(config)) if place.exists() else 0
    advance(done)
    for step in range(done, config.steps):
        loss = _step(config, pair, channel, optimizer, lumas, step)
        mean.update(pair, step)
        advance(step + 1)
        if (step + 1) % config.every == 0 or step + 1 == config.steps:
            save_checkpoint(place, modules, optimizer, step + 1, asdict(config))
            found = measure(average, squares, seed=config.seed)
            read = {f"snr {kind}": round(r.snr, 4) for kind, r in found.items()}
            log_line(folder / "log.jsonl", {"step": step + 1, "loss": round(loss, 5), **read})
    return average


def _step(
    config: KeyedConfig,
    pair: Pair,
    channel: Channel,
    optimizer: torch.optim.Optimizer,
    lumas: npt.NDArray[np.uint8],
    step: int,
) -> float:
    """Do one step; what it draws depends on its number alone, so that runs can go on anywhere."""
    rng = np.random.default_rng([config.seed, step])
    done = step / config.steps
    for group in optimizer.param_groups:
        group["lr"] = config.rate * min(1.0, step / 100 + 0.01) * (1 + np.cos(np.pi * done)) / 2
    pair.encoder.requires_grad_(done < 0.8)
    luma = _batch(lumas, config.batch, rng).to(pair.gain.device)
    psnr = Ramp(0.05, 0.5, *config.psnr)(done) + torch.from_numpy(rng.uniform(-2, 2, config.batch)).to(luma)
    strength = Ramp(0.05, 0.4, 0.0, 1.0)(done)
    signs, row, column = _draw(channel, config.batch, rng, luma)
    marked = luma + _added(channel, pair.encoder(luma), signs, psnr, row, column)
    seen = channel.read(pair.extractor(distorted(marked, rng, strength)), row, column)
    agreement = _LARGEST * torch.tanh(seen * signs / _LARGEST)
    loss = F.softplus(-2 * torch.exp(pair.gain) * agreement).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
    nn.utils.clip_grad_norm_(pair.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


@torch.no_grad()
def measure(pair: Pair | None, squares: Squares, seed: int = 0, psnr: float = 40.0) -> dict[str, Reading]:
    """Return how well marks are read in pictures that were not trained on, after each distortion.

    Args:
        pair: The networks; what needs no training if None.
        squares: As given to `train`.
        seed: Of what is drawn.
        psnr: Of the marks, in dB.
    """
    lumas = _lumas(squares, held_out=True)[:_MEASURED]
    device = pair.gain.device if pair else torch.device("cpu")
    channel, planes = Channel().to(device), Planes().to(device)
    luma = torch.from_numpy(lumas[:, None].astype(np.float32)).to(device)
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


def _lumas(squares: Squares, *, held_out: bool = False) -> npt.NDArray[np.uint8]:
    import cv2

    kept = [s for i, s in enumerate(squares) if (i % _HELD_OUT == 0) == held_out] or list(squares)
    return np.stack([np.asarray(cv2.cvtColor(s, cv2.COLOR_RGB2GRAY), np.uint8) for s in kept])


def _batch(lumas: npt.NDArray[np.uint8], count: int, rng: np.random.Generator) -> Tensor:
    """Draw pictures, mirrored at random, half of them enlarged: large pictures are smoother."""
    import cv2

    out = np.empty((count, 1, SIDE, SIDE), np.float32)
    for i, index in enumerate(rng.integers(len(lumas), size=count)):
        picture = lumas[index].astype(np.float32)
        if rng.random() < 0.5:
            side = int(rng.integers(SIDE // 2, SIDE))
            y, x = rng.integers(0, SIDE - side + 1, 2)
            picture = np.asarray(
                cv2.resize(picture[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC),
                np.float32,
            )
        flips = rng.integers(0, 2, 2)
        out[i, 0] = picture[:: 1 - 2 * flips[0], :: 1 - 2 * flips[1]]
    return torch.from_numpy(np.clip(out, 0, 255))
