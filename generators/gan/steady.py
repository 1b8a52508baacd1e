"""What keeps a game from tipping over: bounds, noise, memory, and a look ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

__all__ = ["History", "clip_weights", "instance_noise", "unrolled"]

Weights = Mapping[str, Tensor]


# Arjovsky et al. 2017 (WGAN), arXiv:1701.07875, algorithm 1, line 7.
@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Bring every weight of a module back into a box.

    Args:
        module: Whose weights.
        bound: Of their absolute values.
    """
    for weight in module.parameters():
        weight.clamp_(-bound, bound)


# Sonderby et al. 2016, arXiv:1610.04490, section 3.1; Arjovsky & Bottou 2017, arXiv:1701.04862, section 3.
def instance_noise(x: Tensor, deviation: float, done: float, generator: torch.Generator) -> Tensor:
    """Return pictures with noise, which grows less until the end of a run.

    Args:
        x: (B, ...) real or made pictures: both are to get some.
        deviation: Of the noise at the start.
        done: Share of the run that is over.
        generator: Draws it, on the device of the pictures.
    """
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x + deviation * (1.0 - done) * noise


# Salimans et al. 2016, arXiv:1606.03498, section 3.3.
class History(nn.Module):
    """The mean of all weights that a module ever had.

    Args:
        module: Whose weights.
    """

    mean: Tensor
    count: Tensor

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.register_buffer("mean", _flat(module))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def see(self, module: nn.Module) -> None:
        """Take in the weights that a module has now."""
        self.count += 1
        self.mean.lerp_(_flat(module), 1.0 / float(self.count))

    def distance(self, module: nn.Module) -> Tensor:
        """Return the squared distance of a module's weights from their mean."""
        return (parameters_to_vector(module.parameters()) - self.mean).square().sum()


# Metz et al. 2016, arXiv:1611.02163, eqs. 3 to 5, with steps of plain gradient descent.
def unrolled(critic: nn.Module, loss: Callable[[Weights], Tensor], steps: int, rate: float) -> Weights:
    """Return the weights that a critic would have after some steps; gradients flow through them.

    Args:
        critic: Whose weights; they stay.
        loss: Of the critic with some weights, as `torch.func.functional_call` takes them.
        steps: How many.
        rate: Of each.
    """
    weights: Weights = dict(critic.named_parameters())
    for _ in range(steps):
        slopes = torch.autograd.grad(
            loss(weights), list(weights.values()), create_graph=True, materialize_grads=True
        )
        weights = {name: w - rate * slope for (name, w), slope in zip(weights.items(), slopes, strict=True)}
    return weights


def _flat(module: nn.Module) -> Tensor:
    return parameters_to_vector(module.parameters()).detach().clone()
