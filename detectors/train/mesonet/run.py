"""Training of Meso-4 and MesoInception-4, as published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from forensics.detectors.train.mesonet.faces import Faces, varied
from forensics.detectors.train.mesonet.networks import NETWORKS, SIDE
from forensics.detectors.train.run import roc_area
from forensics.detectors.train.warping.run import planes_of
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Meso", "MesoRun"]

_AT_ONCE = 32


@dataclass(frozen=True)
class MesoRun:
    """A run.

    Attributes:
        schedule: Its length; half of a batch is forged.
        network: "meso4" or "mesoinception4".
        side: Of faces, in pixels; another one than 256 does not fit the networks.
    """

    # Section 4.2 of arXiv:1809.00888: Adam, batches of 75 (here 76, for both classes are half), and a rate of
    # a thousandth that falls to a millionth; there by tens every thousand steps.
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=4000, batch=76, rate=1e-3, warm_up=1, every=250, decay=0.0)
    )
    network: str = "meso4"
    side: int = SIDE


PRESETS: Mapping[str, MesoRun] = {
    "smoke": MesoRun(Schedule(steps=2, batch=4, rate=1e-3, warm_up=1, every=1)),
    "published": MesoRun(),
}


class Meso(Alone):
    """The training of one of both networks.

    Args:
        config: The run.
        faces: Of both classes.
        device: Where to compute.
    """

    def __init__(self, config: MesoRun, faces: Faces, device: torch.device) -> None:
        self.config, self.schedule, self.device = config, config.schedule, device
        torch.manual_seed(config.schedule.seed)
        self.module = NETWORKS[config.network]().to(device)
        self.faces, self.others = faces.where(~faces.held), faces.where(faces.held)
        self.kinds = [np.flatnonzero(self.faces.forged == value) for value in (True, False)]

    def loss(self, step: int) -> Tensor:
        """Return the cost of telling a batch apart."""
        rng = np.random.default_rng([self.schedule.seed, step])
        half = self.schedule.batch // 2
        chosen = np.concatenate([rng.choice(kind, half) for kind in self.kinds])
        crops = np.stack([varied(self.faces.crops[i], rng) for i in chosen])
        truth = torch.arange(2, device=self.device).repeat_interleave(half).flip(0).float()
        return F.binary_cross_entropy_with_logits(self.module(planes_of(crops, self.device)), truth)

    @torch.no_grad()
    def measure(self, module: Any) -> dict[str, float]:
        """Return how often the forged one of two faces looks more so, on sources held out."""
        module.eval()
        starts = range(0, len(self.others), _AT_ONCE)
        parts = [module(planes_of(self.others.crops[i : i + _AT_ONCE], self.device)) for i in starts]
        logits = torch.cat(parts).cpu().numpy()
        module.train()
        return {"AUC held out": roc_area(logits[~self.others.forged], logits[self.others.forged])}
