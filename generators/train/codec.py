"""Training of the codec: pictures through a bottleneck and back, then texture by a critic of patches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.generators.codec.bottlenecks import Codebook, Rounding
from forensics.generators.codec.model import Codec, CodecConfig, detail_loss
from forensics.generators.codec.patches import PatchCritic
from forensics.generators.gan.objectives import game_named
from forensics.generators.pipelines.opening import DECODER, ENCODER, PAINTER, TOKENIZER
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Pictures, drawing, grid
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Turn

__all__ = ["PRESETS", "CodecRun", "Coding", "finish", "prepare", "psnr_of"]

Pixels = npt.NDArray[np.uint8]
_SHOWN = 16
_MEASURED = 256


@dataclass(frozen=True)
class CodecRun:
    """How a codec is trained.

    Attributes:
        model: How large it is.
        schedule: Of the run.
        side: Of the pictures trained on.
        texture: How much the critic of patches counts; no critic if 0.
        texture_from: Share of the run after which it does.
    """

    model: CodecConfig = field(default_factory=CodecConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=4000, batch=16, rate=2e-3, width=0.1, decay=0.0)
    )
    side: int = 64
    texture: float = 0.0
    texture_from: float = 0.6


PRESETS: Mapping[str, CodecRun] = {
    "smoke": CodecRun(
        CodecConfig(width=16), Schedule(steps=30, batch=4, rate=3e-3, warm_up=5, every=15, width=0.1), side=32
    ),
    "cpu": CodecRun(),
    "planar": CodecRun(CodecConfig(bottleneck="planar")),
    "iaf": CodecRun(CodecConfig(bottleneck="iaf")),
    "tokens": CodecRun(CodecConfig(bottleneck="rounding", factor=8)),
    "gpu": CodecRun(
        CodecConfig(width=48, blocks=2),
        Schedule(steps=40_000, batch=128, rate=2e-3, warm_up=500, every=2000, width=0.05, decay=0.0),
        texture=0.02,
    ),
}


class CodecPlayers(nn.Module):
    """A codec, and the critic of what it gives back.

    Args:
        config: Of the run.
    """

    def __init__(self, config: CodecRun) -> None:
        super().__init__()
        self.codec = Codec(config.model)
        self.critic = PatchCritic() if config.texture else None


# Rombach et al. 2021, arXiv:2112.10752, section 3.1, without a perceptual network: no weights are downloaded.
class Coding:
    """The training of a codec.

    Args:
        config: The run.
        pictures: To train on.
    """

    def __init__(self, config: CodecRun, pictures: Pictures, process: int = 0) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        torch.manual_seed(config.schedule.seed)
        self.module = CodecPlayers(config).to(pictures.device)

    def players(self) -> Mapping[str, nn.Module]:
        """Return the codec, and the critic if there is one."""
        critic = self.module.critic
        return {"codec": self.module.codec} | ({"critic": critic} if critic is not None else {})

    def turns(self, step: int) -> Iterator[Turn]:
        """Yield the update of the codec, then that of the critic."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        x = self.pictures.batch(self.schedule.batch, generator).x
        codec, critic = self.module.codec, self.module.critic
        latents = codec.latents(x, generator)
        found = codec.pictures(latents.z)
        loss = detail_loss(found, x) + latents.loss
        judged = critic is not None and self.schedule.done(step) >= self.config.texture_from
        if critic is not None and judged:
            loss = loss + self.config.texture * game_named("hinge").maker(critic(x).detach(), critic(found))
        yield Turn("codec", loss)
        if critic is not None and judged:
            yield Turn("critic", game_named("hinge").critic(critic(x), critic(found.detach())))

    @torch.no_grad()
    def measure(self, module: CodecPlayers) -> dict[str, float]:
        """Return how well pictures that are held out come back."""
        x = self.pictures.held_out.x[:_MEASURED]
        return {"PSNR held out": float(psnr_of(_back(module.codec, x), x).mean())}

    @torch.no_grad()
    def show(self, module: CodecPlayers) -> Pixels:
        """Return pictures that are held out above what comes back."""
        x = self.pictures.held_out.x[:_SHOWN]
        return grid(torch.cat([x, _back(module.codec, x)]), columns=len(x))


def psnr_of(found: Tensor, wanted: Tensor) -> Tensor:
    """Return (B,) peak signal-to-noise ratios in dB, of pictures from 0 to 1."""
    error = (found.clamp(0, 1) - wanted).square().flatten(1).mean(1)
    return -10.0 * error.clamp(min=1e-10).log10()


def _back(codec: Codec, x: Tensor) -> Tensor:
    return torch.cat([codec.pictures(codec.latents(part).z) for part in x.split(32)])


def prepare(run: CodecRun, corpus: Corpus, machine: Machine) -> Coding:
    """Return the training of a run."""
    return Coding(run, Pictures(corpus.pixels, None, machine.device), machine.number)


def finish(task: Coding, module: CodecPlayers, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Keep the size of latents, write the model, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    codec = module.codec.eval()
    with torch.no_grad():
        generator = torch.Generator(task.pictures.device).manual_seed(0)
        x = task.pictures.batch(min(512, len(task.pictures)), generator).x
        codec.standardise(torch.cat([codec.latents(part).z for part in x.split(32)]))
    measured = replace(card, metrics=task.measure(module))
    codec = codec.cpu()
    side, factor = task.config.side, task.config.model.factor
    x, rows = torch.rand(2, 3, side, side), side // factor
    z = torch.randn(2, codec.bottleneck.channels, rows, rows)
    networks = {
        ENCODER: Exported(_Encoder(codec), [x], (2, 3)),
        DECODER: Exported(_Decoder(codec), [z], (2, 3)),
    }
    settings = {"factor": factor, "side": side}
    if isinstance(codec.bottleneck, (Codebook, Rounding)):
        settings["tokens"] = codec.bottleneck.tokens
        tokens = torch.randint(codec.bottleneck.tokens, (2, rows, rows))
        networks[TOKENIZER] = Exported(_Tokenizer(codec), [x])
        networks[PAINTER] = Exported(_Painter(codec), [tokens])
    return write_model(
        folder, networks, codec, Recipe("codec", tuple(z.shape[1:]), settings=settings), measured
    )


class _Encoder(nn.Module):
    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, x: Tensor) -> Tensor:
        return self.codec.encode(x)


class _Decoder(_Encoder):
    def forward(self, x: Tensor) -> Tensor:
        return self.codec.decode(x)


class _Tokenizer(_Encoder):
    def forward(self, x: Tensor) -> Tensor:
        indices = self.codec.latents(x).indices
        return x.new_zeros(()) if indices is None else indices


class _Painter(_Encoder):
    def forward(self, x: Tensor) -> Tensor:
        return self.codec.pictures(self.codec.bottleneck.of_indices(x))
