"""Training of normalizing flows: pictures become likely, in bits for each value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.flows.continuous import ContinuousFlow, ContinuousFlowConfig
from forensics.generators.flows.layers import ActNorm, InvertibleConvolution
from forensics.generators.flows.masked import MaskedFlow, MaskedFlowConfig, MaskedLayer
from forensics.generators.flows.model import Flow, FlowConfig, bits_per_dimension
from forensics.generators.flows.tarflow import AutoregressiveLayer, TarFlow, TarFlowConfig
from forensics.generators.flows.transforms import Mixture
from forensics.generators.pipelines.opening import INVERSE, LAYER, LIKELIHOOD
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Pictures, drawing, grid
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = [
    "PRESETS",
    "Likelihood",
    "NfRun",
    "centred_bits",
    "finish",
    "flow_of",
    "noisy_bits",
    "pictures_of",
    "prepare",
]

Pixels = npt.NDArray[np.uint8]
AnyConfig: TypeAlias = FlowConfig | TarFlowConfig | MaskedFlowConfig | ContinuousFlowConfig
AnyFlow: TypeAlias = Flow | TarFlow | MaskedFlow | ContinuousFlow
_MEASURED, _SHOWN = 64, 16
_COLD = 0.8  # temperature of what is shown


@dataclass(frozen=True)
class NfRun:
    """How a normalizing flow is trained.

    Attributes:
        model: Couplings (NICE, RealNVP, Glow), a transformer flow, a masked one, or a continuous one.
        schedule: Of the run.
    """

    model: AnyConfig = field(default_factory=FlowConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            steps=4000, batch=32, rate=1e-3, warm_up=200, every=400, width=0.1, decay=0.0
        )
    )

    @property
    def side(self) -> int:
        """Of the pictures trained on."""
        return self.model.side


_EIGHT = Schedule(steps=4000, batch=32, rate=1e-3, warm_up=200, every=400, width=0.1, decay=0.0)
_SPLINE = FlowConfig(side=16, levels=2, steps=4, width=64, coupling="spline")
_TAR = TarFlowConfig(side=32, patch=4, width=128, layers=4, depth=2, heads=4)
PRESETS: Mapping[str, NfRun] = {
    "smoke": NfRun(
        FlowConfig(side=16, levels=2, steps=2, width=16),
        Schedule(steps=20, batch=8, rate=1e-3, warm_up=5, every=10, width=0.1, decay=0.0),
    ),
    "glow": NfRun(),
    "realnvp": NfRun(FlowConfig(kind="realnvp")),
    "nice": NfRun(FlowConfig(kind="nice", side=16, levels=1, steps=8)),
    "spline": NfRun(_SPLINE),
    "flowpp": NfRun(replace(_SPLINE, coupling="mixture", heads=4, learned_noise=True)),
    "maf": NfRun(MaskedFlowConfig(), _EIGHT),
    "naf": NfRun(MaskedFlowConfig(bend="mixture", layers=2), _EIGHT),
    "ffjord": NfRun(ContinuousFlowConfig(), _EIGHT),
    "tarflow": NfRun(_TAR),
    "gpu": NfRun(
        TarFlowConfig(side=64, patch=4, width=256, layers=6, depth=4, heads=4),
        Schedule(steps=60_000, batch=128, rate=5e-4, warm_up=1000, every=4000, width=0.05, decay=0.0),
    ),
}


# Pictures from -1/2 to 1/2 for the flow: the density is that of pictures from 0 to 1. Twice as wide where
# they are bent patch by patch or value by value: the first is left as it is.
def centred_bits(flow: AnyFlow, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return (B,) bits for each value of pictures.

    Args:
        flow: The flow.
        x: (B, 3, S, S), 0 to 1, with noise inside each grey level.
        generator: Draws what the bits of a continuous flow are estimated by; they are exact if None.
    """
    values = x[0].numel()
    if isinstance(flow, TarFlow | MaskedFlow):
        log_prob = flow.log_prob(2.0 * x - 1.0) + values * math.log(2.0)
    elif isinstance(flow, ContinuousFlow):
        log_prob = flow.log_prob(x - 0.5, generator)
    else:
        log_prob = flow.log_prob(x - 0.5)
    return bits_per_dimension(log_prob, values)


# Ho et al. 2019 (Flow++), arXiv:1902.00275, eq. 11: with learned noise, its own density is taken off.
def noisy_bits(flow: AnyFlow, x: Tensor, generator: torch.Generator) -> Tensor:
    """Return (B,) bits for each value of pictures, at most, with fresh noise inside each grey level.

    Args:
        flow: The flow.
        x: (B, 3, S, S), 0 to 1, in steps of 1 / 255.
        generator: Draws the noise.
    """
    if not isinstance(flow, Flow) or flow.dequantizer is None:
        return centred_bits(flow, _between(x, generator), generator)
    normal = torch.randn(x.shape, generator=generator, device=x.device)
    noise, log_density = flow.dequantizer(x, normal)
    inside = ((255.0 * x).round() + noise) / 256.0
    return centred_bits(flow, inside) + log_density / (x[0].numel() * math.log(2))


# In training, level k of 256 lies from k / 256 to (k + 1) / 256; what is drawn there is to be rounded to
# k / 255.
def pictures_of(flow: AnyFlow, noise: Tensor) -> Tensor:
    """Return (B, 3, S, S) pictures, mostly from 0 to 1, for noise as the flow gives it."""
    found: Tensor = flow.inverse(noise)
    x = (found + 1.0) / 2.0 if isinstance(flow, TarFlow | MaskedFlow) else found + 0.5
    return (256.0 * x - 0.5) / 255.0


def flow_of(config: AnyConfig, generator: torch.Generator) -> AnyFlow:
    """Return an untrained flow.

    Args:
        config: How it is made.
        generator: Draws the first rotations.
    """
    match config:
        case TarFlowConfig():
            return TarFlow(config)
        case MaskedFlowConfig():
            return MaskedFlow(config)
        case ContinuousFlowConfig():
            return ContinuousFlow(config)
    return Flow(config, generator)


class Likelihood(Alone):
    """The training of a normalizing flow.

    Args:
        config: The run.
        pictures: To train on.
        process: Which of several processes this is: each draws pictures of its own.
    """

    def __init__(self, config: NfRun, pictures: Pictures, process: int = 0) -> None:
        self.config, self.schedule, self.pictures, self.process = config, config.schedule, pictures, process
        torch.manual_seed(config.schedule.seed)
        generator = torch.Generator().manual_seed(config.schedule.seed)
        self.module: AnyFlow = flow_of(config.model, generator).to(pictures.device)
        self._begin()

    def loss(self, step: int) -> Tensor:
        """Return the mean bits for each value of one batch, with fresh noise inside each grey level."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        x = self.pictures.batch(self.schedule.batch, generator).x
        return noisy_bits(self.module, x, generator).mean()

    @torch.no_grad()
    def measure(self, module: AnyFlow) -> dict[str, float]:
        """Return bits for each value of pictures that are held out."""
        x = self.pictures.held_out.x[:_MEASURED]
        bits = noisy_bits(module, x, drawing(self.pictures.device, 0, 0, 1 << 20))
        return {"bits for each value held out": float(bits.mean())}

    @torch.no_grad()
    def show(self, module: nn.Module) -> Pixels:
        """Return pictures of the same noise each time, a little cooled."""
        generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 21)
        shape = self.pictures.held_out.x.shape[1:]
        if isinstance(module, Flow | MaskedFlow):
            shape = torch.Size([shape.numel()])
        noise = torch.randn(_SHOWN, *shape, generator=generator, device=self.pictures.device)
        return grid(pictures_of(module, _COLD * noise))  # type: ignore[arg-type, unused-ignore]

    @torch.no_grad()
    def _begin(self) -> None:
        """Let the layers that scale by what they see first see pictures (Kingma & Dhariwal 2018, 3.1)."""
        if any(isinstance(layer, ActNorm) for layer in self.module.modules()):
            generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 22)
            x = self.pictures.batch(max(32, self.schedule.batch), generator).x
            self.module(_between(x, generator) - 0.5)


def _between(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures from 0 to 1 with noise inside each of 256 grey levels (Theis et al. 2015)."""
    levels = (255.0 * x).round()
    noise = torch.rand(x.shape, generator=generator, device=x.device)
    return (levels + noise) / 256.0


def prepare(run: NfRun, corpus: Corpus, machine: Machine) -> Likelihood:
    """Return the training of a run.

    Raises:
        UsageError: There are classes, which no flow learns.
    """
    if corpus.names:
        raise UsageError("normalizing flows learn no classes: leave them out", actual=corpus.names)
    pictures = Pictures(corpus.pixels, None, machine.device, origins=corpus.origins)
    return Likelihood(run, pictures, machine.number)


def finish(task: Likelihood, module: AnyFlow, folder: Path, card: Card, corpus: Corpus) -> dict[str, float]:
    """Write the way from noise to pictures, and what is likely where that is one step; return the metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    flow = module.cpu()
    if isinstance(flow, TarFlow):
        rows, patch = flow.config.rows, flow.config.patch
        recipe = Recipe("tarflow", (rows**2, 3 * patch**2), settings={"patch": patch, "rows": rows})
        said: list[nn.Module] = [_Said(layer) for layer in flow.layers]  # type: ignore[arg-type, unused-ignore]
        return _write_layers(folder, flow, said, recipe, measured)
    if isinstance(flow, MaskedFlow):
        settings = {"patch": 1, "rows": flow.config.side, "bend": flow.config.bend}
        recipe = Recipe("tarflow", (flow.config.values, 1), settings=settings)
        said = [_Bends(layer) for layer in flow.layers]  # type: ignore[arg-type, unused-ignore]
        return _write_layers(folder, flow, said, recipe, measured)
    for layer in flow.modules():
        if isinstance(layer, InvertibleConvolution):
            layer.fix()
    side = task.config.side
    shape = (3 * side**2,) if isinstance(flow, Flow) else (3, side, side)
    networks = {INVERSE: Exported(_Inverse(flow), [0.5 * torch.randn(2, *shape)])}
    if isinstance(flow, Flow):  # that of a continuous one takes derivatives, which no ONNX file has
        networks[LIKELIHOOD] = Exported(_Bits(flow), [torch.rand(2, 3, side, side)])
    return write_model(folder, networks, flow, Recipe("nf", shape), measured)


def _write_layers(
    folder: Path, flow: nn.Module, said: list[nn.Module], recipe: Recipe, card: Card
) -> dict[str, float]:
    example = [torch.randn(2, *recipe.shape)]
    networks = {LAYER.format(i): Exported(each, example) for i, each in enumerate(said)}
    return write_model(folder, networks, flow, recipe, card)


class _Inverse(nn.Module):
    def __init__(self, flow: AnyFlow) -> None:
        super().__init__()
        self.flow = flow

    def forward(self, noise: Tensor) -> Tensor:
        return pictures_of(self.flow, noise)


class _Bits(_Inverse):
    def forward(self, x: Tensor) -> Tensor:
        return centred_bits(self.flow, x)


class _Said(nn.Module):
    def __init__(self, layer: AutoregressiveLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(self.layer.said(x), dim=2)


class _Bends(nn.Module):
    """What bends each value: of an affine layer as shift and logarithm of the scale of the way back."""

    def __init__(self, layer: MaskedLayer) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        by = self.layer.said(x[..., 0])
        if isinstance(self.layer.transform, Mixture):
            return self.layer.transform.plain(by.movedim(2, 0)).movedim(0, 2)
        at_zero, log_slope = self.layer.transform.forward(0.0 * by[..., 0], by.movedim(2, 0))
        return torch.stack([-at_zero * (-log_slope).exp(), -log_slope], dim=2)
