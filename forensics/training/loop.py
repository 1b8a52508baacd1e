"""The loop that every training shares: turns, averaged weights, checkpoints, a log."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from forensics.errors import ModelError, UsageError
from forensics.training.averages import Averaged, PowerAverage
from forensics.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from forensics.training.log import LOG, log_row
from forensics.training.machine import Machine
from forensics.training.stopping import Stopping
from forensics.training.task import Alone, Observer, Silent, Task

__all__ = ["CHECKPOINT", "LOG", "fit"]

CHECKPOINT = "checkpoint.safetensors"
_SAVED_EVERY = 120.0  # seconds, at least, beside those of measurements
_LOOKED_AT = 25  # steps after which it is seen whether the loss is still finite
M = TypeVar("M", bound=nn.Module)


def fit(
    task: Task[M],
    folder: Path,
    observer: Observer | None = None,
    machine: Machine | None = None,
    data: str = "",
) -> M:
    """Train, going on from the checkpoint in the folder if there is one.

    Interrupted (Ctrl-C, SIGTERM), it finishes its step and keeps it; killed, it loses two minutes at most.

    Args:
        task: What to train.
        folder: Of the checkpoint and the log.
        observer: Who looks on.
        machine: What computes; the CPU if None.
        data: Digest of what is trained on (`digest_of`).

    Returns:
        The module with averaged weights.

    Raises:
        ModelError: The loss is no number any more.
        UsageError: The checkpoint is from a run with other settings or on other data, or there is not enough
            memory.
        KeyboardInterrupt: The run was interrupted; given again, it goes on.
    """
    run = _Run(task, folder, observer or Silent(), machine or Machine("cpu"), data)
    with Stopping() as stopping, _enough_memory(task.schedule.batch):
        for _ in run.steps():
            if run.machine.most(stopping.asked):
                run.save()
                raise KeyboardInterrupt
    return run.mean.module  # type: ignore[return-value, unused-ignore]


class _Run(Generic[M]):
    """A run on its way."""

    def __init__(self, task: Task[M], folder: Path, observer: Observer, machine: Machine, data: str) -> None:
        self.task, self.folder, self.observer, self.machine = task, folder, observer, machine
        self.data = data
        schedule = task.schedule
        if schedule.accumulate > 1 and not isinstance(task, Alone):
            raise UsageError("players of a game take turns: gradients of several batches are of one alone")
        self.mean = PowerAverage(task.module, schedule.width) if schedule.width else Averaged(task.module)
        if isinstance(task, Alone):  # players of a game may be differentiated twice
            machine.hasten(task.module)
        self.optimizers = {
            name: torch.optim.AdamW(
                player.parameters(), lr=schedule.rate, betas=schedule.momentum, weight_decay=schedule.decay
            )
            for name, player in task.players().items()
        }
        self.progress = Progress(0, 0.0)
        self.losses: dict[str, Tensor] = {}
        self.sizes: dict[str, Tensor] = {}
        self.saved = time.monotonic()

    def steps(self) -> Iterator[int]:
        """Take the steps that are left, and yield the number of those done after each."""
        schedule = self.task.schedule
        self._load()
        self._tell()
        if self.progress.step and getattr(self.task, "early", False):
            self.task.measure(self.mean.module)
        while schedule.done(*self.progress) < 1.0 and not getattr(self.task, "over", False):
            start = time.monotonic()
            self.losses = self._step()
            taken = self.machine.most(time.monotonic() - start)
            self.progress = Progress(self.progress.step + 1, self.progress.seconds + taken)
            self._look()
            self._tell()
            yield self.progress.step

    def _step(self) -> dict[str, Tensor]:
        """Take one step and return the losses of its turns."""
        schedule, step = self.task.schedule, self.progress.step
        torch.manual_seed(_seed(schedule.seed, step, self.machine.number))  # of what modules draw: dropout
        done = schedule.done(*self.progress)
        turns, losses = self.task.turns(step * schedule.accumulate, done), {}
        while (turn := self.machine.next_of(turns)) is not None:
            optimizer = self.optimizers[turn.player]
            for group in optimizer.param_groups:
                group["lr"] = turn.rate * schedule.rate_at(step, self.progress.seconds)
            for other in self.optimizers.values():
                other.zero_grad(set_to_none=True)
            loss = self._back(turn.loss)
            for number in range(1, schedule.accumulate):
                loss = loss + self._further(step * schedule.accumulate + number, done)
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            self.machine.share(parameters)
            if schedule.clip_value:
                nn.utils.clip_grad_value_(parameters, schedule.clip_value)
            size = nn.utils.clip_grad_norm_(parameters, schedule.clip)
            if not schedule.skip or float(size) <= schedule.skip:
                optimizer.step()
            losses[turn.player], self.sizes[turn.player] = loss, size
        self.machine.align(self.task.module)
        self.mean.update(self.task.module, (step + 1) * schedule.seen, schedule.seen)
        return losses

    def _back(self, loss: Tensor) -> Tensor:
        """Add the gradients of a batch to those of its step, and return its part of the loss."""
        part = loss / self.task.schedule.accumulate
        self.machine.backward(part)
        return part.detach()

    def _further(self, number: int, done: float) -> Tensor:
        """Take another batch of the same step."""
        turn = self.machine.next_of(self.task.turns(number, done))
        if turn is None:
            raise RuntimeError("a task of one player has one turn in each step")
        return self._back(turn.loss)

    def _look(self) -> None:
        """Measure, and keep what was reached, when it is time to."""
        schedule, step = self.task.schedule, self.progress.step
        over = schedule.done(*self.progress) >= 1.0
        if step % _LOOKED_AT == 0:
            self._check()
        if step % schedule.every == 0 or over:
            self.save()
            self._measure()
        elif time.monotonic() - self.saved > _SAVED_EVERY:
            self.save()

    def _tell(self) -> None:
        self.observer.stepped(self.progress.step, self.task.schedule.done(*self.progress))

    def _check(self) -> None:
        values = {f"the loss of {player} is": [loss] for player, loss in self.losses.items()}
        values["a weight is"] = list(self.task.module.parameters())
        for name, found in values.items():
            if not all(bool(torch.isfinite(value).all()) for value in found):
                raise ModelError(
                    f"{name} no number any more at step {self.progress.step}; "
                    f"the last checkpoint is from before, a lower learning rate may help"
                )

    def _measure(self) -> None:
        module: Any = self.mean.module
        losses = self._of_players("loss", self.losses)
        sizes = self._of_players("gradient", self.sizes)
        record = {
            "step": float(self.progress.step),
            "images": float(self.progress.step * self.task.schedule.seen * self.machine.processes),
            "seconds": round(self.progress.seconds, 3),
            **{name: round(value, 5) for name, value in (losses | sizes).items()},
            **{name: round(value, 4) for name, value in self.task.measure(module).items()},
        }
        if self.machine.first:
            log_row(self.folder / LOG, record)
            self.observer.measured(record, self.task.show(module))

    def _of_players(self, what: str, values: dict[str, Tensor]) -> dict[str, float]:
        """Return a value of each player, from the first row on, also of those who have no turns yet."""
        return {
            what if len(self.optimizers) == 1 else f"{what} of {player}": float(values[player])
            if player in values
            else math.nan
            for player in self.optimizers
        }

    def save(self) -> None:
        """Keep what was reached, if it is sound."""
        self._check()
        self.saved = time.monotonic()
        if self.machine.first:
            save_checkpoint(
                self._place, self._modules, self.optimizers, self.progress, self._config, self.data
            )

    def _load(self) -> None:
        if self._place.exists():
            self.progress = load_checkpoint(
                self._place, self._modules, self.optimizers, self._config, self.data
            )

    @property
    def _place(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def _modules(self) -> dict[str, nn.Module]:
        return {"module": self.task.module, "average": self.mean.module}

    @property
    def _config(self) -> dict[str, Any]:
        return asdict(self.task.config)


def _seed(*numbers: int) -> int:
    """Return a seed for some numbers, and none of those that tasks make of the same."""
    (seed,) = np.random.SeedSequence((*numbers, 1)).generate_state(1, np.uint64)
    return int(seed >> np.uint64(1))


@contextmanager
def _enough_memory(batch: int) -> Iterator[None]:
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise UsageError(
            f"there is not enough memory for {batch} pictures in a step",
            expected="a smaller --batch, with --accumulate for as many pictures in a step",
            actual=batch,
        ) from error
