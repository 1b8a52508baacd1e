"""Training of token models: tokens of a codec, causal or masked, and grey levels pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.evaluation.scores import code_use
from forensics.generators.parts.embeddings import dropped
from forensics.generators.pipelines.base import Network, Pipeline, Request
from forensics.generators.pipelines.opening import LOGITS, PAINTER
from forensics.generators.pipelines.recipe import Recipe, read_recipe
from forensics.generators.pipelines.tokens import Pixelwise, Tokens
from forensics.generators.tokens.gated import GatedPixelCNN
from forensics.generators.tokens.model import TokenConfig, TokenTransformer, causal_loss, masked_loss
from forensics.generators.tokens.pixelcnn import PixelCNN, PixelCNNConfig, bits
from forensics.generators.tokens.scales import ScaleConfig, ScaleTransformer
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import as_network
from forensics.generators.train.pictures import Batch, Pictures, drawing
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Levels", "TokenRun", "Words", "finish", "prepare"]

Pixels = npt.NDArray[np.uint8]
Transformer: TypeAlias = TokenTransformer | ScaleTransformer
_SHOWN = 16
_ANY = 0.1  # share of labels that are left out in training
_STEPS, _TEMPERATURE = 12, 4.5


@dataclass(frozen=True)
class TokenRun:
    """How a token model is trained.

    Attributes:
        model: Of the network; how many tokens there are, and where, comes from the codec.
        schedule: Of the run.
        side: Of the pictures, in pixels.
    """

    model: TokenConfig | ScaleConfig | PixelCNNConfig = field(default_factory=TokenConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=6000, batch=64, rate=1e-3, every=500, width=0.1, decay=0.0)
    )
    side: int = 64


_PIXELS = Schedule(steps=4000, batch=16, rate=1e-3, every=500, width=0.1, decay=0.0)
_WORDS = TokenConfig(width=192, depth=6, dropout=0.1)
PRESETS: Mapping[str, TokenRun] = {
    "smoke": TokenRun(
        PixelCNNConfig(width=12, depth=1, levels=16),
        Schedule(steps=10, batch=4, rate=2e-3, warm_up=2, every=5, width=0.1, decay=0.0),
        side=8,
    ),
    "causal": TokenRun(_WORDS),
    "masked": TokenRun(replace(_WORDS, causal=False)),
    "llamagen": TokenRun(replace(_WORDS, norm="root", gated=True, turned="grid")),
    "var": TokenRun(ScaleConfig(depth=6, dropout=0.1)),
    "pixelcnn": TokenRun(PixelCNNConfig(), _PIXELS, side=16),
    "gated": TokenRun(PixelCNNConfig(gated=True), _PIXELS, side=16),
    "pixelcnnpp": TokenRun(PixelCNNConfig(gated=True, parts=5), _PIXELS, side=16),
    "pixelsnail": TokenRun(PixelCNNConfig(gated=True, parts=5, heads=4, depth=3), _PIXELS, side=16),
    "gpu": TokenRun(
        replace(_WORDS, causal=False, width=256, depth=8),
        Schedule(steps=60_000, batch=256, rate=1e-3, warm_up=1000, every=4000, width=0.05, decay=0.0),
    ),
}


class Words(Alone):
    """The training of a transformer on the tokens of a codec.

    Args:
        config: The run.
        tokens: (N, rows, columns) of pictures, or (N, 1, places) of maps, kept as `Pictures`.
        labels: Names of their classes.
        paint: Tokens to pictures.
        process: Which of several processes this is: each draws pictures of its own.
    """

    def __init__(
        self, config: TokenRun, tokens: Pictures, labels: tuple[str, ...], paint: Network, process: int = 0
    ) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, tokens, process
        self.labels, self.paint = labels, paint
        torch.manual_seed(config.schedule.seed)
        model = config.model
        if isinstance(model, PixelCNNConfig):
            raise TypeError(f"no transformer of tokens: {model}")
        self.model = model
        self.causal = isinstance(model, ScaleConfig) or model.causal
        self.module = _transformer(model).to(tokens.device)

    @property
    def recipe(self) -> Recipe:
        """How to draw with what is trained."""
        settings: dict[str, Any] = {
            "causal": self.causal,
            "steps": _STEPS,
            "temperature": 1.0 if self.causal else _TEMPERATURE,
        }
        if isinstance(self.model, ScaleConfig):
            settings["sides"] = self.model.sides
            return Recipe("tokens", (1, self.model.places), self.labels, settings)
        return Recipe("tokens", (self.model.rows, self.model.columns), self.labels, settings)

    def loss(self, step: int) -> Tensor:
        """Return the nats for each token of one batch."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        return self._nats(self.module, self.pictures.batch(self.schedule.batch, generator), generator)

    @torch.no_grad()
    def measure(self, module: Transformer) -> dict[str, float]:
        """Return the nats for each token of what is held out."""
        generator = drawing(self.pictures.device, 0, 0)
        used = code_use(self.pictures.held_out.x.cpu().numpy(), self.model.tokens)
        return {
            "nats for each token held out": float(self._nats(module, self.pictures.held_out, generator)),
            "share of tokens that pictures held out use": used.share,
        }

    def show(self, module: Transformer) -> Pixels:
        """Return pictures drawn by the same chance each time."""
        return shown_by(Tokens(self.recipe, as_network(module.eval()), self.paint))

    def _nats(self, module: Transformer, batch: Batch, generator: torch.Generator) -> Tensor:
        tokens, label = batch.x.flatten(1).long(), None
        if self.labels and batch.label is not None:
            label = dropped(batch.label, _ANY if module.training else 0.0, generator)
        if self.causal:
            return causal_loss(module, tokens, label)
        return masked_loss(module, tokens, generator, label)


class Levels(Alone):
    """The training of a PixelCNN.

    Args:
        config: The run.
        pictures: To train on.
        process: Which of several processes this is: each draws pictures of its own.
        labels: Names of their classes, which a gated one is told.
    """

    def __init__(
        self, config: TokenRun, pictures: Pictures, process: int = 0, labels: tuple[str, ...] = ()
    ) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        torch.manual_seed(config.schedule.seed)
        model = config.model
        if not isinstance(model, PixelCNNConfig):
            raise TypeError(f"no PixelCNN: {model}")
        self.model, self.labels = model, labels if model.labels else ()
        module = GatedPixelCNN(model) if model.gated else PixelCNN(model)
        self.module: GatedPixelCNN | PixelCNN = module.to(pictures.device)

    @property
    def recipe(self) -> Recipe:
        """How to draw with what is trained."""
        side = self.config.side
        return Recipe(
            "pixelcnn", (self.model.channels, side, side), self.labels, {"levels": self.model.levels}
        )

    def loss(self, step: int) -> Tensor:
        """Return the mean bits for each value of one batch."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.pictures.batch(self.schedule.batch, generator)
        label = dropped(batch.label, _ANY, generator) if self.labels and batch.label is not None else None
        return self._bits(self.module, batch.x, label).mean()

    @torch.no_grad()
    def measure(self, module: GatedPixelCNN | PixelCNN) -> dict[str, float]:
        """Return the bits for each value of what is held out."""
        name = f"bits for each value of {self.model.levels} levels held out"
        label = self.pictures.held_out.label
        label = label[:64] if self.labels and label is not None else None
        return {name: float(self._bits(module, self.pictures.held_out.x[:64], label).mean())}

    def show(self, module: nn.Module) -> Pixels:
        """Return pictures drawn by the same chance each time."""
        return shown_by(Pixelwise(self.recipe, as_network(module.eval())))

    def _bits(self, module: GatedPixelCNN | PixelCNN, x: Tensor, label: Tensor | None) -> Tensor:
        levels = (x * (self.model.levels - 1)).round().long()
        return module.bits(levels, label) if isinstance(module, GatedPixelCNN) else bits(module, levels)


def _transformer(model: TokenConfig | ScaleConfig) -> Transformer:
    return ScaleTransformer(model) if isinstance(model, ScaleConfig) else TokenTransformer(model)


def shown_by(pipeline: Pipeline) -> Pixels:
    """Return what a pipeline draws, side by side."""
    drawn = list(pipeline.sample(Request(_SHOWN)))
    return np.concatenate([np.concatenate(drawn[i : i + 8], axis=1) for i in range(0, _SHOWN, 8)])


def prepare(run: TokenRun, corpus: Corpus, machine: Machine) -> Words | Levels:
    """Return the training of a run: on tokens of a codec, or on grey levels.

    Raises:
        UsageError: It needs a codec with tokens, or with maps of them, and none was given.
    """
    if isinstance(run.model, PixelCNNConfig):
        if run.model.gated:
            run = replace(run, model=replace(run.model, labels=len(corpus.names)))
        pictures = Pictures(corpus.pixels, corpus.labels, machine.device, origins=corpus.origins)
        return Levels(run, pictures, machine.number, corpus.names)
    tokens = corpus.tokens()
    settings = read_recipe(corpus.of_codec()).settings
    model: TokenConfig | ScaleConfig
    if isinstance(run.model, ScaleConfig):
        model = replace(run.model, sides=_sides_of(settings, tokens.shape[2]))
    else:
        model = replace(run.model, rows=tokens.shape[1], columns=tokens.shape[2])
    model = replace(model, tokens=int(settings["tokens"]), labels=len(corpus.names))
    pictures = Pictures(tokens, corpus.labels, machine.device, mirrored=False, origins=corpus.origins)
    return Words(replace(run, model=model), pictures, corpus.names, corpus.network(PAINTER), machine.number)


def _sides_of(settings: Mapping[str, Any], places: int) -> tuple[int, ...]:
    """Return the sides of the maps of a codec, whose pictures may be larger than those it was trained on."""
    if "sides" not in settings:
        raise UsageError("this preset needs a codec with maps of tokens; train one with --preset scales")
    sides = [int(side) for side in settings["sides"]]
    whole = math.isqrt(places // sum(side * side for side in sides))
    return tuple(whole * side for side in sides)


def finish(
    task: Words | Levels, module: nn.Module, folder: Path, card: Card, corpus: Corpus
) -> dict[str, float]:
    """Write the model, with what paints its tokens, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))  # type: ignore[arg-type, unused-ignore]
    module = module.cpu()
    if isinstance(task, Levels):
        inputs = [torch.randint(task.model.levels, (2, *task.recipe.shape))]
        inputs += [torch.tensor([0, -1])] if task.labels else []
        return write_model(folder, {LOGITS: Exported(module, inputs)}, module, task.recipe, measured)
    inputs = [torch.randint(-1, task.model.tokens, (2, task.model.places))]
    inputs += [torch.tensor([0, -1])] if corpus.names else []
    others = {PAINTER: corpus.of_codec().read(PAINTER)}
    return write_model(folder, {LOGITS: Exported(module, inputs)}, module, task.recipe, measured, others)
