"""Trainings that begin with a trained denoiser: reflow, and distillation of steps and of guidance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.distillation import (
    Saying,
    consistency_loss,
    halving_loss,
    imitation_loss,
    saying,
)
from forensics.generators.objectives import Ends, denoising_loss
from forensics.generators.pipelines.denoising import SAMPLERS
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.straightness import deviation
from forensics.generators.sampling.times import uniform
from forensics.generators.train.corpus import Corpus
from forensics.generators.train.denoising import DenoiserRun, Denoisers
from forensics.generators.train.lessons import Lesson
from forensics.generators.train.pictures import Batch, Pictures, drawing
from forensics.generators.train.teacher import Teacher, load_teacher
from forensics.training.machine import Machine

__all__ = ["Distilling", "Guided", "Halving", "Reflowing", "Student", "couplings", "prepare"]

Comparison: TypeAlias = Callable[[Saying, Saying, Tensor, Path, int, torch.Generator], Tensor]
_TOGETHER = 64  # pictures drawn by a teacher at a time
_MEASURED, _MANY, _FEW = (
    32,
    32,
    (1, 2, 4),
)  # noises that are measured with; steps of the teacher, and of the student
_SHARE = 0.1  # of labels that are left out, for guidance


class Student(Denoisers):
    """The training of a denoiser that begins as another one.

    Args:
        config: The run, as `teacher.taught` returns it.
        pictures: To train on.
        teacher: Whose weights it begins with.
        process: Which of several processes this is: each draws pictures of its own.
    """

    lesson: Lesson

    def __init__(self, config: DenoiserRun, pictures: Pictures, teacher: Teacher, process: int = 0) -> None:
        if config.lesson is None:
            raise UsageError("there is nothing to learn from a teacher")
        super().__init__(config, pictures, teacher.recipe.labels, teacher.words, teacher.decode, process)
        self.lesson, self.teacher = config.lesson, teacher
        self.module.load_state_dict(teacher.module.state_dict())

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return how far what is drawn in few steps is from what the teacher draws from the same noise."""
        noise, told, wanted = self._examples
        found = {
            f"difference to {_MANY} steps of the teacher in {steps}": _apart(
                self._drawn(module, noise, told, steps), wanted
            )
            for steps in _FEW
        }
        found["that of the teacher itself in 1"] = _apart(self.teacher.draw(noise, told, 1), wanted)
        return found

    def _compared(self, step: int, loss: Comparison) -> Tensor:
        """Return a loss between what student and teacher say of one batch."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.scaled(self.pictures.batch(self.schedule.batch, generator))
        told, path = self.told(batch, _SHARE, generator), self.objective.path
        student = saying(self.predicting(self.module, told), self.config.target, path)
        return loss(student, self.teacher.saying(told), batch.x, path, self.lesson.steps, generator)

    @cached_property
    def _examples(self) -> tuple[Tensor, Tensor | None, Tensor]:
        """Noise, what is told of it, and what the teacher makes of it."""
        device, label = self.pictures.device, self.pictures.held_out.label
        generator = drawing(device, 0)
        noise = torch.randn(_MEASURED, *self.shape, generator=generator, device=device)
        if label is not None:
            label = label[torch.arange(_MEASURED, device=device) % len(label)]
        told = self.told(Batch(noise, label), 0.0, generator)
        return noise, told, self.teacher.draw(noise, told, _MANY)

    def _drawn(self, module: nn.Module, noise: Tensor, told: Tensor | None, steps: int) -> Tensor:
        """Return what a network makes of noise with its own sampler."""
        path, generator = self.objective.path, drawing(noise.device, steps)

        def fresh(z: Tensor) -> Tensor:
            return torch.randn(z.shape, generator=generator, device=z.device)

        denoise, moments = self.denoiser(self.predicting(module, told)), uniform(steps)
        way = SAMPLERS[self.config.sampler]
        found: Tensor = last(way.run(denoise, start(noise, path, 0.0), moments, path, fresh))
        return found


# Liu et al. 2022, arXiv:2209.03003, algorithm 1, once more; times as in Lee et al. 2024, arXiv:2405.20320.
class Reflowing(Student):
    """The training of a rectified flow on the pairs that a teacher makes.

    Args:
        config: The run, as `teacher.taught` returns it.
        pictures: (N, 2, ...) noise, and what the teacher makes of it: see `couplings`.
        teacher: Whose weights it begins with.
        process: Which of several processes this is: each draws pairs of its own.
    """

    def __init__(self, config: DenoiserRun, pictures: Pictures, teacher: Teacher, process: int = 0) -> None:
        super().__init__(config, pictures, teacher, process)
        self.objective = replace(self.objective, times=Ends())

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is denoised, without the batch."""
        return tuple(self.pictures.held_out.x.shape[2:])

    def loss(self, step: int) -> Tensor:
        """Return the error on the ways between some pairs."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.pictures.batch(self.schedule.batch, generator)
        noise, x = batch.x.unbind(1)
        predict = self.predicting(self.module, self.told(batch, _SHARE, generator))
        return denoising_loss(predict, x, self.objective, generator, pairing=lambda *_: noise)

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return the differences to the teacher, and how far the ways are from straight ones."""
        noise, told, _ = self._examples
        denoise = self.denoiser(self.predicting(module, told))
        bent = deviation(denoise, noise, uniform(_MANY), self.objective.path)
        return {**super().measure(module), "deviation from straight ways": bent}


class Distilling(Student):
    """The training of a consistency model, which says at once where the ways of its teacher end."""

    def loss(self, step: int) -> Tensor:
        """Return by how much the model disagrees with itself along the teacher's ways."""
        return self._compared(step, consistency_loss)


class Halving(Student):
    """The training of a student that takes two of its teacher's steps in one."""

    def loss(self, step: int) -> Tensor:
        """Return how far one step of the student is from two of the teacher."""
        return self._compared(step, halving_loss)

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return how far what is drawn is from what the teacher draws in twice as many steps."""
        noise, told, _ = self._examples
        few, many = self.lesson.steps, 2 * self.lesson.steps
        wanted, own = (self.teacher.draw(noise, told, steps, sampler="ddim") for steps in (many, few))
        return {
            f"difference to {many} steps of the teacher in {few}": _apart(
                self._drawn(module, noise, told, few), wanted
            ),
            f"that of the teacher itself in {few}": _apart(own, wanted),
        }


class Guided(Student):
    """The training of a student that says at once what its teacher says when it is guided."""

    def loss(self, step: int) -> Tensor:
        """Return how far the student is from the guided teacher."""
        generator = drawing(self.pictures.device, self.schedule.seed, step, self.process)
        batch = self.scaled(self.pictures.batch(self.schedule.batch, generator))
        told = self.told(batch, _SHARE, generator)
        teacher = self.teacher.predicting(told, self.lesson.guidance)
        return imitation_loss(self.predicting(self.module, told), teacher, batch.x, self.objective, generator)

    @torch.no_grad()
    def measure(self, module: nn.Module) -> dict[str, float]:
        """Return how far what is drawn is from what the guided teacher draws in as many steps."""
        noise, told, plain = self._examples
        guidance = self.lesson.guidance
        wanted = self.teacher.draw(noise, told, _MANY, guidance=guidance)
        network = replace(self.teacher, module=module)
        return {
            f"difference to the teacher at guidance {guidance:g}": _apart(
                network.draw(noise, told, _MANY), wanted
            ),
            "that of the teacher without guidance": _apart(plain, wanted),
        }


_METHODS: dict[str, type[Student]] = {"consistency": Distilling, "halved": Halving, "guided": Guided}


def couplings(
    teacher: Teacher, told: Tensor | None, count: int, steps: int, seed: int
) -> npt.NDArray[np.float32]:
    """Return (count, 2, ...) noise, and what a teacher makes of it.

    Args:
        teacher: Draws.
        told: What it is told of each; None for nothing.
        count: How many.
        steps: Of the teacher.
        seed: Of the noise.
    """
    device, found = next(teacher.module.parameters()).device, []
    for first in range(0, count, _TOGETHER):
        size = min(_TOGETHER, count - first)
        generator = drawing(device, seed, first, 1)
        noise = torch.randn(size, *teacher.recipe.shape, generator=generator, device=device)
        given = None if told is None else told[first : first + size].to(device)
        found.append(torch.stack([noise, teacher.draw(noise, given, steps)], 1).float().cpu().numpy())
    return np.concatenate(found)


def prepare(run: DenoiserRun, corpus: Corpus, machine: Machine) -> Student:
    """Return the training of a student.

    Raises:
        ModelError: The teacher's files are not those of its card.
        UsageError: There is no teacher, it knows other classes or words than there are, or none that it could
            be guided by.
    """
    if corpus.teacher is None or run.lesson is None:
        raise UsageError("this preset learns from a trained model; name its folder with --teacher")
    teacher = load_teacher(corpus.teacher, machine.device)
    told = _told(teacher, corpus)
    if run.lesson.method == "guided" and told is None:
        raise UsageError("only a teacher that knows classes or words can be guided")
    if run.lesson.method == "reflow":
        count = min(run.lesson.pairs, len(corpus.pixels))
        given = None if told is None else torch.from_numpy(told)
        pairs = couplings(teacher, given, count, run.lesson.steps, run.schedule.seed)
        kept = None if told is None else told[:count]
        return Reflowing(run, Pictures(pairs, kept, machine.device, mirrored=False), teacher, machine.number)
    values = corpus.latents() if run.latent else corpus.pixels
    mirrored = not run.latent and teacher.words is None  # left and right are words
    pictures = Pictures(values, told, machine.device, mirrored=mirrored, origins=corpus.origins)
    return _METHODS[run.lesson.method](run, pictures, teacher, machine.number)


def _told(teacher: Teacher, corpus: Corpus) -> npt.NDArray[np.int64] | None:
    """Return the labels or words of the pictures, of those that the teacher knows.

    Raises:
        UsageError: It knows others.
    """
    if (teacher.words is None) != (not corpus.captions):
        raise UsageError("teacher and student both learn captions, or neither does")
    if teacher.recipe.labels != corpus.names:
        known = ", ".join(teacher.recipe.labels) or "none"
        raise UsageError(f"the student learns the classes of its teacher: {known}", actual=corpus.names)
    return teacher.words.encode_all(corpus.captions) if teacher.words else corpus.labels


def _apart(found: Tensor, wanted: Tensor) -> float:
    """Return the root of the mean square of a difference."""
    return float((found - wanted).square().mean().sqrt())
