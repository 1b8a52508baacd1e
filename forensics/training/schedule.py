"""How long a run is, how fast it learns, and over what its weights are averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how it steps. Its clock is the number of pictures seen.

    Attributes:
        steps: Number of steps.
        batch: Pictures in a step.
        rate: Largest learning rate; it rises over the first steps and falls as a cosine to nothing.
        warm_up: Steps over which it rises.
        seed: Of everything that is drawn.
        every: Steps between measurements, each with a checkpoint.
        seconds: The run is over after so long, even if there are steps left; no limit if 0.
        width: Of the average of weights, over the length of the run (`PowerAverage`); one of fixed length
            (`Averaged`) if 0.
        momentum: Share of the mean of gradients that a step of Adam keeps, and of the mean of their squares.
        decay: Of weights, for each unit of learning rate.
        clip: Largest norm of a gradient.
        skip: Norm beyond which a gradient is not followed at all (Child 2020, arXiv:2011.10650, section 3.2);
            every one is if 0.
    """

    steps: int
    batch: int
    rate: float
    warm_up: int = 100
    seed: int = 0
    every: int = 250
    seconds: float = 0.0
    width: float = 0.0
    momentum: tuple[float, float] = (0.9, 0.999)
    decay: float = 1e-4
    clip: float = 1.0
    skip: float = 0.0

    @property
    def images(self) -> int:
        """Pictures seen when all steps are done."""
        return self.steps * self.batch

    def rate_at(self, step: int, seconds: float = 0.0) -> float:
        """Return the learning rate of a step.

        Args:
            step: Its number.
            seconds: That the run took so far.
        """
        rising = min(1.0, (step + 1) / self.warm_up)
        return self.rate * rising * (1 + math.cos(math.pi * self.done(step, seconds))) / 2

    def done(self, step: int, seconds: float = 0.0) -> float:
        """Return the share of the run that is done, by steps or by time, whichever is nearer to its end."""
        of_time = seconds / self.seconds if self.seconds else 0.0
        return min(1.0, max(step / self.steps, of_time))
