"""How GANs are trained: their runs, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from forensics.generators.gan.config import GanConfig
from forensics.training.schedule import Schedule

__all__ = ["PRESETS", "GanRun"]

Penalty = Literal["none", "slope", "r1", "r1 r2"]


@dataclass(frozen=True)
class GanRun:
    """How a GAN is trained.

    Attributes:
        model: Of both networks.
        schedule: Of the run.
        game: What they play for, of `objectives.GAMES`.
        penalty: On the critic: `slope`: that of WGAN-GP; `r1`: on real pictures; `r1 r2`: on made ones too.
        weight: Of the penalty.
        every: Steps between penalties; each counts so much more.
        critics: Turns of the critic for each of the generator.
        spectral: Weight of the loss of the radial spectrum; 0 for none.
        faster: Learning rate of the critic over that of the generator (TTUR, Heusel et al. 2017,
            arXiv:1706.08500).
        box: Largest absolute value of the critic's weights; no bound if 0.
        instance: Deviation of noise on all that the critic sees, at the start; it ends at 0.
        history: Weight of the distance from the mean of all weights so far; 0 for none.
        unrolled: Steps of the critic that the generator looks ahead.
        sure: Mean sign of the logits of real pictures beyond which pictures are changed more (ADA); they are
            never changed if 0.
        mixing: Share of pictures with the styles of two.
    """

    model: GanConfig = field(default_factory=GanConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            steps=6000, batch=32, rate=4e-4, every=500, width=0.1, momentum=(0.0, 0.99), decay=0.0, clip=10.0
        )
    )
    game: str = "non-saturating"
    penalty: Penalty = "r1"
    weight: float = 1.0
    every: int = 4
    critics: int = 1
    spectral: float = 0.0
    faster: float = 1.0
    box: float = 0.0
    instance: float = 0.0
    history: float = 0.0
    unrolled: int = 0
    sure: float = 0.0
    mixing: float = 0.0

    @property
    def side(self) -> int:
        """Of the pictures trained on."""
        return self.model.side


_CPU = GanRun()
PRESETS: Mapping[str, GanRun] = {
    "smoke": GanRun(
        GanConfig(side=16, latent=16, width=8),
        Schedule(steps=20, batch=8, rate=1e-3, warm_up=2, every=10, width=0.1, momentum=(0.0, 0.99)),
    ),
    "dcgan": replace(_CPU, penalty="none", model=GanConfig(upsample="transpose")),
    "minimax": replace(_CPU, game="minimax"),
    "wgan-gp": replace(_CPU, game="wasserstein", penalty="slope", weight=10.0, every=1, critics=2),
    "hinge": replace(_CPU, game="hinge", penalty="none", model=GanConfig(normalised=True)),
    "relativistic": replace(_CPU, game="relativistic", penalty="r1 r2"),
    "style": replace(_CPU, model=GanConfig(kind="style", upsample="blur"), mixing=0.9),
    "wgan": replace(_CPU, game="wasserstein", penalty="none", box=0.05, critics=5),
    "ttur": replace(_CPU, penalty="none", faster=4.0, model=GanConfig(normalised=True)),
    "instance-noise": replace(_CPU, penalty="none", instance=0.5),
    "historical": replace(_CPU, history=1e-4),
    "unrolled": replace(_CPU, penalty="none", unrolled=3),
    "minibatch": replace(_CPU, model=GanConfig(crowd="distance")),
    "deviation": replace(_CPU, model=GanConfig(crowd="deviation", norm="pixel")),
    "virtual": replace(_CPU, model=GanConfig(norm="virtual")),
    "ac-gan": replace(_CPU, model=GanConfig(classes="auxiliary")),
    "transformer": replace(_CPU, model=GanConfig(critic="transformer")),
    "ada": replace(_CPU, model=GanConfig(kind="style", upsample="blur"), mixing=0.9, sure=0.6),
    "spectral": replace(_CPU, spectral=1.0),
    "photos": GanRun(
        GanConfig(side=32),
        replace(_CPU.schedule, steps=8000, rate=5e-4),
        game="relativistic", penalty="r1 r2", weight=0.2,
    ),
    "gpu": GanRun(
        GanConfig(width=64, latent=128, kind="style", upsample="blur"),
        Schedule(
            steps=60_000, batch=128, rate=1e-3, warm_up=500, every=3000, width=0.05,
            momentum=(0.0, 0.99), decay=0.0, clip=10.0,
        ),
        game="relativistic", penalty="r1 r2", weight=2.0, mixing=0.9,
    ),
}  # fmt: skip
