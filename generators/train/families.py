"""What can be trained: for each family its presets, its task, and how its model is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import ModelError
from forensics.generators.codec.model import Codec
from forensics.generators.pipelines.base import Network
from forensics.generators.pipelines.opening import DECODER, DENOISER, ENCODER, GENERATOR, network_of
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train import codec as coding
from forensics.generators.train import denoising, gan
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.codec import CodecPlayers, CodecRun, Coding
from forensics.generators.train.denoising import DenoiserRun, Denoisers
from forensics.generators.train.gan import Adversaries, GanRun, Playing
from forensics.generators.train.pictures import Pictures
from forensics.runtime.store import Bundle
from forensics.training.card import Card, Origins
from forensics.training.machine import Machine

__all__ = ["FAMILIES", "Corpus", "Family", "latents_of"]

Pixels = npt.NDArray[np.uint8]
_ENCODED = 64  # pictures at a time
LIMITS = "A small model of the suite, to be marked, detected and learned from; not for pictures of people."


@dataclass(frozen=True)
class Corpus:
    """What is trained on.

    Attributes:
        pixels: (N, S, S, 3) uint8.
        labels: (N,) classes; None without.
        names: Of the classes.
        codec: Whose latents are trained on, for families that do so.
    """

    pixels: Pixels
    labels: npt.NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    codec: Bundle | None = None


@dataclass(frozen=True)
class Family:
    """One family of generators.

    Attributes:
        task: What it is, in one sentence.
        source: Paper.
        presets: Runs by name.
        prepare: Makes the training of a run.
        finish: Writes the model, and returns its metrics.
    """

    task: str
    source: str
    presets: Mapping[str, Any]
    prepare: Callable[[Any, Corpus, Machine], Any]
    finish: Callable[[Any, Any, Path, Card, Corpus], dict[str, float]]

    def card(self, name: str, task: Any, origins: Origins, images: int) -> Card:
        """Return what the card of a trained model says, without what was measured."""
        return Card(
            name, self.task, self.source, origins.data, origins.licence, origins.command,
            asdict(task.config), images, str(task.pictures.device), limits=LIMITS,
        )  # fmt: skip


def latents_of(pixels: Pixels, encode: Network) -> npt.NDArray[np.float32]:
    """Return (N, C, h, w) latents of unit size for (N, S, S, 3) pictures."""
    parts = []
    for start in range(0, len(pixels), _ENCODED):
        x = np.moveaxis(pixels[start : start + _ENCODED], -1, 1).astype(np.float32) / 255.0
        parts.append(np.asarray(encode(np.ascontiguousarray(x)), np.float32))
    return np.concatenate(parts)


def _prepare_codec(run: CodecRun, corpus: Corpus, machine: Machine) -> Coding:
    return Coding(run, Pictures(corpus.pixels, None, machine.device), machine.number)


def _finish_codec(
    task: Coding, module: CodecPlayers, folder: Path, card: Card, corpus: Corpus
) -> dict[str, float]:
    """Keep the size of latents, then write encoder and decoder."""
    codec = module.codec.eval()
    with torch.no_grad():
        generator = torch.Generator(task.pictures.device).manual_seed(0)
        x = task.pictures.batch(min(512, len(task.pictures)), generator).x
        codec.standardise(torch.cat([codec.latents(part).z for part in x.split(32)]))
    measured = replace(card, metrics=task.measure(module))
    codec = codec.cpu()
    side, factor = task.config.side, task.config.model.factor
    x, z = (
        torch.rand(2, 3, side, side),
        torch.randn(2, codec.bottleneck.channels, side // factor, side // factor),
    )
    networks = {
        ENCODER: Exported(_Encoder(codec), [x], (2, 3)),
        DECODER: Exported(_Decoder(codec), [z], (2, 3)),
    }
    recipe = Recipe("codec", tuple(z.shape[1:]), settings={"factor": factor, "side": side})
    return write_model(folder, networks, codec, recipe, measured)


def _prepare_denoiser(run: DenoiserRun, corpus: Corpus, machine: Machine) -> Denoisers:
    values, decode = corpus.pixels, None
    if run.latent:
        if corpus.codec is None:
            raise ModelError("this preset works in the latents of a codec; name one with --codec")
        encode = network_of(corpus.codec, ENCODER)
        decode = network_of(corpus.codec, DECODER)
        latents = latents_of(corpus.pixels, encode)
        pictures = Pictures(latents, corpus.labels, machine.device, mirrored=False)
        run = replace(run, model=replace(run.model, channels=latents.shape[1], labels=len(corpus.names)))
    else:
        pictures = Pictures(values, corpus.labels, machine.device)
        run = replace(run, model=replace(run.model, labels=len(corpus.names)))
    return Denoisers(run, pictures, corpus.names, decode, machine.number)


def _finish_denoiser(
    task: Denoisers, module: nn.Module, folder: Path, card: Card, corpus: Corpus
) -> dict[str, float]:
    measured = replace(card, metrics=task.measure(module.eval()))
    shape = task.recipe.shape
    inputs = [torch.randn(2, *shape), torch.tensor([0.3, 0.8])]
    if corpus.names:
        inputs.append(torch.tensor([0, -1]))
    others = {}
    if task.config.latent and corpus.codec is not None:
        others[DECODER] = corpus.codec.read(DECODER)
    module = module.cpu()
    return write_model(folder, {DENOISER: Exported(module, inputs)}, module, task.recipe, measured, others)


def _prepare_gan(run: GanRun, corpus: Corpus, machine: Machine) -> Playing:
    run = replace(run, model=replace(run.model, labels=len(corpus.names)))
    return Playing(run, Pictures(corpus.pixels, corpus.labels, machine.device), machine.number)


def _finish_gan(
    task: Playing, module: Adversaries, folder: Path, card: Card, corpus: Corpus
) -> dict[str, float]:
    measured = replace(card, metrics=task.measure(module.eval()))
    maker = module.maker.cpu()
    inputs = [torch.randn(2, task.config.model.noise)]
    if corpus.names:
        inputs.append(torch.tensor([0, -1]))
    recipe = Recipe("gan", (task.config.model.noise,), corpus.names)
    return write_model(folder, {GENERATOR: Exported(maker, inputs)}, maker, recipe, measured)


class _Encoder(nn.Module):
    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, x: Tensor) -> Tensor:
        return self.codec.encode(x)


class _Decoder(nn.Module):
    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, z: Tensor) -> Tensor:
        return self.codec.decode(z)


FAMILIES: dict[str, Family] = {
    "codec": Family(
        "Pictures to latents of unit size, and back.",
        "Rombach et al. 2021, arXiv:2112.10752", coding.PRESETS, _prepare_codec, _finish_codec,
    ),
    "diffusion": Family(
        "Pictures from noise, by diffusion.",
        "Ho et al. 2020, arXiv:2006.11239", denoising.DIFFUSION, _prepare_denoiser, _finish_denoiser,
    ),
    "flow": Family(
        "Pictures from noise, by rectified flow.",
        "Liu et al. 2022, arXiv:2209.03003", denoising.FLOW, _prepare_denoiser, _finish_denoiser,
    ),
    "gan": Family(
        "Pictures from noise in one step.",
        "Goodfellow et al. 2014, arXiv:1406.2661", gan.PRESETS, _prepare_gan, _finish_gan,
    ),
}  # fmt: skip
