"""How denoisers are trained: runs by name, of diffusion and of flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from forensics.generators.networks.text import EncoderConfig, TextConfig
from forensics.generators.networks.transformer import TransformerConfig
from forensics.generators.networks.unet import UNetConfig
from forensics.generators.objectives import (
    Ladder,
    Level,
    LogitNormal,
    Objective,
    Times,
    Uniform,
    Weight,
)
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Target
from forensics.generators.train.lessons import Lesson
from forensics.training.schedule import Schedule

__all__ = ["DIFFUSION", "FLOW", "DenoiserRun", "objective_of"]


@dataclass(frozen=True)
class DenoiserRun:
    """How a denoiser is trained.

    Attributes:
        model: Of the network.
        schedule: Of the run.
        side: Of the pictures trained on, in pixels.
        path: From noise to pictures, of `paths.PATHS`.
        target: What the network predicts.
        weight: In which terms errors count.
        middle: Mean of the logit of times; evenly drawn ones if None.
        pairing: Noise is paired with the pictures nearest to it (OT flow matching).
        latent: It works in the latents of a codec.
        sampler: That suits it.
        steps: Of the sampler.
        text: Of the encoder of captions; none is trained if None.
        learned: The network also says which variance the steps of the sampler are to have.
        lesson: What is learned from a trained denoiser, the teacher, or of oneself; to denoise if None.
        encoder: Of captions, in place of one that is trained, if that is one from elsewhere.
        data: Root of the mean square of what is trained on, by which what the network is given and says is
            scaled; as it is if 0.
        least: Noise, in terms of the picture, in what is taken to be clean; only of what is scaled.
        noise: Mean and deviation of the logarithm of the noise, in place of times.
        ladder: Least and most noise, of which the logarithm is drawn evenly, in place of times.
    """

    model: TransformerConfig | UNetConfig = field(default_factory=TransformerConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=6000, batch=64, rate=1e-3, every=500, width=0.1, decay=0.0)
    )
    side: int = 64
    path: str = "linear"
    target: Target = "x"
    weight: Weight = "velocity"
    middle: float | None = -0.4
    pairing: bool = False
    latent: bool = True
    sampler: str = "heun"
    steps: int = 24
    text: TextConfig | None = None
    learned: bool = False
    lesson: Lesson | None = None
    encoder: EncoderConfig | None = None
    data: float = 0.0
    least: float = 0.0
    noise: tuple[float, float] | None = None
    ladder: tuple[float, float] | None = None


def objective_of(run: DenoiserRun) -> Objective:
    """Return what a denoiser is trained for."""
    path = PATHS[run.path]
    times: Times = Uniform() if run.middle is None else LogitNormal(run.middle)
    if run.noise is not None:
        times = Level(path, *run.noise)
    if run.ladder is not None:
        times = Ladder(path, *run.ladder)
    return Objective(path, run.target, times, run.weight, run.data or 1.0)


_LATENT = TransformerConfig(channels=8, patch=2, width=192, depth=6)
_PIXELS = TransformerConfig(channels=3, patch=8, width=192, depth=6)
_SMOKE = DenoiserRun(
    TransformerConfig(channels=3, patch=4, width=32, depth=2, heads=2),
    Schedule(steps=20, batch=8, rate=2e-3, warm_up=2, every=10, width=0.1),
    side=16,
    latent=False,
)
_GPU = Schedule(steps=60_000, batch=256, rate=1e-3, warm_up=1000, every=4000, width=0.05, decay=0.0)
_SHORT = Schedule(steps=3000, batch=64, rate=3e-4, every=500, width=0.1, decay=0.0)
_DISTILLED = DenoiserRun(
    schedule=_SHORT, sampler="consistency", steps=2, lesson=Lesson("consistency", steps=18)
)
_HALVED = DenoiserRun(schedule=_SHORT, sampler="ddim", steps=16, lesson=Lesson("halved", steps=16))
_GUIDED = DenoiserRun(schedule=_SHORT, lesson=Lesson("guided", steps=0, guidance=2.0))
FLOW: Mapping[str, DenoiserRun] = {
    "smoke": _SMOKE,
    "latent": DenoiserRun(_LATENT),
    "pixels": DenoiserRun(_PIXELS, latent=False, middle=-0.8),
    "matched": DenoiserRun(_LATENT, target="v", weight="target", middle=None, pairing=True),
    "photos": DenoiserRun(
        UNetConfig(channels=12, width=56, multiples=(1, 2), attention=1),
        Schedule(steps=8000, batch=32, rate=1e-3, every=500, width=0.1, decay=0.0),
    ),
    "unet": DenoiserRun(UNetConfig(width=32), side=32, latent=False, middle=-0.8),
    "reflow": DenoiserRun(
        schedule=_SHORT, sampler="euler", steps=4, lesson=Lesson("reflow", steps=24, pairs=4000)
    ),
    "distilled": _DISTILLED,
    "halved": _HALVED,
    "guided": _GUIDED,
    "gpu": DenoiserRun(replace(_LATENT, width=256, depth=8, dropout=0.1), _GPU),
}
_DDPM = DenoiserRun(
    _LATENT, path="cosine", target="noise", weight="target", middle=None, sampler="ddim", steps=50
)
DIFFUSION: Mapping[str, DenoiserRun] = {
    "smoke": replace(_SMOKE, path="cosine", target="noise", weight="target", sampler="ddim"),
    "latent": replace(_DDPM, target="v", sampler="dpmpp_2m", steps=20),
    "ddpm": replace(_DDPM, sampler="ancestral"),
    "pixels": replace(_DDPM, model=_PIXELS, latent=False, target="x", weight="min_snr"),
    "zero_snr": replace(_DDPM, path="vp_zero", target="v"),
    "unet": replace(_DDPM, model=UNetConfig(width=32), latent=False, side=32),
    "learned-times": replace(_DDPM, model=UNetConfig(width=32, moments=1000), latent=False, side=32),
    "learned-variance": replace(
        _DDPM, model=UNetConfig(width=32), latent=False, side=32, learned=True, sampler="ancestral"
    ),
    "edm": DenoiserRun(
        UNetConfig(width=32), side=32, path="ve", weight="edm", middle=None, latent=False, sampler="edm",
        steps=18, data=0.5, noise=(-1.2, 1.2),
    ),
    "ncsn": DenoiserRun(
        UNetConfig(width=32), side=32, path="ve", weight="noise", middle=None, latent=False,
        sampler="langevin", steps=60, data=0.5, ladder=(0.01, 50.0),
    ),
    "consistency": DenoiserRun(
        UNetConfig(width=32), side=32, path="ve", middle=None, latent=False, sampler="consistency", steps=2,
        lesson=Lesson("standalone", steps=160), data=0.5, least=0.002,
    ),
    "distilled": _DISTILLED,
    "halved": _HALVED,
    "guided": _GUIDED,
    "gpu": replace(_DDPM, model=UNetConfig(width=64, multiples=(1, 2, 2, 2)), latent=False, schedule=_GPU),
}  # fmt: skip
