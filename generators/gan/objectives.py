"""What generator and discriminator play for: the losses of the field, each in two functions of logits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["GAMES", "Game", "Judge", "game_named", "gradient_penalty", "zero_centred"]

Judge: TypeAlias = Callable[[Tensor], Tensor]  # pictures to one logit each


@dataclass(frozen=True)
class Game:
    """A pair of losses.

    Attributes:
        name: Of the game.
        source: Paper.
        critic: Loss of the discriminator, from logits of real and made pictures.
        maker: Loss of the generator, from logits of real and made pictures.
    """

    name: str
    source: str
    critic: Callable[[Tensor, Tensor], Tensor]
    maker: Callable[[Tensor, Tensor], Tensor]


# Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.
def _cross_entropy(real: Tensor, made: Tensor) -> Tensor:
    return F.softplus(-real).mean() + F.softplus(made).mean()


def _minimax(_: Tensor, made: Tensor) -> Tensor:
    """Return log(1 - D) of what was made, which is to fall."""
    return -F.softplus(made).mean()


def _non_saturating(_: Tensor, made: Tensor) -> Tensor:
    return F.softplus(-made).mean()


# Arjovsky et al. 2017, arXiv:1701.07875, eq. 2.
def _distance(real: Tensor, made: Tensor) -> Tensor:
    return made.mean() - real.mean()


def _raise(_: Tensor, made: Tensor) -> Tensor:
    return -made.mean()


# Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 17.
def _hinge(real: Tensor, made: Tensor) -> Tensor:
    return F.relu(1.0 - real).mean() + F.relu(1.0 + made).mean()


# Mao et al. 2016, arXiv:1611.04076, eq. 9.
def _squares(real: Tensor, made: Tensor) -> Tensor:
    return 0.5 * ((real - 1.0).square().mean() + made.square().mean())


def _square_to_one(_: Tensor, made: Tensor) -> Tensor:
    return 0.5 * (made - 1.0).square().mean()


# Jolicoeur-Martineau 2018, arXiv:1807.00734, in pairs: Huang et al. 2024 (R3GAN), arXiv:2501.05441, eq. 2.
def _relative(real: Tensor, made: Tensor) -> Tensor:
    return F.softplus(made - real).mean()


def _relative_maker(real: Tensor, made: Tensor) -> Tensor:
    return F.softplus(real - made).mean()


GAMES: dict[str, Game] = {
    game.name: game
    for game in (
        Game("minimax", "Goodfellow et al. 2014, arXiv:1406.2661", _cross_entropy, _minimax),
        Game("non-saturating", "Goodfellow et al. 2014, arXiv:1406.2661", _cross_entropy, _non_saturating),
        Game("wasserstein", "Arjovsky et al. 2017, arXiv:1701.07875", _distance, _raise),
        Game("hinge", "Lim & Ye 2017, arXiv:1705.02894", _hinge, _raise),
        Game("least-squares", "Mao et al. 2016, arXiv:1611.04076", _squares, _square_to_one),
        Game("relativistic", "Huang et al. 2024, arXiv:2501.05441", _relative, _relative_maker),
    )
}


def game_named(name: str) -> Game:
    """Return a game.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in GAMES:
        raise UsageError(f"there is no game {name!r}", expected=", ".join(GAMES), actual=name)
    return GAMES[name]


# Gulrajani et al. 2017 (WGAN-GP), arXiv:1704.00028, eq. 3.
def gradient_penalty(critic: Judge, real: Tensor, made: Tensor, generator: torch.Generator) -> Tensor:
    """Return how far the slope of a critic is from one, between real and made pictures.

    Args:
        critic: Whose slope.
        real: (B, ...).
        made: The same shape.
        generator: Draws where on the way between them.
    """
    share = torch.rand(len(real), generator=generator, device=real.device)
    share = share.reshape(-1, *[1] * (real.ndim - 1))
    between = (share * real + (1.0 - share) * made).detach().requires_grad_()
    return (_slopes(critic, between).sqrt() - 1.0).square().mean()


# Mescheder et al. 2018, arXiv:1801.04406, eqs. 9 and 10: R1 on real pictures, R2 on made ones.
def zero_centred(critic: Judge, pictures: Tensor) -> Tensor:
    """Return half of the mean squared slope of a critic at some pictures.

    Args:
        critic: Whose slope.
        pictures: (B, ...).
    """
    return 0.5 * _slopes(critic, pictures.detach().requires_grad_()).mean()


def _slopes(critic: Judge, pictures: Tensor) -> Tensor:
    """Return (B,) squared norms of the gradient, from which gradients flow on."""
    (slope,) = torch.autograd.grad(critic(pictures).sum(), pictures, create_graph=True)
    return slope.flatten(1).square().sum(1) + 1e-12
