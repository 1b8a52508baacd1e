"""Training of a network that tells what decoders made from the photos it was made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc
from forensics.detectors.learned.tiles import SIDE
from forensics.detectors.train.adversarial import attacked
from forensics.detectors.train.corpus import TRAIN, VALIDATION, Corpus
from forensics.detectors.train.delivery import cropped, delivered, drawn
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "DetectorRun", "Telling", "roc_area", "tiles_of"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Features = Callable[[Pixels], Floats]

_MEASURED = 256  # pairs


@dataclass(frozen=True)
class DetectorRun:
    """A run.

    Attributes:
        schedule: Length of the run; a batch has as many photos as pictures that were made of them.
        side: Of what the network sees, in pixels.
        strength: Of what is done to both on their way, 0-1.
        backbone: Name of a network of timm; that of the suite if empty.
        weights: File of weights that it starts from.
        adversarial: Grey levels by which pictures are changed against the network in every other step; 0 for
            none (Goodfellow et al. 2014, arXiv:1412.6572).
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1500, batch=32, rate=2e-3, warm_up=50, every=250)
    )
    side: int = SIDE
    strength: float = 1.0
    backbone: str = ""
    weights: str = ""
    adversarial: float = 0.0


PRESETS: Mapping[str, DetectorRun] = {
    "smoke": DetectorRun(Schedule(steps=4, batch=8, rate=2e-3, warm_up=1, every=2)),
    "cpu": DetectorRun(),
    "gpu": DetectorRun(Schedule(steps=20_000, batch=128, rate=1e-3, warm_up=300, every=1000)),
}


class Telling(Alone):
    """The training of a network on pairs: a photo and what was made of it, delivered alike.

    Args:
        config: The run.
        network: Features to (B,) logits, higher for what a decoder made.
        corpus: Pictures; those of the split "train" are trained on, those of "val" measured.
        features: (N, S, S, 3) uint8 tiles to what the network takes.
        device: Where to compute.
    """

    def __init__(
        self,
        config: DetectorRun,
        network: nn.Module,
        corpus: Corpus,
        features: Features,
        device: torch.device,
    ) -> None:
        self.config, self.schedule, self.features, self.device = config, config.schedule, features, device
        torch.manual_seed(config.schedule.seed)
        self.module = network.to(device)
        self.corpus, self.others = corpus.split(TRAIN), corpus.split(VALIDATION)
        self.held_out = self.others.some(_MEASURED)

    def loss(self, step: int) -> Tensor:
        """Return the cost of telling the pairs of one batch apart."""
        rng = np.random.default_rng([self.schedule.seed, step])
        pairs = self.corpus.drawn(self.schedule.batch // 2, rng)
        tiles = tiles_of(self.corpus, pairs, self.config, rng)
        truth = torch.arange(2, device=self.device).repeat_interleave(len(pairs)).flip(0).float()
        given = self._given(tiles)
        if self.config.adversarial and step % 2:
            given = attacked(self.module, given, truth, self.config.adversarial)
        return F.binary_cross_entropy_with_logits(self.module(given), truth)

    @torch.no_grad()
    def measure(self, module: Any) -> dict[str, float]:
        """Return how often what was made looks more so than a photo, on photos that were held out."""
        module.eval()
        rng = np.random.default_rng(0)
        pairs = self.held_out
        tiles = tiles_of(self.others, pairs, self.config, rng)
        logits = torch.cat([module(self._given(part)) for part in np.array_split(tiles, 8)]).cpu().numpy()
        module.train()
        return {"AUC held out": roc_area(logits[len(pairs) :], logits[: len(pairs)])}

    def _given(self, tiles: Pixels) -> Tensor:
        return torch.from_numpy(self.features(tiles)).to(self.device)


def tiles_of(
    corpus: Corpus, pairs: npt.NDArray[np.int64], config: DetectorRun, rng: np.random.Generator
) -> Pixels:
    """Return (2 M, S, S, 3) tiles: what was made first, then the photos; both of a pair went the same way."""
    made, photos = [], []
    for pair in pairs:
        how, place = drawn(rng, config.strength), (rng.random(), rng.random())
        both = [cropped(delivered(corpus.pixels[i], how), config.side, place) for i in pair]
        if rng.random() < 0.5:
            both = [np.ascontiguousarray(tile[:, ::-1]) for tile in both]
        made.append(both[0])
        photos.append(both[1])
    return np.stack(made + photos)


def roc_area(negatives: Floats, positives: Floats) -> float:
    """Return the area under the ROC curve of two classes of scores."""
    truth = np.repeat([False, True], [len(negatives), len(positives)])
    return float(auc(Outcomes.of(np.concatenate([negatives, positives]), truth.tolist())))
