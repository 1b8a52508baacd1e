"""Pictures that differ by hardly anything from others, so that a network is wrong about them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["attacked"]

_STEP = 2.5  # of a step, as a share of radius / steps


# Goodfellow et al. 2014, arXiv:1412.6572, section 4, with one step; Madry et al. 2017, arXiv:1706.06083,
# eq. 4, with several: where the loss rises most, projected on what is still near.
def attacked(
    network: nn.Module,
    pictures: Tensor,
    truth: Tensor,
    radius: float,
    *,
    steps: int = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return pictures near others that a network is more often wrong about.

    Args:
        network: (B, 3, H, W), 0 to 1, to (B,) logits. Neither its weights nor their gradients change.
        pictures: (B, 3, H, W), 0 to 1.
        truth: (B,) 1 where a decoder made it, else 0.
        radius: How far a value may be from what it was, in grey levels of 255.
        steps: Of gradient ascent; several begin at a place drawn by lot.
        generator: Draws it.

    Returns:
        (B, 3, H, W), 0 to 1, detached.

    Raises:
        ValueError: The radius is negative or there is no step.
    """
    if radius < 0 or steps < 1:
        raise ValueError("the radius is 0 or more, and there is a step at least")
    far = radius / 255.0
    length = far if steps == 1 else _STEP * far / steps
    changed = pictures.detach().clone()
    if steps > 1:
        lot = torch.rand(changed.shape, generator=generator).to(changed)
        changed = (changed + far * (2.0 * lot - 1.0)).clamp(0.0, 1.0)
    for _ in range(steps):
        changed.requires_grad_()
        cost = F.binary_cross_entropy_with_logits(network(changed), truth, reduction="sum")
        (slope,) = torch.autograd.grad(cost, changed)
        moved = changed.detach() + length * slope.sign()
        changed = torch.clamp(moved, pictures - far, pictures + far).clamp(0.0, 1.0)
    return changed.detach()
