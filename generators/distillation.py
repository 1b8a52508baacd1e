"""Few steps instead of many: what consistency models are trained for, with a teacher or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from forensics.generators.objectives import Predict, broadcast
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Estimate, Target, estimate, velocity

__all__ = ["Saying", "consistency_loss", "heun_step", "saying"]

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
