"""From a picture back to the latents that a generator makes it of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["Inversion", "invert"]


@dataclass(frozen=True)
class Inversion:
    """What was found.

    Attributes:
        latent: (B, ...) latents, as the generator takes them.
        pictures: (B, C, S, S) that it makes of them.
        psnr: (B,) peak signal-to-noise ratios of the pictures, in dB, with a range of 2.
        losses: Mean squared error before each step.
    """

    latent: Tensor
    pictures: Tensor
    psnr: Tensor
    losses: tuple[float, ...]


# Zhu et al. 2016, arXiv:1609.03552, eq. 4; in W+ Abdal et al. 2019 (Image2StyleGAN), arXiv:1904.03189,
# section 3. Approximate: another start ends in other latents, and what a generator cannot make stays away.
def invert(
    make: Callable[[Tensor], Tensor],
    wanted: Tensor,
    start: Tensor,
    steps: int = 300,
    rate: float = 0.05,
) -> Inversion:
    """Look for latents by gradient descent on the squared error of the pictures made of them.

    Args:
        make: (B, ...) latents to (B, C, S, S) pictures from -1 to 1: a generator, or the part of one that
            takes styles.
        wanted: (B, C, S, S) pictures from -1 to 1.
        start: (B, ...) latents to begin with.
        steps: Of Adam.
        rate: The largest, which falls evenly to nothing.

    Raises:
        UsageError: The generator makes pictures of another size, or there is no step.
    """
    if steps < 1:
        raise UsageError("an inversion takes steps", expected=">= 1", actual=steps)
    latent, losses = start.detach().clone().requires_grad_(), []
    optimizer = torch.optim.Adam([latent], rate)
    for step in range(steps):
        made = make(latent)
        if made.shape != wanted.shape:
            raise UsageError("the generator makes other pictures", expected=wanted.shape, actual=made.shape)
        error = (made - wanted).square().flatten(1).mean(1)
        (latent.grad,) = torch.autograd.grad(error.sum(), latent)
        optimizer.param_groups[0]["lr"] = rate * (1.0 - step / steps)
        optimizer.step()
        losses.append(float(error.detach().mean()))
    with torch.no_grad():
        made = make(latent)
        error = (made - wanted).square().flatten(1).mean(1)
    psnr = 10.0 * (4.0 / error.clamp(min=1e-12)).log10()
    return Inversion(latent.detach(), made, psnr, tuple(losses))
