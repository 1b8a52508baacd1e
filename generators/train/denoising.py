"""Training of denoisers: diffusion and flow, in pixels or latents, by the same task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.networks.preconditioned import Preconditioned
from forensics.generators.networks.text import (
    CaptionedDenoiser,
    EncodedDenoiser,
    EncoderConfig,
    TextConfig,
    TextEncoder,
)
from forensics.generators.networks.transformer import DenoisingTransformer
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig
from forensics.generators.objectives import Predict, Uniform, denoising_loss, paired
from forensics.generators.parts.embeddings import dropped
from forensics.generators.pipelines.base import Network, Request
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.opening import DECODER, DENOISER, ENCODER
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.texts import NOTHING, packed
from forensics.generators.pipelines.words import Vocabulary, vocabulary_of
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Denoiser, denoiser, split
from forensics.generators.sampling.times import log_snr
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.captions import Encoded, examples, settings_of, silenced, unsaid
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Batch, Pictures, drawing
from forensics.generators.train.runs import DIFFUSION, FLOW, DenoiserRun, objective_of
from forensics.generators.variance import hybrid_loss, variational_bound
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.task import Alone

__all__ = ["DIFFUSION", "FLOW", "DenoiserRun", "Denoisers", "as_network", "denoiser_of", "finish", "prepare"]

Pixels = npt.NDArray[np.uint8]
_SHOWN, _STEPS = 16, 16
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)  # times at which the held-out loss is measured
_ANY = 0.1  # share of labels that are left out in training, for guidance
_BOUND, _DECODED = 50, 0.01  # steps of the bound that is measured; noise in the last: a grey level or so
_CODEC = (ENCODER, DECODER)


def denoiser_of(run: DenoiserRun) -> nn.Module:
    """Return the network of a run.

    Raises:
        UsageError: Captions are asked of a network that takes none, or variances of one that is scaled.
    """
    network = _network_of(run)
    if not run.data:
        return network
    if run.learned or run.target != "x" or run.model.moments:
        raise UsageError("a network that is scaled says the picture, no variance, and learns no times")
    return Preconditioned(network, PATHS[run.path], run.data, run.least)


def _network_of(run: DenoiserRun) -> nn.Module:
    """Return the network, as it is without scales."""
    config = run.model
    if run.learned:
        config = replace(config, outputs=2 * config.channels)
    text = run.encoder or run.text
    if text is None:
        return DenoisingUNet(config) if isinstance(config, UNetConfig) else DenoisingTransformer(config)
    if isinstance(config, UNetConfig):
        raise UsageError("a U-Net takes no captions; use a preset with a transformer")
    denoiser = DenoisingTransformer(replace(config, context=text.width))
    if isinstance(text, EncoderConfig):
        return EncodedDenoiser(denoiser, text)
    return CaptionedDenoiser(denoiser, TextEncoder(text))


class Denoisers(Alone):
    """The training of a denoiser.

    Args:
        config: The run.
        pictures: To train on: from 0 to 1, or latents of unit size.
        labels: Names of their classes.
        words: What their captions are made of, or the captions as an encoder reads them, whose numbers are
            kept in place of labels.
        decode: Latents to pictures; pixels are trained on if None.
        process: Which of several processes this is: each draws pictures of its own.

    Raises:
        UsageError: Variances are to be learned of noise that is paired with pictures.
    """

    def __init__(
        self,
        config: DenoiserRun,
        pictures: Pictures,
        labels: tuple[str, ...] = (),
        words: Vocabulary | Encoded | None = None,
        decode: Network | None = None,
        process: int = 0,
    ) -> None:
        if config.learned and config.pairing:
            raise UsageError("variances are learned of noise as it comes, without pairing")
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        self.labels, self.words, self.decode = labels, words, decode
        torch.manual_seed(config.schedule.seed)
        self.module = denoiser_of(config).to(pictures.device)
        self.objective = objective_of(config)

    @property
    def recipe(self) -> Recipe:
        """How to draw with what is trained."""
        settings = DenoisingSettings(
            self.config.path, self.config.target, self.config.sampler, self.config.steps,
            learned=self.config.learned, **settings_of(self.words),
        )  # fmt: skip
        family = "flow" if self.config.path == "linear" else "diffusion"
        return Recipe(family, self.shape, self.labels, vars(settings))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is denoised, without the batch."""
        return tuple(self.pictures.held_out.x.shape[1:])

    def loss(self, step: int) -> Tensor:
        """Return the error on one batch with fresh noise."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        found = self.scaled(self.pictures.batch(self.schedule.batch, generator))
        predict = self.predicting(self.module, self.told(found, _ANY, generator))
        if self.config.learned:
            return hybrid_loss(predict, found.x, self.objective, generator)
        pairing = paired if self.config.pairing else None
        return denoising_loss(predict, found.x, self.objective, generator, pairing=pairing)

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return the error on what is held out, by level of noise, and bits if variances are learned."""
        held_out, device = self.scaled(self.pictures.held_out), self.pictures.device
        told = self.told(held_out, 0.0, drawing(device, 0))
        predict, found = self.predicting(module, told), {}
        for level in _LEVELS:
            objective = replace(self.objective, times=_Fixed(level), weight="x")
            plain = (lambda z, t: split(predict(z, t))[0]) if self.config.learned else predict
            error = denoising_loss(plain, held_out.x, objective, drawing(device, 0, round(100 * level)))
            found[f"held-out error at {level:g}"] = float(error)
        if self.config.learned and not self.config.latent:
            path = self.objective.path
            moments = log_snr(_BOUND, path, _DECODED)
            bits = variational_bound(self.denoiser(predict), held_out.x, moments, path, drawing(device, 0))
            found[f"bits for each value held out, at most, in {_BOUND} steps"] = float(bits.mean())
        return found

    def show(self, module: nn.Module) -> Pixels:
        """Return pictures drawn from the same noise each time."""
        network, texts = as_network(module.eval()), unsaid(self.words)
        pipeline = Denoising(self.recipe, network, self.decode, texts=texts)
        drawn = list(pipeline.sample(Request(_SHOWN, seed=0, steps=min(_STEPS, self.config.steps))))
        rows = [np.concatenate(drawn[i : i + 8], axis=1) for i in range(0, _SHOWN, 8)]
        return np.concatenate(rows)

    def scaled(self, batch: Batch) -> Batch:
        """Return pictures from -1 to 1; latents as they are."""
        return batch if self.config.latent else Batch(2.0 * batch.x - 1.0, batch.label)

    def told(self, batch: Batch, share: float, generator: torch.Generator) -> Tensor | None:
        """Return what the network is told of pictures, nothing of a share of them; None if nothing at all."""
        if batch.label is not None and self.words:
            if isinstance(self.words, Encoded):
                return self.words.told(batch.label, share, generator)
            return silenced(batch.label, share, generator)
        if batch.label is not None and self.labels:
            return dropped(batch.label, share, generator)
        return None

    def predicting(self, module: nn.Module, told: Tensor | None) -> Predict:
        """Return a network that is told something as a function of noisy pictures and times."""
        return lambda z, t: module(z, t) if told is None else module(z, t, told)

    def denoiser(self, predict: Predict) -> Denoiser:
        """Return what a network says of noisy pictures at one time."""
        return denoiser(
            lambda z, t: predict(z, torch.full((len(z),), t, device=z.device)),
            self.config.target, self.objective.path, learned=self.config.learned,
        )  # fmt: skip


@dataclass(frozen=True)
class _Fixed(Uniform):
    """One time."""

    level: float = 0.5

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times."""
        return torch.full((count,), self.level, device=generator.device)


def as_network(module: nn.Module) -> Network:
    """Return a module as a function of NumPy's arrays."""
    device = next(module.parameters()).device

    @torch.no_grad()
    def run(*inputs: Any) -> Any:
        found = module(*(torch.from_numpy(np.ascontiguousarray(value)).to(device) for value in inputs))
        return found.float().cpu().numpy()

    return run


def prepare(
    run: DenoiserRun, corpus: Corpus, machine: Machine, kind: type[Denoisers] | None = None
) -> Denoisers:
    """Return the training of a run, in pixels or latents.

    Args:
        run: The run.
        corpus: What is trained on.
        machine: What computes.
        kind: Of training; `Denoisers` if None.

    Raises:
        UsageError: It needs a codec, and none was given.
    """
    kind = kind or Denoisers
    run, words = _captioned(run, corpus, machine)
    run = replace(run, model=replace(run.model, labels=0 if words else len(corpus.names)))
    names = () if words else corpus.names
    told = _told(words, corpus)
    if not run.latent:
        mirrored = words is None  # left and right are words
        pictures = Pictures(corpus.pixels, told, machine.device, mirrored=mirrored, origins=corpus.origins)
        return kind(run, pictures, names, words, None, machine.number)
    latents = corpus.latents()
    pictures = Pictures(latents, told, machine.device, mirrored=False, origins=corpus.origins)
    run = replace(run, model=replace(run.model, channels=latents.shape[1]))
    return kind(run, pictures, names, words, corpus.network(DECODER), machine.number)


def _captioned(
    run: DenoiserRun, corpus: Corpus, machine: Machine
) -> tuple[DenoiserRun, Vocabulary | Encoded | None]:
    """Return a run with an encoder for the captions of its pictures, if they are to be learned."""
    if corpus.encoded is not None:
        width = (run.text or TextConfig()).width
        config = replace(corpus.encoded.config, width=width)
        return replace(run, text=None, encoder=config), corpus.encoded.on(machine.device)
    if not corpus.captions:
        return run, None
    words = vocabulary_of(corpus.captions)
    text = replace(run.text or TextConfig(), words=len(words.words), length=words.length)
    return replace(run, text=text), words


def _told(words: Vocabulary | Encoded | None, corpus: Corpus) -> npt.NDArray[np.int64] | None:
    """Return labels, or what is kept in place of them."""
    if isinstance(words, Encoded):
        return words.numbers
    return words.encode_all(corpus.captions) if words else corpus.labels


def finish(task: Denoisers, module: nn.Module, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the model with its codec, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    inputs = [torch.randn(2, *task.recipe.shape), torch.tensor([0.3, 0.8])]
    if task.words:
        inputs.append(examples(task.words, corpus.captions))
    elif corpus.names:
        inputs.append(torch.tensor([0, -1]))
    others = {name: corpus.of_codec().read(name) for name in _CODEC} if task.config.latent else {}
    if isinstance(task.words, Encoded):
        others[NOTHING] = packed(task.words.nothing())
    module = module.cpu()
    networks = {DENOISER: Exported(module, inputs)}
    return write_model(folder, networks, module, task.recipe, measured, others)
