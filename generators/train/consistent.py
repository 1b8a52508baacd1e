"""Training of consistency models without a teacher."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from forensics.generators.consistency import curriculum, training_loss
from forensics.generators.distillation import saying
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import DenoiserRun, Denoisers
from forensics.generators.train.denoising import prepare as prepared
from forensics.generators.train.lessons import Lesson
from forensics.generators.train.pictures import Batch, drawing
from forensics.training.machine import Machine
from forensics.training.task import Turn

__all__ = ["Consistent", "prepare"]

_SHARE = 0.1  # of labels that are left out, for guidance


# Song et al. 2023, arXiv:2303.01469, algorithm 3; Song & Dhariwal 2023, arXiv:2310.14189.
class Consistent(Denoisers):
    """The training of a consistency model on pictures alone; arguments are those of `Denoisers`."""

    @property
    def lesson(self) -> Lesson:
        """How finely ways are divided."""
        return self.config.lesson or Lesson("standalone", 160)

    def turns(self, step: int, done: float) -> Iterator[Turn]:
        """Yield the one update of a step, finer the later it is."""
        yield Turn("module", self.of(step, done))

    def loss(self, step: int) -> Tensor:
        """Return the disagreement at a step of a run that ends by steps."""
        return self.of(step, step / self.schedule.steps)

    def of(self, step: int, done: float) -> Tensor:
        """Return by how much the model disagrees with itself on one batch.

        Args:
            step: Its number.
            done: Share of the run that is done.
        """
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.scaled(self.pictures.batch(self.schedule.batch, generator))
        steps = curriculum(done, self.lesson.first, self.lesson.steps)
        return self._disagreement(self.module, batch, _SHARE, steps, generator)

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return the disagreement on what is held out, for ways divided as they are in the end."""
        held_out, steps = self.scaled(self.pictures.held_out), self.lesson.steps
        generator = drawing(self.pictures.device, 0)
        found = self._disagreement(module, held_out, 0.0, steps, generator)
        return {f"held-out disagreement of neighbours in {steps} steps": float(found)}

    def _disagreement(
        self, module: nn.Module, batch: Batch, share: float, steps: int, generator: torch.Generator
    ) -> Tensor:
        told, path = self.told(batch, share, generator), self.objective.path
        student = saying(self.predicting(module, told), self.config.target, path)
        return training_loss(student, batch.x, path, steps, generator)


def prepare(run: DenoiserRun, corpus: Corpus, machine: Machine) -> Denoisers:
    """Return the training of a run, in pixels or latents.

    Raises:
        UsageError: It needs a codec, and none was given.
    """
    return prepared(run, corpus, machine, Consistent)
