"""The loop that every training shares: steps, averaged weights, checkpoints, a log."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from forensics.training.checkpoint import load_checkpoint, save_checkpoint
from forensics.training.run import Averaged, log_line

__all__ = ["CHECKPOINT", "LOG", "Schedule", "Task", "fit"]

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
M = TypeVar("M", bound=nn.Module)
M_co = TypeVar("M_co", bound=nn.Module, covariant=True)


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how it steps.

    Attributes:
        steps: Number of steps.
        batch: Pictures in a step.
        rate: Largest learning rate; it rises over the first steps and falls as a cosine to nothing.
        warm_up: Steps over which it rises.
        seed: Of everything that is drawn.
        every: Steps between checkpoints, each with a measurement.
    """

    steps: int
    batch: int
    rate: float
    warm_up: int = 100
    seed: int = 0
    every: int = 250

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        rising = min(1.0, (step + 1) / self.warm_up)
        return self.rate * rising * (1 + math.cos(math.pi * step / self.steps)) / 2


class Task(Protocol[M_co]):
    """What is trained, and by what.

    Attributes:
        config: A frozen dataclass; a run goes on only from a checkpoint with an equal one.
        schedule: Of the run.
        module: With all weights.
    """

    config: Any
    schedule: Schedule

    @property
    def module(self) -> M_co:
        """The module with all weights."""

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step; all that it draws depends on its number alone."""

    def measure(self, module: Any) -> dict[str, float]:
        """Return named measurements of a module on what is held out."""


def fit(task: Task[M], folder: Path, advance: Callable[[int], None] = lambda _: None) -> M:
    """Train, going on from the checkpoint in the folder if there is one.

    Args:
        task: What to train.
        folder: Of the checkpoint and the log.
        advance: Called with the number of steps done.

    Returns:
        The module with averaged weights.

    Raises:
        UsageError: The checkpoint is from a run with other settings.
    """
    schedule, module, config = task.schedule, task.module, asdict(task.config)
    average = copy.deepcopy(module)
    mean = Averaged(average)
    optimizer = torch.optim.AdamW(module.parameters(), lr=schedule.rate, weight_decay=1e-4)
    modules: dict[str, nn.Module] = {"module": module, "average": average}
    place = folder / CHECKPOINT
    done = load_checkpoint(place, modules, optimizer, config) if place.exists() else 0
    advance(done)
    for step in range(done, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        loss = task.loss(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        mean.update(module, step)
        if (step + 1) % schedule.every == 0 or step + 1 == schedule.steps:
            save_checkpoint(place, modules, optimizer, step + 1, config)
            measured = {name: round(value, 4) for name, value in task.measure(average).items()}
            log_line(folder / LOG, {"step": step + 1, "loss": round(float(loss.detach()), 5), **measured})
        advance(step + 1)
    return average
