"""Training on faces that are warped on the fly, and a second stage on those that are taken for the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.datasets.packs import Squares
from forensics.detectors.train.delivery import drawn
from forensics.detectors.train.run import roc_area
from forensics.detectors.train.warping.simulation import Jitter, drawn_face, jittered, warped_back
from forensics.detectors.warping.crops import cut, regions_of
from forensics.training.schedule import Schedule
from forensics.training.task import Alone, Turn

__all__ = ["PRESETS", "Warping", "WarpingRun", "pairs_of", "planes_of"]

Pixels = npt.NDArray[np.uint8]

HELD_OUT = 8  # one picture in so many
_MEASURED = 160  # pictures
_CANDIDATES = 3  # times as many as are kept, in the second stage


@dataclass(frozen=True)
class WarpingRun:
    """A run.

    Attributes:
        schedule: Its length; a batch has as many warped faces as others, of the same pictures.
        side: Of what the network sees, in pixels.
        hard: Share of the run, at its end, whose steps see only what is hardest, at a tenth of the rate.
        backbone: Name of a network of timm; the small one if empty.
        weights: Name of the file of weights that it started from.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1600, batch=32, rate=3e-3, warm_up=50, every=200)
    )
    side: int = 96
    hard: float = 0.25
    backbone: str = ""
    weights: str = ""


def _published(backbone: str) -> WarpingRun:
    """Return the run of arXiv:1811.00656, section 4.1: 224 pixels, batches of 64, a rate of a thousandth."""
    return WarpingRun(Schedule(steps=20_000, batch=64, rate=1e-3, every=1000), 224, 0.25, backbone)


PRESETS: Mapping[str, WarpingRun] = {
    "smoke": WarpingRun(Schedule(steps=4, batch=8, rate=2e-3, warm_up=1, every=2), 32, 0.5),
    "small": WarpingRun(),
    **{name: _published(name) for name in ("vgg16", "resnet50", "resnet101", "resnet152")},
}


class Warping(Alone):
    """The training of a network on pictures, some of which have a face that was warped.

    Args:
        config: The run.
        network: (B, 3, S, S) to (B,) logits, higher for what was warped.
        squares: (N, side, side, 3) uint8 pictures, each with a face in its middle, or none at all.
        device: Where to compute.
    """

    def __init__(
        self, config: WarpingRun, network: nn.Module, squares: Squares, device: torch.device
    ) -> None:
        self.config, self.schedule, self.device = config, config.schedule, device
        torch.manual_seed(config.schedule.seed)
        self.module = network.to(device)
        held = np.arange(len(squares)) % HELD_OUT == HELD_OUT - 1
        self.squares, self.others = squares[~held], squares[held][:_MEASURED]

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the one update of a step; slower ones at the end, of what is hard."""
        hard = done >= 1.0 - self.config.hard
        yield Turn("module", self._cost(step, hard), 0.1 if hard else 1.0)

    def loss(self, step: int) -> Tensor:
        """Return the cost of telling a batch apart, whatever is in it."""
        return self._cost(step, hard=False)

    def _cost(self, step: int, hard: bool) -> Tensor:
        rng = np.random.default_rng([self.schedule.seed, step])
        half = self.schedule.batch // 2
        count = half * _CANDIDATES if hard else half
        chosen = rng.integers(0, len(self.squares), count)
        crops = pairs_of([self.squares[i] for i in chosen], self.config.side, rng)
        truth = np.repeat(np.array([1.0, 0.0], np.float32), count)
        if hard:
            kept = self._hardest(crops, truth, 2 * half)
            crops, truth = crops[kept], truth[kept]
        logits = self.module(planes_of(crops, self.device))
        return F.binary_cross_entropy_with_logits(logits, torch.from_numpy(truth).to(self.device))

    @torch.no_grad()
    def _hardest(self, crops: Pixels, truth: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
        """Return the numbers of those of which the network is most wrong, as many of each class."""
        self.module.eval()
        logits = self.module(planes_of(crops, self.device)).cpu().numpy()
        self.module.train()
        wrong = np.where(truth > 0.5, -logits, logits)
        order = np.argsort(-wrong, kind="stable")
        return np.concatenate([order[truth[order] == value][: count // 2] for value in (1.0, 0.0)])

    @torch.no_grad()
    def measure(self, module: Any) -> dict[str, float]:
        """Return how often the warped one of two pictures looks more so, on pictures held out."""
        module.eval()
        crops = pairs_of(list(self.others), self.config.side, np.random.default_rng(0))
        parts = np.array_split(crops, 8)
        logits = torch.cat([module(planes_of(part, self.device)) for part in parts]).cpu().numpy()
        module.train()
        warped, others = np.split(logits, 2)
        return {"AUC held out": roc_area(others, warped)}


def pairs_of(pictures: list[Pixels], side: int, rng: np.random.Generator) -> Pixels:
    """Return (2 N, S, S, 3) crops of pictures: warped ones first, then as they were.

    Both of a pair have the same colours, were delivered in the same way, and are cut at the same place.

    Args:
        pictures: (H, W, 3) uint8 RGB each.
        side: Of a crop.
        rng: Draws everything.
    """
    warped, others = [], []
    for picture in pictures:
        face, jitter, delivery = drawn_face(picture.shape, rng), Jitter.drawn(rng), drawn(rng, 0.6)
        both = [jittered(p, jitter, delivery) for p in (warped_back(picture, face, rng), picture)]
        factor = both[0].shape[0] / picture.shape[0]
        (region,) = regions_of(face.box.scaled(factor), both[0].shape, rng, 1)
        crops = [cut(p, region, side) for p in both]
        if rng.random() < 0.5:
            crops = [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
        warped.append(crops[0])
        others.append(crops[1])
    return np.stack(warped + others)


def planes_of(crops: Pixels, device: torch.device) -> Tensor:
    """Return (N, 3, S, S) float32, 0 to 1, of (N, S, S, 3) uint8 crops."""
    x = torch.from_numpy(np.ascontiguousarray(crops)).to(device)
    return x.permute(0, 3, 1, 2).float() / 255.0
