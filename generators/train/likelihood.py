"""Training of normalizing flows: pictures become likely, in bits for each value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.generators.flows.layers import ActNorm, InvertibleConvolution
from forensics.generators.flows.model import Flow, FlowConfig, bits_per_dimension
from forensics.generators.flows.tarflow import AutoregressiveLayer, TarFlow, TarFlowConfig
from forensics.generators.pipelines.opening import INVERSE, LAYER, LIKELIHOOD
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.train.bundle import Exported, write_model
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.pictures import Pictures, drawing, grid
from forensics.training.card import Card
from forensics.training.machine import Machine
from forensics.training.schedule import Schedule
from forensics.training.task import Alone

__all__ = ["PRESETS", "Likelihood", "NfRun", "centred_bits", "finish", "pictures_of", "prepare"]

Pixels = npt.NDArray[np.uint8]
_MEASURED, _SHOWN = 64, 16
_COLD = 0.8  # temperature of what is shown


@dataclass(frozen=True)
class NfRun:
    """How a normalizing flow is trained.

    Attributes:
        model: RealNVP and Glow, or a transformer flow.
        schedule: Of the run.
    """

    model: FlowConfig | TarFlowConfig = field(default_factory=FlowConfig)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            steps=4000, batch=32, rate=1e-3, warm_up=200, every=400, width=0.1, decay=0.0
        )
    )

    @property
    def side(self) -> int:
        """Of the pictures trained on."""
        return self.model.side


_TAR = TarFlowConfig(side=32, patch=4, width=128, layers=4, depth=2, heads=4)
PRESETS: Mapping[str, NfRun] = {
    "smoke": NfRun(
        FlowConfig(side=16, levels=2, steps=2, width=16),
        Schedule(steps=20, batch=8, rate=1e-3, warm_up=5, every=10, width=0.1, decay=0.0),
    ),
    "glow": NfRun(),
    "realnvp": NfRun(FlowConfig(kind="realnvp")),
    "tarflow": NfRun(_TAR),
    "gpu": NfRun(
        TarFlowConfig(side=64, patch=4, width=256, layers=6, depth=4, heads=4),
        Schedule(steps=60_000, batch=128, rate=5e-4, warm_up=1000, every=4000, width=0.05, decay=0.0),
    ),
}


# Pictures from -1/2 to 1/2 for the flow: the density is that of pictures from 0 to 1. Twice as wide for the
# transformer flow, whose first patch is left as it is.
def centred_bits(flow: Flow | TarFlow, x: Tensor) -> Tensor:
    """Return (B,) bits for each value of pictures.

    Args:
        flow: The flow.
        x: (B, 3, S, S), 0 to 1, with noise inside each grey level.
    """
    values = x[0].numel()
    if isinstance(flow, TarFlow):
        log_prob = flow.log_prob(2.0 * x - 1.0) + values * math.log(2.0)
    else:
        log_prob = flow.log_prob(x - 0.5)
    return bits_per_dimension(log_prob, values)


def pictures_of(flow: Flow | TarFlow, noise: Tensor) -> Tensor:
    """Return (B, 3, S, S) pictures, mostly from 0 to 1, for noise as the flow gives it."""
    found: Tensor = flow.inverse(noise)
    return (found + 1.0) / 2.0 if isinstance(flow, TarFlow) else found + 0.5


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
        model = config.model
        flow = TarFlow(model) if isinstance(model, TarFlowConfig) else Flow(model, generator)
        self.module: Flow | TarFlow = flow.to(pictures.device)
        self._begin()

    def loss(self, step: int) -> Tensor:
        """Return the mean bits for each value of one batch, with fresh noise inside each grey level."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        x = self.pictures.batch(self.schedule.batch, generator).x
        return centred_bits(self.module, _between(x, generator)).mean()

    @torch.no_grad()
    def measure(self, module: Flow | TarFlow) -> dict[str, float]:
        """Return bits for each value of pictures that are held out."""
        x = self.pictures.held_out.x[:_MEASURED]
        x = _between(x, drawing(self.pictures.device, 0, 0, 1 << 20))
        return {"bits for each value held out": float(centred_bits(module, x).mean())}

    @torch.no_grad()
    def show(self, module: nn.Module) -> Pixels:
        """Return pictures of the same noise each time, a little cooled."""
        generator = drawing(self.pictures.device, self.schedule.seed, 0, 1 << 21)
        z, _ = module(self.pictures.held_out.x[:1] - 0.5)
        noise = torch.randn(_SHOWN, *z.shape[1:], generator=generator, device=z.device)
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
    """Return the training of a run."""
    return Likelihood(run, Pictures(corpus.pixels, None, machine.device), machine.number)


def finish(
    task: Likelihood, module: Flow | TarFlow, folder: Path, card: Card, corpus: Corpus
) -> dict[str, float]:
    """Write the way from noise to pictures and what is likely, and return the metrics.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    measured = replace(card, metrics=task.measure(module.eval()))
    flow, config = module.cpu(), task.config.model
    if isinstance(flow, TarFlow) and isinstance(config, TarFlowConfig):
        shape = (config.rows**2, 3 * config.patch**2)
        said = {
            LAYER.format(i): Exported(_Said(layer), [torch.randn(2, *shape)])
            for i, layer in enumerate(flow.layers)
        }
        recipe = Recipe("tarflow", shape, settings={"patch": config.patch, "rows": config.rows})
        return write_model(folder, said, flow, recipe, measured)
    for layer in flow.modules():
        if isinstance(layer, InvertibleConvolution):
            layer.fix()
    values = 3 * config.side**2
    networks = {
        INVERSE: Exported(_Inverse(flow), [0.5 * torch.randn(2, values)]),
        LIKELIHOOD: Exported(_Bits(flow), [torch.rand(2, 3, config.side, config.side)]),
    }
    return write_model(folder, networks, flow, Recipe("nf", (values,)), measured)


class _Inverse(nn.Module):
    def __init__(self, flow: Flow) -> None:
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
