"""What a training is: modules, and whose weights which loss changes in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from forensics.training.schedule import Schedule

__all__ = ["Alone", "Observer", "Silent", "Task", "Turn"]

Pixels = npt.NDArray[np.uint8]
M = TypeVar("M", bound=nn.Module)
M_co = TypeVar("M_co", bound=nn.Module, covariant=True)


class Turn(NamedTuple):
    """One update.

    Attributes:
        player: Whose weights are changed.
        loss: What is to fall.
        rate: Times the learning rate of the schedule.
    """

    player: str
    loss: Tensor
    rate: float = 1.0


class Task(Protocol[M_co]):
    """What is trained, and by what.

    Attributes:
        config: A frozen dataclass; a run goes on only from a checkpoint with an equal one.
        schedule: Of the run.
    """

    config: Any
    schedule: Schedule

    @property
    def module(self) -> M_co:
        """The module with all weights."""

    def players(self) -> Mapping[str, nn.Module]:
        """Return the parts of the module that have turns, by name."""

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the updates of a step, each after the one before was made.

        All that is drawn depends on the number of the step alone.

        Args:
            step: Its number.
            done: Share of the run that is done, by steps or by time.
        """

    def measure(self, module: Any) -> dict[str, float]:
        """Return named measurements of a module on what is held out."""

    def show(self, module: Any) -> Pixels | None:
        """Return a picture, (H, W, 3) uint8, of what a module does by now; None for none."""


class Alone(ABC):
    """A task of one player: a subclass has a module and gives its loss.

    Attributes:
        over: Set by `measure` where nothing is left to be reached: the run ends.
        early: It may be, so that a run that goes on is measured before its first step.
    """

    module: nn.Module
    over: bool = False
    early: bool = False

    def players(self) -> Mapping[str, nn.Module]:
        """Return the module."""
        return {"module": self.module}

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the one update of a step."""
        yield Turn("module", self.loss(step))

    @abstractmethod
    def loss(self, step: int) -> Tensor:
        """Return the loss of a step; all that it draws depends on its number alone."""

    def show(self, module: Any) -> Pixels | None:
        """Return nothing to see."""
        return None


class Observer(Protocol):
    """Who looks on while something is trained."""

    def stepped(self, step: int, done: float) -> None:
        """Hear how many steps are done, and which share of the run."""

    def measured(self, record: Mapping[str, float], picture: Pixels | None) -> None:
        """Hear what was measured, and see what the module does by now."""


class Silent:
    """An observer who does nothing."""

    def stepped(self, step: int, done: float) -> None:
        """Do nothing."""

    def measured(self, record: Mapping[str, float], picture: Pixels | None) -> None:
        """Do nothing."""
