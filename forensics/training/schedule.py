"""How long a run is, how fast it learns, and over what its weights are averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

__all__ = ["Fall", "Scaling", "Schedule"]

Fall: TypeAlias = Literal["cosine", "constant", "stairs"]
Scaling: TypeAlias = Literal["constant", "linear", "root"]
_STAIRS = (0.5, 0.75)


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and how it steps. Its clock is the number of pictures seen.

    Attributes:
        steps: Number of steps.
        batch: Pictures that go through a network together.
        rate: Largest learning rate; it rises over the first steps, and then falls.
        warm_up: Steps over which it rises.
        seed: Of everything that is drawn.
        every: Steps between measurements, each with a checkpoint.
        seconds: The run is over after so long, even if there are steps left; no limit if 0.
        width: Of the average of weights, over the length of the run (`PowerAverage`); one of fixed length
            (`Averaged`) if 0.
        momentum: Share of the mean of gradients that a step of Adam keeps, and of the mean of their squares.
        decay: Of weights, for each unit of learning rate.
        clip: Largest norm of a gradient.
        clip_value: Largest magnitude of each of its values, which are cut before the norm; any if 0.
        skip: Norm beyond which a gradient is not followed at all (Child 2020, arXiv:2011.10650, section 3.2);
            every one is if 0.
        accumulate: Batches whose mean gradient makes one step: as one of so many times the pictures, in the
            memory of one. Of one player alone.
        fall: The rate falls as half a `cosine` to nothing (Loshchilov & Hutter 2016, arXiv:1608.03983), stays
            `constant`, or goes down to a tenth after half of the run and again after three quarters: `stairs`
            (He et al. 2015, arXiv:1512.03385, section 4.2).
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
    clip_value: float = 0.0
    accumulate: int = 1
    fall: Fall = "cosine"

    @property
    def seen(self) -> int:
        """Pictures seen in a step."""
        return self.batch * self.accumulate

    @property
    def images(self) -> int:
        """Pictures seen when all steps are done."""
        return self.steps * self.seen

    # Linear: Goyal et al. 2017, arXiv:1706.02677, section 2.1. Square root, of Adam: Malladi et al. 2022,
    # arXiv:2205.10287.
    def of_batches(self, batch: int, accumulate: int = 1, scaling: Scaling = "constant") -> Schedule:
        """Return the schedule of steps of another size, its rate scaled to it.

        Args:
            batch: Pictures that go through a network together.
            accumulate: Batches of a step.
            scaling: The rate grows with the pictures of a step, with their square root, or stays.
        """
        power = {"constant": 0.0, "linear": 1.0, "root": 0.5}[scaling]
        other = replace(self, batch=batch, accumulate=accumulate)
        return replace(other, rate=self.rate * (other.seen / self.seen) ** power)

    def rate_at(self, step: int, seconds: float = 0.0) -> float:
        """Return the learning rate of a step.

        Args:
            step: Its number.
            seconds: That the run took so far.
        """
        rising = min(1.0, (step + 1) / self.warm_up)
        return self.rate * rising * self._left(self.done(step, seconds))

    def _left(self, done: float) -> float:
        match self.fall:
            case "cosine":
                return (1 + math.cos(math.pi * done)) / 2
            case "constant":
                return 1.0
            case "stairs":
                return 0.1 ** sum(done >= stair for stair in _STAIRS)

    def done(self, step: int, seconds: float = 0.0) -> float:
        """Return the share of the run that is done, by steps or by time, whichever is nearer to its end."""
        of_time = seconds / self.seconds if self.seconds else 0.0
        return min(1.0, max(step / self.steps, of_time))
