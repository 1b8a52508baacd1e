"""Training of a GAN of clips: one critic sees single frames, the other how they follow one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.gan.motion import ClipCritic, MotionConfig, MotionGenerator
from forensics.generators.gan.networks import critic_of
from forensics.generators.gan.objectives import game_named, zero_centred
from forensics.generators.pipelines.opening import GENERATOR
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Pictures, drawing
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Turn

__all__ = ["MotionRun", "Moving", "finish", "prepare"]

Pixels = npt.NDArray[np.uint8]
_SHOWN = 4


@dataclass(frozen=True)
class MotionRun:
    """How a GAN of clips is trained.

    Attributes:
        model: Of the three networks.
        schedule: Of the run.
        game: What they play for, of `objectives.GAMES`.
        weight: Of the penalty R1.
        every: Steps between penalties; each counts so much more.
    """

    model: MotionConfig = field(default_factory=MotionConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            steps=6000, batch=8, rate=4e-4, every=500, width=0.1, momentum=(0.0, 0.99), decay=0.0, clip=10.0
        )
    )
    game: str = "non-saturating"
    weight: float = 1.0
    every: int = 4

    @property
    def side(self) -> int:
        """Of the frames trained on."""
        return self.model.still.side

    @property
    def frames(self) -> int:
        """Of a clip."""
        return self.model.frames


class _Players(nn.Module):
    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.maker = MotionGenerator(config)
        self.frames, self.clips = critic_of(config.still), ClipCritic(config)


# Tulyakov et al. 2017, arXiv:1707.04993, eq. 5.
class Moving:
    """The training of a GAN of clips.

    Args:
        config: The run.
        clips: To train on.
        process: Which of several processes this is: each draws clips of its own.
    """

    def __init__(self, config: MotionRun, clips: Pictures, process: int = 0) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, clips, process
        torch.manual_seed(config.schedule.seed)
        self.module = _Players(config.model).to(clips.device)
        self.game = game_named(config.game)

    def players(self) -> Mapping[str, nn.Module]:
        """Return the three networks."""
        return {"frames": self.module.frames, "clips": self.module.clips, "maker": self.module.maker}

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the updates of both critics, then that of the generator."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        real = 2.0 * self.pictures.batch(self.schedule.batch, generator).x - 1.0
        with torch.no_grad():
            made = self._made(generator)
        which = torch.randint(self.config.frames, (len(real),), generator=generator, device=real.device)
        rows = torch.arange(len(real), device=real.device)
        frames, clips = self.module.frames, self.module.clips
        yield Turn("frames", self._critic(frames, real[rows, which], made[rows, which], step))
        yield Turn("clips", self._critic(clips, real, made, step))
        made = self._made(generator)
        yield Turn(
            "maker",
            self.game.maker(frames(real[rows, which]), frames(made[rows, which]))
            + self.game.maker(clips(real), clips(made)),
        )

    @torch.no_grad()
    def measure(self, module: _Players) -> dict[str, float]:
        """Return how much frames that follow one another differ, over the same of real clips."""
        made, real = self._shown(module), 2.0 * self.pictures.held_out.x - 1.0
        return {"movement over that of real clips": float(_movement(made) / _movement(real).clamp(min=1e-6))}

    @torch.no_grad()
    def show(self, module: _Players) -> Pixels:
        """Return clips of the same noise each time, one in each row."""
        shown = ((self._shown(module) + 1.0) * 127.5).round().clamp(0, 255).byte().cpu()
        rows = shown.permute(0, 3, 1, 4, 2)  # clip, y, frame, x, colour
        return np.ascontiguousarray(rows.flatten(2, 3).flatten(0, 1).numpy())

    def _shown(self, module: _Players) -> Tensor:
        generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 20)
        noise = torch.randn(_SHOWN, self.config.model.noise, generator=generator, device=self.pictures.device)
        found: Tensor = module.maker.eval()(noise)
        return found

    def _made(self, generator: torch.Generator) -> Tensor:
        shape = (self.schedule.batch, self.config.model.noise)
        made: Tensor = self.module.maker(torch.randn(shape, generator=generator, device=self.pictures.device))
        return made

    def _critic(self, critic: nn.Module, real: Tensor, made: Tensor, step: int) -> Tensor:
        loss = self.game.critic(critic(real), critic(made))
        if step % self.config.every:
            return loss
        return loss + self.config.weight * self.config.every * zero_centred(critic, real)


def prepare(run: MotionRun, corpus: Corpus, machine: Machine) -> Moving:
    """Return the training of a run.

    Raises:
        UsageError: It is to begin with a model.
    """
    if corpus.begin is not None:
        raise UsageError("a GAN of clips cannot begin with a model; leave --begin out")
    pictures = Pictures(corpus.pixels, None, machine.device, origins=corpus.origins)
    return Moving(run, pictures, machine.number)


def finish(task: Moving, module: _Players, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the generator, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    maker, values = module.maker.cpu(), task.config.model.noise
    networks = {GENERATOR: Exported(maker, [torch.randn(2, values)])}
    return write_model(folder, networks, maker, Recipe("mocogan", (values,)), measured)


def _movement(x: Tensor) -> Tensor:
    return (x[:, 1:] - x[:, :-1]).abs().mean()
