"""A linear probe: a network that somebody trained on very much stands still, and one layer on top is fitted.

Features that were never trained to tell pictures of one generator generalise better (Ojha et al. 2023,
"Towards universal fake image detectors that generalize across generative models", arXiv:2302.10174). The
suite ships no such network: name one of timm, and a file of its weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.detectors.train.corpus import TRAIN, Corpus
from forensics.detectors.train.fitting import Fit, fit_classifier
from forensics.detectors.train.networks import Normed, backbone
from forensics.detectors.train.run import DetectorRun, tiles_of

__all__ = ["Probe", "fit_probe"]

Floats = npt.NDArray[np.float32]

_BATCH = 16


class Probe(nn.Module):
    """A frozen network with one layer on top.

    Args:
        network: (B, 3, S, S), 0 to 1, to (B, F) features.
        weight: (F,) of the layer.
        offset: Of the layer.
    """

    def __init__(self, network: nn.Module, weight: Floats, offset: float) -> None:
        super().__init__()
        self.network, self.head = network, nn.Linear(len(weight), 1)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weight)[None])
            self.head.bias.fill_(offset)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits."""
        logits: Tensor = self.head(self.network(x))[:, 0]
        return logits


@torch.no_grad()
def fit_probe(config: DetectorRun, corpus: Corpus, how: Fit, device: torch.device) -> Probe:
    """Return a probe that was fitted to pairs of a corpus.

    Args:
        config: Names the network and its weights.
        corpus: Pictures; the split "train" is fitted to.
        how: Pairs and penalty.
        device: Where the network computes.

    Raises:
        MissingExtra: timm or scikit-learn is not installed.
        UsageError: There is no such network, or the weights do not fit it.
    """
    network = (
        Normed(backbone(config.backbone, config.weights, classes=0, side=config.side), whole=True)
        .to(device)
        .eval()
    )
    train = corpus.split(TRAIN)
    rng = np.random.default_rng([config.schedule.seed, 11])
    pairs = train.drawn(how.pairs, rng)
    made, photos = [], []
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        tiles = torch.from_numpy(np.moveaxis(tiles_of(train, part, config, rng), -1, 1).copy()).to(device)
        found = network(tiles.float() / 255.0).cpu().numpy()
        made.append(found[: len(part)])
        photos.append(found[len(part) :])
    values, truth = np.concatenate([*made, *photos]), np.repeat([1, 0], len(pairs))
    fitted: Any = fit_classifier(values, truth, how)
    scaler, layer = fitted.steps[0][1], fitted.steps[-1][1]
    weight = layer.coef_[0] / scaler.scale_
    offset = float(layer.intercept_[0] - (weight * scaler.mean_).sum())
    return Probe(network.cpu(), weight.astype(np.float32), offset).eval()
