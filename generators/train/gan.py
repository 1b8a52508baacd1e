"""Training of GANs: the critic has its turn, then the generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn
from torch.func import functional_call

from forensics.errors import ModelError
from forensics.generators.gan.augmentation import Adaptive, augment
from forensics.generators.gan.diagnostics import earth_mover, spread, thumbnails, told_apart
from forensics.generators.gan.networks import (
    GanConfig,
    Generator,
    Judgement,
    StyleGenerator,
    critic_of,
    generator_of,
    mixed_styles,
)
from forensics.generators.gan.objectives import game_named, gradient_penalty, zero_centred
from forensics.generators.gan.spectral import radial_profile, spectral_loss
from forensics.generators.gan.steady import History, clip_weights, instance_noise, unrolled
from forensics.generators.pipelines.opening import GENERATOR, MAPPING, SYNTHESIS
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import WEIGHTS, Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.games import PRESETS, GanRun
from forensics.generators.train.pictures import Batch, Pictures, drawing, grid
from forensics.runtime.store import Bundle
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.task import Turn

__all__ = ["PRESETS", "Adversaries", "GanRun", "Playing", "finish", "open_maker", "prepare"]

Pixels = npt.NDArray[np.uint8]
_SHOWN = 64
_LEARNED = 1024  # pictures whose spectrum is learned


class Adversaries(nn.Module):
    """Generator and critic, and what is remembered of their game.

    Args:
        config: Of the run.
    """

    def __init__(self, config: GanRun) -> None:
        super().__init__()
        self.maker, self.critic = generator_of(config.model), critic_of(config.model)
        self.adaptive = Adaptive(config.sure) if config.sure else None
        self.of_critic = History(self.critic) if config.history else None
        self.of_maker = History(self.maker) if config.history else None


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
        self.module = Adversaries(config).to(pictures.device)
        self.game = game_named(config.game)
        self.profile = radial_profile(pictures.held_out.x).mean(0)
        generator = drawing(pictures.device, self.schedule.seed, 0, 1 << 22)
        self.learned = radial_profile(pictures.batch(_LEARNED, generator).x).mean(0)

    def players(self) -> Mapping[str, nn.Module]:
        """Return both networks."""
        return {"critic": self.module.critic, "maker": self.module.maker}

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the updates of the critic, then that of the generator."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        for number in range(self.config.critics):
            real = self._real(generator)
            with torch.no_grad():
                made = self._made(real.label, generator)
            loss = self._critic_loss(real, made, done, generator)
            due = (step * self.config.critics + number) % self.config.every == 0
            loss = loss + self._penalty(real, made, done, generator) if due else loss
            yield Turn(
                "critic", loss + self._far(self.module.of_critic, self.module.critic), self.config.faster
            )
            self._keep_in(self.module.critic)
        real = self._real(generator)
        made = self._made(real.label, generator)
        loss = self._maker_loss(real, made, done, generator)
        if self.config.spectral:
            loss = loss + self.config.spectral * spectral_loss((made + 1.0) / 2.0, self.learned)
        yield Turn("maker", loss + self._far(self.module.of_maker, self.module.maker))
        for history, player in (
            (self.module.of_critic, self.module.critic),
            (self.module.of_maker, self.module.maker),
        ):
            if history is not None:
                history.see(player)

    @torch.no_grad()
    def measure(self, module: Adversaries) -> dict[str, float]:
        """Return how what is made differs from what is held out: in its spectrum, and as thumbnails."""
        made = ((self._shown(module) + 1.0) / 2.0).clamp(0, 1)
        found = {"spectral loss": float(spectral_loss(made, self.profile))}
        real = self.pictures.held_out.x[:_SHOWN]
        if len(real) < 2:
            return found
        small, wanted = thumbnails(made)[: len(real)], thumbnails(real)
        generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 21)
        return found | {
            "spread over that of real pictures": spread(small) / max(spread(wanted), 1e-6),
            "earth mover's distance of thumbnails": earth_mover(small, wanted),
            "thumbnails told apart": told_apart(wanted, small, 0.0, generator),
            "thumbnails told apart under noise of 0.2": told_apart(wanted, small, 0.2, generator),
        }

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
        maker, shape = self.module.maker, (self.schedule.batch, self.config.model.noise)
        noise = torch.randn(shape, generator=generator, device=self.pictures.device)
        if not self.config.mixing or not isinstance(maker, StyleGenerator):
            made: Tensor = maker(noise, label)
            return made
        latent, grain = noise.tensor_split([self.config.model.latent], dim=1)
        other = torch.randn(latent.shape, generator=generator, device=latent.device)
        styles = maker.styles(latent, label), maker.styles(other, label)
        return maker.synthesise(mixed_styles(*styles, self.config.mixing, generator), grain)

    def _judged(self, x: Tensor, label: Tensor | None, done: float, generator: torch.Generator) -> Judgement:
        """Return what the critic says of pictures as it gets to see them."""
        return self.module.critic.judged(self._seen(x, done, generator), label)

    def _seen(self, x: Tensor, done: float, generator: torch.Generator) -> Tensor:
        if self.config.instance:
            x = instance_noise(x, self.config.instance, done, generator)
        if self.module.adaptive is not None:
            x = augment(x, self.module.adaptive.share, generator)
        return x

    def _critic_loss(self, real: Batch, made: Tensor, done: float, generator: torch.Generator) -> Tensor:
        of_real = self._judged(real.x, real.label, done, generator)
        of_made = self._judged(made, real.label, done, generator)
        if self.module.adaptive is not None:
            self.module.adaptive.see(of_real.logit)
        loss = self.game.critic(of_real.logit, of_made.logit)
        return loss + _misnamed(of_real, real.label) + _misnamed(of_made, real.label)

    def _maker_loss(self, real: Batch, made: Tensor, done: float, generator: torch.Generator) -> Tensor:
        if self.config.unrolled:
            seen = Batch(self._seen(real.x, done, generator), real.label)
            return self._ahead(seen, self._seen(made, done, generator))
        of_real = self._judged(real.x, real.label, done, generator)
        of_made = self._judged(made, real.label, done, generator)
        return self.game.maker(of_real.logit, of_made.logit) + _misnamed(of_made, real.label)

    def _ahead(self, real: Batch, made: Tensor) -> Tensor:
        """Return the loss of the generator against the critic of some steps later."""
        critic, game = self.module.critic, self.game

        def logits(weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
            found: Tensor = functional_call(critic, dict(weights), (x, real.label))
            return found

        later = unrolled(
            critic,
            lambda weights: game.critic(logits(weights, real.x), logits(weights, made)),
            self.config.unrolled,
            self.schedule.rate,
        )
        loss = game.maker(logits(later, real.x), logits(later, made))
        return loss + _misnamed(critic.judged(made, real.label), real.label)

    def _far(self, history: History | None, player: nn.Module) -> Tensor | float:
        return 0.0 if history is None else self.config.history * history.distance(player)

    def _keep_in(self, critic: nn.Module) -> None:
        if self.config.box:
            clip_weights(critic, self.config.box)

    def _penalty(self, real: Batch, made: Tensor, done: float, generator: torch.Generator) -> Tensor:
        def judge(x: Tensor) -> Tensor:
            return self._judged(x, real.label, done, generator).logit

        weight = self.config.weight * self.config.every
        match self.config.penalty:
            case "slope":
                return weight * gradient_penalty(judge, real.x, made, generator)
            case "r1":
                return weight * zero_centred(judge, real.x)
            case "r1 r2":
                return weight * (zero_centred(judge, real.x) + zero_centred(judge, made))
        return real.x.new_zeros(())


# Odena et al. 2016 (AC-GAN), arXiv:1610.09585, eq. 3.
def _misnamed(said: Judgement, label: Tensor | None) -> Tensor | float:
    """Return the nats by which the critic misses the classes, if it names them."""
    return 0.0 if said.classes is None or label is None else F.cross_entropy(said.classes, label)


def prepare(run: GanRun, corpus: Corpus, machine: Machine) -> Playing:
    """Return the training of a run."""
    run = replace(run, model=replace(run.model, labels=len(corpus.names)))
    pictures = Pictures(corpus.pixels, corpus.labels, machine.device, origins=corpus.origins)
    return Playing(run, pictures, machine.number)


def finish(task: Playing, module: Adversaries, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the generator, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    maker, model = module.maker.cpu(), task.config.model
    label = [torch.tensor([0, -1])] if corpus.names else []
    if not isinstance(maker, StyleGenerator):
        recipe = Recipe("gan", (model.noise,), corpus.names)
        inputs = [torch.randn(2, model.noise), *label]
        return write_model(folder, {GENERATOR: Exported(maker, inputs)}, maker, recipe, measured)
    styles = torch.randn(2, *maker.styles(torch.randn(1, model.latent)).shape[1:])
    networks = {
        MAPPING: Exported(_Mapping(maker), [torch.randn(2, model.latent), *label]),
        SYNTHESIS: Exported(_Synthesis(maker), [styles, torch.randn(2, model.noise - model.latent)]),
    }
    settings = {"latent": model.latent, "mean": [round(float(value), 6) for value in maker.mean]}
    return write_model(
        folder, networks, maker, Recipe("gan", (model.noise,), corpus.names, settings), measured
    )


def open_maker(bundle: Bundle) -> Generator | StyleGenerator:
    """Return the generator of a trained GAN as a module, to look into it.

    Raises:
        ModelError: It is no GAN.
    """
    try:
        config = GanConfig(**bundle.card["config"]["model"])
        maker = generator_of(config)
        maker.load_state_dict({name: value.float() for name, value in load(bundle.read(WEIGHTS)).items()})
    except (KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"{bundle.folder} is no GAN: {error}", actual=str(bundle.folder)) from None
    return maker.eval()


class _Mapping(nn.Module):
    def __init__(self, maker: StyleGenerator) -> None:
        super().__init__()
        self.maker = maker

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.maker.styles(latent, label)


class _Synthesis(_Mapping):
    def forward(self, styles: Tensor, grain: Tensor) -> Tensor:  # type: ignore[override, unused-ignore]
        return self.maker.synthesise(styles, grain)
