"""Training of side branches: another picture comes to say what a denoiser draws, which stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.networks.control import Branched, branched
from forensics.generators.networks.text import TextConfig
from forensics.generators.objectives import Objective, Uniform, denoising_loss
from forensics.generators.parts.embeddings import dropped
from forensics.generators.pipelines.base import Network, Request
from forensics.generators.pipelines.conditions import CONDITIONS
from forensics.generators.pipelines.controlled import Controlled
from forensics.generators.pipelines.opening import DECODER, DENOISER
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.words import Vocabulary
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import DenoiserRun, as_network
from forensics.generators.train.frozen import Frozen, frozen, objective_of, run_of
from forensics.generators.train.pictures import Batch, Pictures, drawing
from forensics.runtime.store import Bundle
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Beside", "ControlRun", "Controls", "begun", "finish", "holes", "prepare"]

Pixels = npt.NDArray[np.uint8]
_SHOWN, _STEPS = 8, 16
_LEVELS = (0.1, 0.5, 0.9)  # times at which the held-out loss is measured
_ANY = 0.5  # share of labels that are left out in training: the branch is to be listened to without them


@dataclass(frozen=True)
class ControlRun:
    """How a side branch is trained.

    Attributes:
        schedule: Of the run.
        rule: By which the other picture is computed, of `CONDITIONS`.
        depth: Blocks of a transformer that are copied; half of them if 0.
        base: How the denoiser was trained, beside which it stands.
        of: SHA-256 of the weights of that denoiser.
    """

    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=4000, batch=64, rate=5e-4, every=500, width=0.1, decay=0.0)
    )
    rule: str = "canny"
    depth: int = 0
    base: DenoiserRun = field(default_factory=DenoiserRun)
    of: str = ""

    @property
    def side(self) -> int:
        """Of the pictures trained on, in pixels."""
        return self.base.side

    @property
    def text(self) -> TextConfig | None:
        """Of the encoder of captions; None if the denoiser knows no words."""
        return self.base.text


PRESETS: Mapping[str, ControlRun] = {
    "smoke": ControlRun(Schedule(steps=20, batch=8, rate=2e-3, warm_up=2, every=10, width=0.1, decay=0.0)),
    "cpu": ControlRun(),
    "gpu": ControlRun(
        Schedule(steps=30_000, batch=256, rate=5e-4, warm_up=1000, every=2000, width=0.05, decay=0.0)
    ),
}


def begun(run: ControlRun, begin: Bundle, rule: str) -> ControlRun:
    """Return a run that fits to the model that it stands beside.

    Raises:
        UsageError: The model is none of a denoiser, or there is no such rule.
    """
    if rule not in CONDITIONS:
        raise UsageError(f"no rule {rule!r}; there are: {', '.join(CONDITIONS)}", actual=rule)
    return replace(run, rule=rule, base=run_of(begin))


@dataclass(frozen=True, eq=False)
class Beside:
    """What is shown and told with pictures, by their numbers.

    Attributes:
        shown: (N, C, H, W) uint8, the other pictures.
        told: (N,) classes or (N, M) numbers of words; None for a model that knows neither.
    """

    shown: Tensor
    told: Tensor | None


class Controls(Alone):
    """The training of a side branch.

    Args:
        config: The run.
        model: Beside which it stands.
        pictures: To train on, from 0 to 1, or latents of unit size; in place of labels, their numbers.
        beside: What is shown with them.
        decode: Latents to pictures; pixels are trained on if None.
        process: Which of several processes this is: each draws pictures of its own.
    """

    def __init__(
        self,
        config: ControlRun,
        model: Frozen,
        pictures: Pictures,
        beside: Beside,
        decode: Network | None = None,
        process: int = 0,
    ) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        self.beside, self.decode, self._of_model = beside, decode, model.recipe
        self.scale = beside.shown.shape[-1] // pictures.held_out.x.shape[-1]
        torch.manual_seed(config.schedule.seed)
        channels = CONDITIONS[config.rule].inputs
        found = branched(model.module, channels, self.scale, config.depth)
        self.module: Branched = found.to(pictures.device)
        self.objective = objective_of(config.base)

    @property
    def recipe(self) -> Recipe:
        """How to draw with what is trained."""
        settings = {**self._of_model.settings, "rule": self.config.rule, "scale": self.scale}
        return replace(self._of_model, family="control", settings=settings)

    def players(self) -> Mapping[str, nn.Module]:
        """Return the branch: nothing else is changed."""
        return {"module": self.module.branch()}

    def loss(self, step: int) -> Tensor:
        """Return the error on one batch with fresh noise."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.pictures.batch(self.schedule.batch, generator)
        return self._error(self.module, batch, self.objective, generator)

    @torch.no_grad()
    def measure(self, module: Branched) -> dict[str, float]:
        """Return the error on what is held out, with and without the branch, by the level of noise."""
        found = {}
        for level in _LEVELS:
            for name, alone in (("", False), (" without the branch", True)):
                generator = drawing(self.pictures.device, 0, round(100 * level))
                objective = replace(self.objective, times=_Fixed(level), weight="x")
                error = self._error(module, self.pictures.held_out, objective, generator, alone=alone)
                found[f"held-out error at {level:g}{name}"] = float(error)
        return found

    def show(self, module: Branched) -> Pixels:
        """Return held-out pictures that were shown, and what is drawn after each from the same noise."""
        numbers = cast("Tensor", self.pictures.held_out.label)
        numbers = numbers[torch.arange(_SHOWN, device=numbers.device) % len(numbers)]
        shown = self.seen(numbers, drawing(self.pictures.device, 0, 0)).cpu().numpy()
        pipeline = Controlled(self.recipe, as_network(module.eval()), self.decode).beside(shown)
        steps = min(_STEPS, self.config.base.steps)
        drawn = list(pipeline.sample(Request(_SHOWN, steps=steps, batch=_SHOWN)))
        colours = np.moveaxis(np.broadcast_to(shown[:, :3], (_SHOWN, 3, *shown.shape[2:])), 1, -1)
        above = np.rint(colours * 255).astype(np.uint8)
        return np.concatenate([np.concatenate(list(row), axis=1) for row in (above, drawn)])

    def _error(
        self,
        module: Branched,
        batch: Batch,
        objective: Objective,
        generator: torch.Generator,
        *,
        alone: bool = False,
    ) -> Tensor:
        numbers = cast("Tensor", batch.label)
        x = batch.x if self.config.base.latent else 2.0 * batch.x - 1.0
        shown = self.seen(numbers, generator)
        told = self._told(numbers, generator, _ANY if module.training else 0.0)
        given = () if told is None else (told,)

        def predict(z: Tensor, t: Tensor) -> Tensor:
            found: Tensor = module.denoiser(z, t, *given) if alone else module(z, t, shown, *given)
            return found

        return denoising_loss(predict, x, objective, generator)

    def seen(self, numbers: Tensor, generator: torch.Generator) -> Tensor:
        """Return the (B, C, H, W) pictures that are shown, 0 to 1, each with a hole if the rule leaves one.

        Args:
            numbers: (B,), which.
            generator: Draws the holes.
        """
        values = self.beside.shown[numbers].float() / 255.0
        if not CONDITIONS[self.config.rule].masked:
            return values
        known = ~holes(len(values), values.shape[2], values.shape[3], generator)
        return torch.cat([values * known, known.float()], dim=1)

    def _told(self, numbers: Tensor, generator: torch.Generator, share: float) -> Tensor | None:
        """Return classes or words, a share of which is left out."""
        if self.beside.told is None:
            return None
        told = self.beside.told[numbers]
        if told.ndim == 1:
            return dropped(told, share, generator)
        out = torch.rand(len(told), generator=generator, device=told.device) < share
        return torch.where(out[:, None], 0, told)


def holes(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Return (count, 1, height, width) rectangles of True, half as high and wide as pictures on average.

    Args:
        count: How many.
        height: Of the pictures.
        width: Of the pictures.
        generator: Draws them.
    """
    device = generator.device

    def inside(size: int) -> Tensor:
        share = 0.2 + 0.6 * torch.rand(count, 1, generator=generator, device=device)
        first = torch.rand(count, 1, generator=generator, device=device) * (1.0 - share)
        places = (torch.arange(size, device=device) + 0.5) / size
        return (places > first) & (places < first + share)

    return (inside(height)[:, :, None] & inside(width)[:, None, :])[:, None]


@dataclass(frozen=True)
class _Fixed(Uniform):
    """One time."""

    level: float = 0.5

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times."""
        return torch.full((count,), self.level, device=generator.device)


def prepare(run: ControlRun, corpus: Corpus, machine: Machine) -> Controls:
    """Return the training of a run, in pixels or latents, as the model that it stands beside works.

    Raises:
        UsageError: No such model was given, or no codec of it, or the classes or words are others.
    """
    if corpus.begin is None:
        raise UsageError("a side branch needs a model to stand beside; name its folder with --begin")
    model = frozen(corpus.begin)
    told = _told(model, corpus)
    of = CONDITIONS[run.rule].of
    shown = torch.from_numpy(np.stack([of(pixels) for pixels in corpus.pixels])).to(machine.device)
    beside = Beside(shown, None if told is None else torch.from_numpy(told).to(machine.device))
    numbers, decode = np.arange(len(corpus.pixels)), None
    values: npt.NDArray[np.uint8] | npt.NDArray[np.float32] = corpus.pixels
    if model.run.latent:
        _check_codec(corpus, corpus.begin)
        values, decode = corpus.latents(), corpus.network(DECODER)
    pictures = Pictures(values, numbers, machine.device, mirrored=False, origins=corpus.origins)
    _check_shape(model, pictures)
    run = replace(run, base=model.run, of=model.digest)
    return Controls(run, model, pictures, beside, decode, machine.number)


def _told(model: Frozen, corpus: Corpus) -> npt.NDArray[np.int64] | None:
    """Return what is told of all pictures; what was not given is left open."""
    labels, settings = model.recipe.labels, model.recipe.settings
    words = Vocabulary(tuple(settings.get("words", ())), int(settings.get("length", 0)))
    if corpus.captions and not words.words:
        raise UsageError("the model was trained without captions")
    if corpus.names and corpus.names != labels:
        raise UsageError("the model knows other classes", expected=labels, actual=corpus.names)
    count = len(corpus.pixels)
    if words.words:
        return words.encode_all(corpus.captions or [""] * count)
    if not labels:
        return None
    return np.full(count, -1, np.int64) if corpus.labels is None else corpus.labels


def _check_codec(corpus: Corpus, begin: Bundle) -> None:
    """Refuse a codec whose latents the model does not know."""
    wanted, found = (each.card["files"].get(DECODER) for each in (begin, corpus.of_codec()))
    if wanted != found:
        raise UsageError(f"{begin.folder} does not work in the latents of this codec", expected=wanted)


def _check_shape(model: Frozen, pictures: Pictures) -> None:
    found = tuple(pictures.held_out.x.shape[1:])
    if found != model.recipe.shape:
        raise UsageError("the model draws another size", expected=model.recipe.shape, actual=found)


def finish(task: Controls, module: Branched, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the denoiser with its branch, with the decoder of its codec, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    numbers = torch.tensor([0, 1], device=task.pictures.device)
    shown = task.seen(numbers, drawing(task.pictures.device, 0, 0))
    inputs = [torch.randn(2, *task.recipe.shape), torch.tensor([0.3, 0.8]), shown]
    if task.beside.told is not None:
        inputs.append(task.beside.told[:2])
    others = {DECODER: corpus.of_codec().read(DECODER)} if task.config.base.latent else {}
    module = module.cpu()
    networks = {DENOISER: Exported(module, inputs)}
    return write_model(folder, networks, module, task.recipe, measured, others)
