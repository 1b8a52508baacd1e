"""Training of the two streams: tiles with the edge of a splice in them, against the same places without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.detectors.train.run import roc_area
from forensics.detectors.train.splices.making import spliced, tiles_of
from forensics.detectors.train.splices.networks import TwoStream
from forensics.detectors.train.warping.run import planes_of
from forensics.errors import UsageError
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "SplicesRun", "Splicing", "batch_of"]

Pixels = npt.NDArray[np.uint8]

HELD_OUT = 8  # one picture in so many
_MEASURED = 160  # pairs
_LEAST = 16  # pictures


@dataclass(frozen=True)
class SplicesRun:
    """A run.

    Attributes:
        schedule: Its length; half of a batch are tiles with an edge of a splice.
        side: Of a tile, in pixels.
        channels: Of what each stream gives.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=3000, batch=32, rate=3e-3, warm_up=50, every=250)
    )
    side: int = 64
    channels: int = 20


PRESETS: Mapping[str, SplicesRun] = {
    "smoke": SplicesRun(Schedule(steps=4, batch=8, rate=2e-3, warm_up=1, every=2), channels=8),
    "small": SplicesRun(),
    "gpu": SplicesRun(Schedule(steps=60_000, batch=256, rate=2e-3, warm_up=300, every=2000), channels=48),
}


class Splicing(Alone):
    """The training of both streams together.

    Args:
        config: The run.
        squares: (N, side, side, 3) uint8 photos; one in eight is held out.
        device: Where to compute.

    Raises:
        UsageError: There are too few pictures, or they hold no tile with room to move.
    """

    module: TwoStream

    def __init__(self, config: SplicesRun, squares: Squares, device: torch.device) -> None:
        if len(squares) < _LEAST or squares.shape[1] < config.side + 16:
            raise UsageError(
                f"splices need {_LEAST} pictures of {config.side + 16} pixels or more",
                expected=(_LEAST, config.side + 16),
                actual=squares.shape[:2],
            )
        self.config, self.schedule, self.device = config, config.schedule, device
        torch.manual_seed(config.schedule.seed)
        self.module = TwoStream(config.channels).to(device)
        held = np.arange(len(squares)) % HELD_OUT == HELD_OUT - 1
        self.squares, self.others = squares[~held], squares[held]

    def loss(self, step: int) -> Tensor:
        """Return the cost of telling a batch apart."""
        rng = np.random.default_rng([self.schedule.seed, step])
        tiles = batch_of(self.squares, self.schedule.batch // 2, self.config.side, rng)
        truth = torch.arange(2, device=self.device).repeat_interleave(len(tiles) // 2).flip(0).float()
        return F.binary_cross_entropy_with_logits(self.module(planes_of(tiles, self.device)), truth)

    @torch.no_grad()
    def measure(self, module: Any) -> dict[str, float]:
        """Return how often the one with an edge looks more like it, on photos held out."""
        module.eval()
        tiles = batch_of(self.others, _MEASURED, self.config.side, np.random.default_rng(0))
        parts = np.array_split(tiles, 8)
        logits = torch.cat([module(planes_of(part, self.device)) for part in parts]).cpu().numpy()
        module.train()
        forged, untouched = np.split(logits, 2)
        return {"AUC held out": roc_area(untouched, forged)}


def batch_of(squares: Squares, pairs: int, side: int, rng: np.random.Generator) -> Pixels:
    """Return (2 M, S, S, 3) tiles: those with the edge of a splice first, then the same places without.

    Args:
        squares: (N, side, side, 3) uint8 photos.
        pairs: M.
        side: Of a tile.
        rng: Draws everything.
    """
    forged: list[Pixels] = []
    untouched: list[Pixels] = []
    while len(forged) < pairs:
        host, donor = (squares[i] for i in rng.choice(len(squares), 2, replace=False))
        both = tiles_of(spliced(host, donor, rng), side, rng)
        if both is not None:
            turned = np.rot90(both, int(rng.integers(4)), (1, 2))
            forged.append(turned[0])
            untouched.append(turned[1])
    return np.stack(forged + untouched)
