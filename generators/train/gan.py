"""Training of GANs: the critic has its turn, then the generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.generators.gan.networks import Critic, GanConfig, generator_of
from forensics.generators.gan.objectives import game_named, gradient_penalty, zero_centred
from forensics.generators.gan.spectral import radial_profile, spectral_loss
from forensics.generators.pipelines.opening import GENERATOR
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Batch, Pictures, drawing, grid
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Turn

__all__ = ["PRESETS", "Adversaries", "GanRun", "Playing", "finish", "prepare"]

Pixels = npt.NDArray[np.uint8]
Penalty = Literal["none", "slope", "r1", "r1 r2"]
_SHOWN = 64


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
    "style": replace(_CPU, model=GanConfig(kind="style", upsample="blur")),
    "spectral": replace(_CPU, spectral=1.0),
    "gpu": GanRun(
        GanConfig(width=64, latent=128, kind="style", upsample="blur"),
        Schedule(
            steps=60_000, batch=128, rate=1e-3, warm_up=500, every=3000, width=0.05,
            momentum=(0.0, 0.99), decay=0.0, clip=10.0,
        ),
        game="relativistic", penalty="r1 r2", weight=2.0,
    ),
}  # fmt: skip


class Adversaries(nn.Module):
    """Generator and critic.

    Args:
        config: Of both.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.maker, self.critic = generator_of(config), Critic(config)


class Playing:
    """The training of a GAN.

    Args:
        config: The run.
        pictures: To train on.
        process: Which of several processes this is: each draws pictures of its own.
    """

    def __init__(self, config: GanRun, pictures: Pictures, process: int = 0) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        torch.manual_seed(config.schedule.seed)
        self.module = Adversaries(config.model).to(pictures.device)
        self.game = game_named(config.game)
        self.profile = radial_profile(pictures.held_out.x).mean(0)

    def players(self) -> Mapping[str, nn.Module]:
        """Return both networks."""
        return {"critic": self.module.critic, "maker": self.module.maker}

    def turns(self, step: int) -> Iterator[Turn]:
        """Yield the updates of the critic, then that of the generator."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        for number in range(self.config.critics):
            real = self._real(generator)
            with torch.no_grad():
                made = self._made(real.label, generator)
            loss = self.game.critic(self._judged(real.x, real.label), self._judged(made, real.label))
            due = (step * self.config.critics + number) % self.config.every == 0
            yield Turn("critic", loss + self._penalty(real, made, generator) if due else loss)
        real = self._real(generator)
        made = self._made(real.label, generator)
        loss = self.game.maker(self._judged(real.x, real.label), self._judged(made, real.label))
        if self.config.spectral:
            loss = loss + self.config.spectral * spectral_loss((made + 1.0) / 2.0, self.profile)
        yield Turn("maker", loss)

    @torch.no_grad()
    def measure(self, module: Adversaries) -> dict[str, float]:
        """Return how far the radial spectrum of what is made lies from that of what is held out."""
        made = (self._shown(module) + 1.0) / 2.0
        return {"spectral loss": float(spectral_loss(made.clamp(0, 1), self.profile))}

    @torch.no_grad()
    def show(self, module: Adversaries) -> Pixels:
        """Return what is made of the same noise each time."""
        return grid((self._shown(module) + 1.0) / 2.0)

    def _shown(self, module: Adversaries) -> Tensor:
        generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 20)
        noise = torch.randn(_SHOWN, self.config.model.noise, generator=generator, device=self.pictures.device)
        return module.maker.eval()(noise, self._labels(_SHOWN))

    def _labels(self, count: int) -> Tensor | None:
        labels = self.config.model.labels
        return torch.arange(count, device=self.pictures.device) % labels if labels else None

    def _real(self, generator: torch.Generator) -> Batch:
        found = self.pictures.batch(self.schedule.batch, generator)
        return Batch(2.0 * found.x - 1.0, found.label if self.config.model.labels else None)

    def _made(self, label: Tensor | None, generator: torch.Generator) -> Tensor:
        shape = (self.schedule.batch, self.config.model.noise)
        noise = torch.randn(shape, generator=generator, device=self.pictures.device)
        made: Tensor = self.module.maker(noise, label)
        return made

    def _judged(self, x: Tensor, label: Tensor | None) -> Tensor:
        logits: Tensor = self.module.critic(x, label)
        return logits

    def _penalty(self, real: Batch, made: Tensor, generator: torch.Generator) -> Tensor:
        def judge(x: Tensor) -> Tensor:
            return self._judged(x, real.label)

        weight = self.config.weight * self.config.every
        match self.config.penalty:
            case "slope":
                return weight * gradient_penalty(judge, real.x, made, generator)
            case "r1":
                return weight * zero_centred(judge, real.x)
            case "r1 r2":
                return weight * (zero_centred(judge, real.x) + zero_centred(judge, made))
        return real.x.new_zeros(())


def prepare(run: GanRun, corpus: Corpus, machine: Machine) -> Playing:
    """Return the training of a run."""
    run = replace(run, model=replace(run.model, labels=len(corpus.names)))
    return Playing(run, Pictures(corpus.pixels, corpus.labels, machine.device), machine.number)


def finish(task: Playing, module: Adversaries, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the generator, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    maker, values = module.maker.cpu(), task.config.model.noise
    inputs = [torch.randn(2, values)] + ([torch.tensor([0, -1])] if corpus.names else [])
    recipe = Recipe("gan", (values,), corpus.names)
    return write_model(folder, {GENERATOR: Exported(maker, inputs)}, maker, recipe, measured)
