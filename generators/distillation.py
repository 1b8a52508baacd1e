"""Few steps, and few looks in each, instead of many: what students of trained denoisers are trained for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from forensics.generators.objectives import Objective, Predict, broadcast, weight_of
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Estimate, Target, estimate, velocity

__all__ = [
    "Saying",
    "consistency_loss",
    "ddim_step",
    "guided",
    "halving_loss",
    "heun_step",
    "imitation_loss",
    "saying",
]

Saying: TypeAlias = Callable[[Tensor, Tensor], Estimate]  # z and (B,) times to what is said of z
_NEAREST = 1e-3  # to both ends


def saying(predict: Predict, kind: Target, path: Path) -> Saying:
    """Return what a network says of noisy pictures, each at a time of its own.

    Args:
        predict: The network.
        kind: What it predicts.
        path: Along which it was trained.
    """

    def says(z: Tensor, t: Tensor) -> Estimate:
        inside = t.clamp(_NEAREST, 1.0 - _NEAREST)
        return estimate(kind, predict(z, inside), z, path.at(broadcast(inside, z)))

    return says


# Karras et al. 2022, arXiv:2206.00364, algorithm 1, for pictures at different times.
def heun_step(says: Saying, z: Tensor, t: Tensor, after: Tensor, path: Path) -> Tensor:
    """Return where a model leads in one step: of second order, and of first where it ends with a picture.

    Args:
        says: The model.
        z: (B, ...) noisy pictures.
        t: (B,) their times.
        after: (B,) those to which the step leads.
        path: Along which the model works.
    """
    inside = after.clamp(max=1.0 - _NEAREST)
    length = broadcast(after - t, z)
    first = velocity(says(z, t), path.at(broadcast(t, z)))
    ahead = z + length * first
    second = velocity(says(ahead, inside), path.at(broadcast(inside, z)))
    return torch.where(broadcast(after, z) >= 1.0, ahead, z + length / 2 * (first + second))


# Song et al. 2023, arXiv:2303.01469: algorithm 2 (distillation) and 3 (training), whose average of weights is
# the weights themselves, as in Song & Dhariwal 2023, arXiv:2310.14189, section 3.2. At the end of the way
# what is said is the picture itself: that is their boundary condition.
def consistency_loss(
    student: Saying,
    teacher: Saying | None,
    x: Tensor,
    path: Path,
    steps: int,
    generator: torch.Generator,
) -> Tensor:
    """Return the mean square of what a model says otherwise at two neighbouring points of a way.

    Args:
        student: The model.
        teacher: Says where the way leads; if None, it leads straight to the picture.
        x: (B, ...) pictures or latents of about unit size.
        path: From noise to pictures.
        steps: Of a whole way.
        generator: Draws noise and times, on the device of the pictures.
    """
    number = torch.randint(steps, (len(x),), generator=generator, device=x.device)
    t, after = number / steps, (number + 1) / steps
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    z = path.at(broadcast(t, x)).mix(x, noise)
    with torch.no_grad():
        there = path.at(broadcast(after, x))
        ahead = there.mix(x, noise) if teacher is None else heun_step(teacher, z, t, after, path)
        wanted = torch.where(broadcast(after, x) >= 1.0, ahead, student(ahead, after).x)
    return (student(z, t).x - wanted).square().mean()


# Song et al. 2020, arXiv:2010.02502, eq. 12, without noise, for pictures at different times.
def ddim_step(says: Saying, z: Tensor, t: Tensor, after: Tensor, path: Path) -> Tensor:
    """Return where a model leads in one step of DDIM.

    Args:
        says: The model.
        z: (B, ...) noisy pictures.
        t: (B,) their times.
        after: (B,) those to which the step leads.
        path: Along which the model works.
    """
    here, there, x = path.at(broadcast(t, z)), path.at(broadcast(after, z)), says(z, t).x
    return there.alpha * x + there.sigma / here.sigma * (z - here.alpha * x)


# Salimans & Ho 2022, arXiv:2202.00512, algorithm 2, with the weight max(SNR, 1) of their eq. 9.
def halving_loss(
    student: Saying, teacher: Saying, x: Tensor, path: Path, steps: int, generator: torch.Generator
) -> Tensor:
    """Return how far one step of a student is from two of its teacher, in terms of the picture.

    Args:
        student: The model; asked at the beginning of each of its steps.
        teacher: It takes twice as many steps.
        x: (B, ...) pictures or latents of about unit size.
        path: From noise to pictures.
        steps: Of the student.
        generator: Draws noise and times, on the device of the pictures.
    """
    number = torch.randint(steps, (len(x),), generator=generator, device=x.device)
    t, half, after = number / steps, (number + 0.5) / steps, (number + 1) / steps
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    here, there = path.at(broadcast(t, x)), path.at(broadcast(after, x))
    z = here.mix(x, noise)
    with torch.no_grad():
        ahead = ddim_step(teacher, ddim_step(teacher, z, t, half, path), half, after, path)
        share = there.sigma / here.sigma
        wanted = (ahead - share * z) / (there.alpha - share * here.alpha)
    return (here.snr.clip(min=1.0) * (student(z, t).x - wanted).square()).mean()


# Ho & Salimans 2022, arXiv:2207.12598, eq. 6, in terms of whatever is predicted: all are linear in another.
def guided(told: Predict, untold: Predict, scale: float) -> Predict:
    """Return a network that is guided.

    Args:
        told: It, told what is wanted.
        untold: It, told nothing.
        scale: How strongly that is followed: 1 as it is, 0 not at all.
    """

    def predict(z: Tensor, t: Tensor) -> Tensor:
        free = untold(z, t)
        return free + scale * (told(z, t) - free)

    return predict


# Meng et al. 2022, arXiv:2210.03142, section 3.1, eq. 2, at one strength of the guidance.
def imitation_loss(
    student: Predict, teacher: Predict, x: Tensor, objective: Objective, generator: torch.Generator
) -> Tensor:
    """Return how far a network is from another one, on pictures with fresh noise.

    Args:
        student: The network.
        teacher: What it is to say.
        x: (B, ...) pictures or latents of about unit size.
        objective: What both predict, of which times, and in which terms errors count.
        generator: Draws noise and times, on the device of the pictures.
    """
    t = objective.times.draw(len(x), generator)
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    at = objective.path.at(broadcast(t, x))
    z = at.mix(x, noise)
    with torch.no_grad():
        wanted = teacher(z, t)
    return (weight_of(objective, at) * (student(z, t) - wanted).square()).flatten(1).mean(1).mean()
