"""Training of clips: denoising over space and time, from noise or from the frames before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.networks.transformer import TransformerConfig
from forensics.generators.networks.unet import UNetConfig
from forensics.generators.networks.video import ClipDenoiser, clip_denoiser
from forensics.generators.objectives import (
    LogitNormal,
    Objective,
    Weight,
    broadcast,
    denoising_loss,
    weight_of,
)
from forensics.generators.pipelines.base import Network, Request
from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.filming import Filming
from forensics.generators.pipelines.opening import DECODER, DENOISER
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Target, target
from forensics.generators.train.bundle import WEIGHTS, Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import as_network
from forensics.generators.train.frozen import run_of
from forensics.generators.train.pictures import Pictures, drawing
from forensics.runtime.store import Bundle
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Clips", "Films", "VideoRun", "clip_loss", "finish", "prepare"]

Pixels = npt.NDArray[np.uint8]
_SHOWN, _STEPS, _MEASURED = 4, 16, 16
_PATH = "linear"
_GOING_ON = 0.5  # share of clips that begin with known frames


@dataclass(frozen=True)
class VideoRun:
    """How a model of clips is trained.

    Attributes:
        model: Of the network of single frames.
        schedule: Of the run.
        side: Of the frames, in pixels.
        frames: Of a clip.
        known: Of which so many are known where a clip is gone on with.
        target: What the network predicts.
        weight: In which terms errors count.
        latent: It works in the latents of a codec.
        steps: Of the sampler.
        stills: Single frames of other clips that are learned beside each clip, by the layers of space alone.
    """

    model: TransformerConfig | UNetConfig = field(
        default_factory=lambda: TransformerConfig(channels=3, patch=4, width=128, depth=4, heads=4)
    )
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=6000, batch=16, rate=1e-3, every=500, width=0.1, decay=0.0)
    )
    side: int = 32
    frames: int = 8
    known: int = 2
    target: Target = "x"
    weight: Weight = "velocity"
    latent: bool = False
    steps: int = 24
    stills: int = 0


PRESETS: Mapping[str, VideoRun] = {
    "smoke": VideoRun(
        TransformerConfig(channels=3, patch=4, width=32, depth=1, heads=2),
        Schedule(steps=10, batch=4, rate=2e-3, warm_up=2, every=5, width=0.1),
        side=16, frames=4, known=1,
    ),
    "pixels": VideoRun(),
    "sprites": VideoRun(
        TransformerConfig(channels=3, patch=4, width=96, depth=4, heads=4),
        Schedule(steps=4000, batch=16, rate=1e-3, every=500, width=0.1, decay=0.0),
    ),
    "unet": VideoRun(UNetConfig(width=32)),
    "joint": VideoRun(UNetConfig(width=32), stills=4),
    "latent": VideoRun(TransformerConfig(channels=8, patch=2, width=192, depth=6), side=64, latent=True),
    "gpu": VideoRun(
        TransformerConfig(channels=8, patch=2, width=256, depth=8),
        Schedule(steps=40_000, batch=64, rate=1e-3, warm_up=1000, every=4000, width=0.05, decay=0.0),
        side=64, frames=16, known=4, latent=True,
    ),
}  # fmt: skip


# Ho et al. 2022 (Video Diffusion Models), arXiv:2204.03458, section 3.1, where known frames replace noise.
def clip_loss(
    module: nn.Module, x: Tensor, known: Tensor, objective: Objective, generator: torch.Generator
) -> Tensor:
    """Return the mean squared error on frames that are not known.

    Args:
        module: The network.
        x: (B, T, C, H, W) clips of about unit size.
        known: (B, T) which frames are given without noise.
        objective: What it is trained for.
        generator: Draws noise and times, on the device of the clips.
    """
    t = objective.times.draw(len(x), generator)
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    at = objective.path.at(broadcast(t, x))
    frames = known[:, :, None, None, None]
    z = torch.where(frames, x, at.mix(x, noise))
    error = (module(z, t, known) - target(objective.target, x, noise, at)).square()
    counted = torch.where(frames, 0.0, weight_of(objective, at) * error).flatten(2).mean(2)
    return counted.sum() / (~known).sum()


class Films(Alone):
    """The training of a model of clips.

    Args:
        config: The run.
        clips: To train on: from 0 to 1, or latents of unit size.
        decode: Latents to pictures; pixels are trained on if None.
        process: Which of several processes this is: each draws clips of its own.
    """

    def __init__(
        self, config: VideoRun, clips: Pictures, decode: Network | None = None, process: int = 0
    ) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, clips, process
        self.decode = decode
        torch.manual_seed(config.schedule.seed)
        self.module = Clips(clip_denoiser(config.model)).to(clips.device)
        times = LogitNormal(-0.4 if config.latent else -0.8)
        self.objective = Objective(PATHS[_PATH], config.target, times, config.weight)

    @property
    def recipe(self) -> Recipe:
        """How to draw with what is trained."""
        settings = {
            **vars(DenoisingSettings(_PATH, self.config.target, "heun", self.config.steps)),
            "known": self.config.known,
        }
        return Recipe("video", tuple(self.pictures.held_out.x.shape[1:]), (), settings)

    def loss(self, step: int) -> Tensor:
        """Return the error on one batch with fresh noise."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        x = self._scaled(self.pictures.batch(self.schedule.batch, generator).x)
        known = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        goes_on = torch.rand(len(x), generator=generator, device=x.device) < _GOING_ON
        known[:, : self.config.known] = goes_on[:, None]
        found = clip_loss(self.module, x, known, self.objective, generator)
        return self._beside(found, (~known).sum(), generator) if self.config.stills else found

    # Ho et al. 2022 (Video Diffusion Models), arXiv:2204.03458, section 3: frames of random other clips
    # count as much as those of the clip, and nothing mixes them over time. There attention over time is
    # masked; here layers over time are left out for them.
    def _beside(self, found: Tensor, counted: Tensor, generator: torch.Generator) -> Tensor:
        """Return the error on clips and single frames together.

        Args:
            found: That on clips.
            counted: Over so many frames.
            generator: Draws the others.
        """
        others = self.pictures.batch(self.schedule.batch * self.config.stills, generator).x
        which = torch.randint(others.shape[1], (len(others),), generator=generator, device=others.device)
        frames = self._scaled(others[torch.arange(len(others), device=others.device), which])
        apart = denoising_loss(self.module.network.pictures, frames, self.objective, generator)
        return (counted * found + len(frames) * apart) / (counted + len(frames))

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return the error of held-out clips from noise, and of those that are gone on with."""
        x, found = self._scaled(self.pictures.held_out.x[:_MEASURED]), {}
        for name, frames in (("from noise", 0), ("gone on with", self.config.known)):
            known = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
            known[:, :frames] = True
            objective = replace(self.objective, weight="x")
            generator = drawing(self.pictures.device, 0, 1)
            found[f"held-out error {name}"] = float(clip_loss(module, x, known, objective, generator))
        return found

    def show(self, module: nn.Module) -> Pixels:
        """Return clips of the same noise each time, one in each row."""
        pipeline = Filming(self.recipe, as_network(module.eval()), self.decode)
        clips = list(pipeline.sample(Request(_SHOWN, steps=min(_STEPS, self.config.steps))))
        return np.concatenate([np.concatenate(list(clip), axis=1) for clip in clips])

    def _scaled(self, x: Tensor) -> Tensor:
        return x if self.config.latent else 2.0 * x - 1.0


class Clips(nn.Module):
    """A network of clips whose third argument is what is known: clips are trained without classes.

    Args:
        network: Of clips.
    """

    def __init__(self, network: ClipDenoiser) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor, t: Tensor, known: Tensor) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, T, C, H, W) clips.
            t: (B,) times in [0, 1].
            known: (B, T) which frames are given without noise.
        """
        found: Tensor = self.network(z, t, None, known)
        return found


def prepare(run: VideoRun, corpus: Corpus, machine: Machine) -> Films:
    """Return the training of a run, which begins with a model of pictures if there is one.

    Raises:
        UsageError: It needs a codec, or the model it is to begin with is of another kind.
    """
    if not run.latent:
        clips = Pictures(corpus.pixels, None, machine.device, origins=corpus.origins)
        task = Films(run, clips, None, machine.number)
    else:
        latents = corpus.latents()
        run = replace(run, model=replace(run.model, channels=latents.shape[2]))
        clips = Pictures(latents, None, machine.device, mirrored=False, origins=corpus.origins)
        task = Films(run, clips, corpus.network(DECODER), machine.number)
    if corpus.begin is not None:
        _check_begin(run, corpus, corpus.begin)
        weights = {name: value.float() for name, value in load(corpus.begin.read(WEIGHTS)).items()}
        try:
            task.module.network.pictures.load_state_dict(weights)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise UsageError(f"clips cannot begin with the model {corpus.begin.folder}: {reason}") from None
    return task


def _check_begin(run: VideoRun, corpus: Corpus, begin: Bundle) -> None:
    """Refuse a model of pictures that says something else of them: clips would not begin as its pictures."""
    known = run_of(begin)
    if differing := _differing(known.model, run.model):
        raise UsageError(
            f"clips cannot begin with the model {begin.folder}: its network {differing}",
            expected=run.model,
            actual=known.model,
        )
    if (known.path, known.target) != (_PATH, run.target):
        raise UsageError(
            f"clips cannot begin with the model {begin.folder}: it predicts {known.target} "
            f"along the path {known.path!r}",
            expected=f"{run.target} along the path {_PATH!r}",
            actual=f"{known.target} along the path {known.path!r}",
        )
    wanted = corpus.of_codec().card["files"].get(DECODER) if run.latent else None
    if begin.card["files"].get(DECODER) != wanted:
        raise UsageError(f"clips cannot begin with the model {begin.folder}: it has another codec")


def _differing(known: TransformerConfig | UNetConfig, wanted: TransformerConfig | UNetConfig) -> str:
    """Return in what two networks differ, in words; what is left out in training alone is no difference."""
    if type(known) is not type(wanted):
        return f"is a {_kind(known)}, not a {_kind(wanted)}"
    pairs = [(each.name, getattr(known, each.name), getattr(wanted, each.name)) for each in fields(wanted)]
    named = [f"{name} {a}, not {b}" for name, a, b in pairs if a != b and name != "dropout"]
    return f"has {', '.join(named)}" if named else ""


def _kind(config: TransformerConfig | UNetConfig) -> str:
    return "U-Net" if isinstance(config, UNetConfig) else "transformer"


def finish(task: Films, module: nn.Module, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the model with the decoder of its codec, and return its metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    shape = task.recipe.shape
    known = torch.zeros(2, shape[0], dtype=torch.bool)
    known[0, : task.config.known] = True
    others = {DECODER: corpus.of_codec().read(DECODER)} if task.config.latent else {}
    module = module.cpu()
    inputs = [torch.randn(2, *shape), torch.tensor([0.3, 0.8]), known]
    networks = {DENOISER: Exported(module, inputs)}
    return write_model(folder, networks, module, task.recipe, measured, others)
