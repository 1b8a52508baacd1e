"""Training of the eye-state network: runs, the loss, and what is measured on persons held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from forensics.detectors.faces.eyes import normalised
from forensics.detectors.train.eyes.crops import Eyes
from forensics.detectors.train.eyes.networks import EyeNetwork, Lrcn, backbone_of
from forensics.detectors.train.eyes.sequences import sequences
from forensics.errors import UsageError
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["HELD_OUT", "PRESETS", "EyesConfig", "EyesTask", "auc", "judged", "resized"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

HELD_OUT = 6  # one person in so many
_ROOM = 1.5  # sides of a still over that of a crop
_AT_ONCE = 256
_MIX = 4


@dataclass(frozen=True)
class EyesConfig:
    """A run.

    Attributes:
        network: Sizes.
        schedule: Length of the run; its batches are sequences.
        frames: Of a long sequence, which every fourth batch is of; the others are of four times as many
            sequences that are as much shorter, for they show more eyes.
    """

    network: EyeNetwork = field(default_factory=EyeNetwork)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=3600, batch=10, rate=2e-3, every=600))
    frames: int = 24

    @property
    def kept(self) -> int:
        """Rows and columns of the stills that sequences are made of."""
        return int(_ROOM * self.network.side)


PRESETS: Mapping[str, EyesConfig] = {
    "smoke": EyesConfig(
        EyeNetwork(widths=(4, 8, 8), features=8, hidden=8),
        Schedule(steps=20, batch=2, rate=2e-3, every=10),
        8,
    ),
    "small": EyesConfig(),
    # arXiv:1806.02877, section 4.1: VGG16 at 224 pixels, LSTM of 256, Adam at 1e-5, batches of four.
    "published": EyesConfig(
        EyeNetwork(224, (), 4096, 256, 0.5, "vgg16"),
        Schedule(steps=30_000, batch=4, rate=1e-5, every=1000, decay=1e-3),
        20,
    ),
}


class EyesTask(Alone):
    """The training of a network.

    Args:
        config: The run.
        eyes: Stills of `config.kept` pixels; one person in six is held out.
        device: Where to compute.
        weights: Of a network of timm.
        download: Let timm fetch them.

    Raises:
        MissingExtra: timm is wanted and not installed.
        UsageError: There are too few persons, or timm gives no such network.
    """

    module: Lrcn

    def __init__(
        self,
        config: EyesConfig,
        eyes: Eyes,
        device: torch.device,
        weights: Path | None = None,
        *,
        download: bool = False,
    ) -> None:
        self.config = config
        self.schedule = config.schedule
        self.trained, self.held = eyes.split(HELD_OUT)
        if any(set(part.closed.tolist()) != {True, False} for part in (self.trained, self.held)):
            raise UsageError(
                "there are too few persons: some are held out, and both parts need open and closed eyes",
                expected=f"{HELD_OUT} persons or more",
                actual=len(np.unique(eyes.subjects)),
            )
        torch.manual_seed(config.schedule.seed)
        backbone = backbone_of(config.network, weights, download=download)
        self.module = Lrcn(config.network, backbone).to(device)

    def loss(self, step: int) -> Tensor:
        """Return the cross-entropy of all frames; one whose lid is half-way counts for little."""
        rng = np.random.default_rng([self.schedule.seed, step])
        device = next(self.module.parameters()).device
        parts = 1 if step % _MIX == 0 else _MIX
        count, frames = self.schedule.batch * parts, max(1, self.config.frames // parts)
        batch = sequences(self.trained, count, frames, self.config.network.side, rng)
        closed = torch.from_numpy(batch.closed).to(device)
        logits = self.module(torch.from_numpy(normalised(batch.crops)).to(device))[..., 0, 0]
        sure = 0.1 + 0.9 * (2 * closed - 1).abs()
        smooth = 0.02 + 0.96 * (closed > 0.5).float()
        return (sure * F.binary_cross_entropy_with_logits(logits, smooth, reduction="none")).mean()

    def measure(self, module: Lrcn) -> dict[str, float]:
        """Return how well single frames of persons held out are told apart, and frames of sequences."""
        rng = np.random.default_rng(0)
        count = min(64, max(4, len(self.held) // 4))
        made = sequences(self.held, count, self.config.frames, self.config.network.side, rng)
        clear = (made.closed < 0.1) | (made.closed > 0.9)
        found = judged(module, made.crops)
        return {
            **self.of_stills(module, self.held),
            "AUC in sequences": auc(found[clear & (made.closed < 0.5)], found[clear & (made.closed > 0.5)]),
            "accuracy in sequences": float(((found > 0) == (made.closed > 0.5))[clear].mean()),
        }

    def of_stills(self, module: Lrcn, eyes: Eyes) -> dict[str, float]:
        """Return how well stills are told apart, each for itself.

        Args:
            module: The network.
            eyes: Some of each state.
        """
        found = judged(module, resized(eyes, self.config.network.side))[:, 0]
        return {
            "AUC of stills": auc(found[~eyes.closed], found[eyes.closed]),
            "accuracy of stills": float(((found > 0) == eyes.closed).mean()),
        }


def resized(eyes: Eyes, side: int) -> Pixels:
    """Return stills as sequences of one frame, (N, 1, side, side) uint8."""
    import cv2

    found = [cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in eyes.crops]
    return np.stack(found).astype(np.uint8)[:, None]


@torch.no_grad()
def judged(module: Lrcn, crops: Pixels | Floats) -> Floats:
    """Return the logits of being closed, (B, T).

    Args:
        module: The network.
        crops: (B, T, side, side) grey levels in 0-255.
    """
    device = next(module.parameters()).device
    values = np.asarray(crops, np.float32)
    step = max(1, _AT_ONCE // crops.shape[1])
    parts = [normalised(values[start : start + step]) for start in range(0, len(values), step)]
    out = [module(torch.from_numpy(part).to(device)).cpu() for part in parts]
    return np.asarray(torch.cat(out)[..., 0, 0].numpy(), np.float32)


def auc(negatives: Floats, positives: Floats) -> float:
    """Return the share of pairs in which the positive has the higher score; ties count half."""
    ordered = np.sort(negatives.ravel())
    below = np.searchsorted(ordered, positives.ravel(), "left")
    upto = np.searchsorted(ordered, positives.ravel(), "right")
    return float((below + upto).mean() / (2 * max(len(ordered), 1)))
