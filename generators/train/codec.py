"""Training of the codec: pictures through a bottleneck and back, then texture by a critic of patches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks import Gaussian, Scales, active_units, annealed, usage_of
from forensics.generators.codec.bounds import elbo, importance_bound, log_weights
from forensics.generators.codec.model import Codec, CodecConfig, detail_loss
from forensics.generators.codec.patches import PatchCritic
from forensics.generators.codec.perceptual import RandomFeatures, feature_loss
from forensics.generators.codec.posteriors import FlowPosterior
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

__all__ = ["PRESETS", "CodecRun", "Coding", "finish", "prepare", "psnr_of", "seen_by"]

Pixels = npt.NDArray[np.uint8]
_SHOWN = 16
_SMOOTH = Gaussian | FlowPosterior  # latents without tokens
_MEASURED = 256
_BOUNDED, _DRAWS = 16, 5
_FEATURES = 0.2
_VARIANCE = 0.01  # of the decoder, where a bound is trained on


@dataclass(frozen=True)
class CodecRun:
    """How a codec is trained.

    Attributes:
        model: How large it is.
        schedule: Of the run.
        side: Of the pictures trained on.
        texture: How much the critic of patches counts; no critic if 0.
        texture_from: Share of the run after which it does.
        features: How much the features of pictures count beside their pixels.
        network: Whose features these are, "timm:NAME"; those of random convolutions if empty.
        anneal: Share of the run over which the cost of the bottleneck rises to its full weight.
        noise: Deviation of noise on what is encoded, which is not to come back: a denoising autoencoder.
        draws: Latents of each picture whose importance-weighted bound is trained on (IWAE), instead of the
            errors of one; only of a `gaussian` bottleneck.
    """

    model: CodecConfig = field(default_factory=CodecConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=4000, batch=16, rate=2e-3, width=0.1, decay=0.0)
    )
    side: int = 64
    texture: float = 0.0
    texture_from: float = 0.6
    features: float = 0.0
    network: str = ""
    anneal: float = 0.0
    noise: float = 0.0
    draws: int = 0

    def __post_init__(self) -> None:
        """Check that all of it counts.

        Raises:
            UsageError: The bottleneck has no draws, or the features do not count.
        """
        if self.network and not (self.features and not self.draws):
            raise UsageError(f"features of {self.network} do not count in this run", actual=self.features)
        if self.draws and self.model.bottleneck != "gaussian":
            raise UsageError("only latents that are drawn have a bound", actual=self.model.bottleneck)


PRESETS: Mapping[str, CodecRun] = {
    "smoke": CodecRun(
        CodecConfig(width=16), Schedule(steps=30, batch=4, rate=3e-3, warm_up=5, every=15, width=0.1), side=32
    ),
    "cpu": CodecRun(),
    "photos": CodecRun(
        CodecConfig(latent=12, stem=2, width=64),
        Schedule(steps=5000, batch=16, rate=2e-3, every=500, width=0.1, decay=0.0),
    ),
    "planar": CodecRun(CodecConfig(bottleneck="planar")),
    "iaf": CodecRun(CodecConfig(bottleneck="iaf")),
    "tokens": CodecRun(CodecConfig(bottleneck="rounding", factor=8)),
    "vae": CodecRun(
        CodecConfig(amount=1e-4),
        Schedule(steps=4000, batch=16, rate=2e-3, width=0.1, decay=0.0, skip=200.0),
        anneal=0.3,
    ),
    "iwae": CodecRun(CodecConfig(latent=4), draws=5),
    "denoising": CodecRun(noise=0.2),
    "vqvae": CodecRun(CodecConfig(bottleneck="codebook", factor=8)),
    "vqgan": CodecRun(
        CodecConfig(bottleneck="codebook", factor=8, attention=True, entropy=0.01), texture=0.02, features=0.2
    ),
    "lfq": CodecRun(CodecConfig(bottleneck="signs", factor=8, latent=10)),
    "product": CodecRun(CodecConfig(bottleneck="product", factor=8, tokens=256)),
    "spherical": CodecRun(CodecConfig(bottleneck="spherical", factor=8, tokens=256, latent=16)),
    "residual": CodecRun(CodecConfig(bottleneck="residual", factor=8, tokens=256)),
    "scales": CodecRun(CodecConfig(bottleneck="scales", factor=8)),
    "dvae": CodecRun(CodecConfig(bottleneck="relaxed", factor=8)),
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


# Rombach et al. 2021, arXiv:2112.10752, section 3.1;
# features are those of random filters, if no trained network is named: no weights are downloaded.
class Coding:
    """The training of a codec.

    Args:
        config: The run.
        pictures: To train on.
        process: Which of several processes this is: each draws pictures of its own.
        seeing: The network whose features count, if it is not one of random convolutions.
    """

    def __init__(
        self, config: CodecRun, pictures: Pictures, process: int = 0, seeing: nn.Module | None = None
    ) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        torch.manual_seed(config.schedule.seed)
        self.module = CodecPlayers(config).to(pictures.device)
        self.features = (seeing or RandomFeatures()).to(pictures.device) if config.features else None

    def players(self) -> Mapping[str, nn.Module]:
        """Return the codec, and the critic if there is one."""
        critic = self.module.critic
        return {"codec": self.module.codec} | ({"critic": critic} if critic is not None else {})

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the update of the codec, then that of the critic."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        x = self.pictures.batch(self.schedule.batch, generator).x
        codec, critic = self.module.codec, self.module.critic
        if self.config.draws:
            yield Turn("codec", self._bound(x, generator))
            return
        latents = codec.latents(self._noisy(x, generator), generator)
        found = codec.pictures(latents.z)
        loss = detail_loss(found, x) + annealed(done, self.config.anneal) * latents.loss
        if self.features is not None:
            loss = loss + self.config.features * feature_loss(self.features(found), self.features(x))
        judged = critic is not None and done >= self.config.texture_from
        if critic is not None and judged:
            loss = loss + self.config.texture * game_named("hinge").maker(critic(x).detach(), critic(found))
        yield Turn("codec", loss)
        if critic is not None and judged:
            yield Turn("critic", game_named("hinge").critic(critic(x), critic(found.detach())))

    @torch.no_grad()
    def measure(self, module: CodecPlayers) -> dict[str, float]:
        """Return how well pictures that are held out come back, and whether latents are used."""
        x, codec = self.pictures.held_out.x[:_MEASURED], module.codec
        found = {"PSNR held out": float(psnr_of(_back(codec, x), x).mean())}
        if self.config.noise:
            noisy = self._noisy(x, drawing(self.pictures.device, 0, 0, 1 << 20))
            found["PSNR held out, noisy"] = float(psnr_of(noisy, x).mean())
            found["PSNR held out, denoised"] = float(psnr_of(_back(codec, noisy), x).mean())
        return found | _used(codec, x)

    @torch.no_grad()
    def show(self, module: CodecPlayers) -> Pixels:
        """Return pictures that are held out above what comes back."""
        x = self.pictures.held_out.x[:_SHOWN]
        return grid(torch.cat([x, _back(module.codec, x)]), columns=len(x))

    def _bound(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the nats for each value, at most, for a decoder of fixed variance."""
        codec, draws = self.module.codec, self.config.draws
        weights = log_weights(codec.pictures, x, _posterior(codec, x), _VARIANCE, draws, generator)
        return -importance_bound(weights).mean() / x[0].numel()

    # Vincent et al. 2008, "Extracting and composing robust features with denoising autoencoders" (ICML).
    def _noisy(self, x: Tensor, generator: torch.Generator) -> Tensor:
        if not self.config.noise:
            return x
        return x + self.config.noise * torch.randn(x.shape, generator=generator, device=x.device)


def _used(codec: Codec, x: Tensor) -> dict[str, float]:
    """Return whether the posterior, or the codebook, collapsed."""
    parts = [codec.latents(part) for part in x.split(32)]
    if isinstance(codec.bottleneck, _SMOOTH):
        if len(x) < 2:
            return {}
        active = active_units(torch.cat([part.z for part in parts]))
        bounds = _bounds(codec, x) if isinstance(codec.bottleneck, Gaussian) else {}
        return {"active share of latents held out": float(active.double().mean()), **bounds}
    indices = torch.cat([part.indices for part in parts if part.indices is not None])
    usage = usage_of(indices, codec.bottleneck.tokens)
    return {"share of tokens in use held out": usage.share, "perplexity of tokens held out": usage.perplexity}


def _bounds(codec: Codec, x: Tensor) -> dict[str, float]:
    """Return bits for each of 256 levels, at most, with the likeliest variance of the decoder."""
    x = x[:_BOUNDED]
    posterior = _posterior(codec, x)
    variance = max(float((codec.pictures(posterior[0]) - x).square().mean()), 1e-6)
    generator = drawing(x.device, 0, 0, 1 << 21)
    weights = log_weights(codec.pictures, x, posterior, variance, _DRAWS, generator)
    each = -x[0].numel() * math.log(2.0)
    return {
        "bits for each value held out, by the ELBO": 8.0 + float(elbo(weights).mean()) / each,
        f"bits for each value held out, by {_DRAWS} draws": 8.0
        + float(importance_bound(weights).mean()) / each,
    }


def _posterior(codec: Codec, x: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_variance = codec.down(2.0 * x - 1.0).chunk(2, dim=1)
    return mean, log_variance.clamp(-20.0, 10.0)


def psnr_of(found: Tensor, wanted: Tensor) -> Tensor:
    """Return (B,) peak signal-to-noise ratios in dB, of pictures from 0 to 1."""
    error = (found.clamp(0, 1) - wanted).square().flatten(1).mean(1)
    return -10.0 * error.clamp(min=1e-10).log10()


def _back(codec: Codec, x: Tensor) -> Tensor:
    return torch.cat([codec.pictures(codec.latents(part).z) for part in x.split(32)])


def prepare(run: CodecRun, corpus: Corpus, machine: Machine) -> Coding:
    """Return the training of a run.

    Raises:
        UsageError: The network whose features are to count is another one.
    """
    seeing = corpus.seeing
    if run.network != (seeing.name if seeing else ""):
        raise UsageError("the run names the network that the corpus brings", expected=run.network)
    pictures = Pictures(corpus.pixels, None, machine.device, origins=corpus.origins)
    return Coding(run, pictures, machine.number, seeing)


def seen_by(run: CodecRun, network: str) -> CodecRun:
    """Return the run with the features of a network, which count for a fifth if they did not count yet."""
    return replace(run, network=network, features=run.features or _FEATURES)


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
    settings: dict[str, Any] = {"factor": factor, "side": side}
    if not isinstance(codec.bottleneck, _SMOOTH):
        settings["tokens"] = codec.bottleneck.tokens
        if isinstance(codec.bottleneck, Scales):
            settings["sides"] = codec.bottleneck.sides
        tokens = torch.randint(codec.bottleneck.tokens, tuple(_Tokenizer(codec)(x).shape))
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
