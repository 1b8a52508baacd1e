"""Drawing tokens: one after the other, or the surest first."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from forensics.generators.tokens.model import TokenTransformer, shown_share

__all__ = ["drawn", "masked_steps", "one_by_one"]


def drawn(
    logits: Tensor, generator: torch.Generator, temperature: float = 1.0, most: int | None = None
) -> Tensor:
    """Return tokens drawn from (..., tokens) logits.

    Args:
        logits: Of each token.
        generator: Draws them.
        temperature: Below one, likely tokens are drawn more often; 0 draws the likeliest.
        most: Only so many of the likeliest are drawn; all if None.
    """
    if temperature <= 0.0:
        return logits.argmax(-1)
    if most is not None:
        least = logits.topk(most, dim=-1).values[..., -1:]
        logits = torch.where(logits < least, -torch.inf, logits)
    chances = (logits / temperature).softmax(-1)
    return torch.multinomial(chances.flatten(0, -2), 1, generator=generator).reshape(logits.shape[:-1])


@torch.no_grad()
def one_by_one(
    model: TokenTransformer,
    count: int,
    generator: torch.Generator,
    temperature: float = 1.0,
    most: int | None = None,
    label: Tensor | None = None,
) -> Iterator[Tensor]:
    """Draw pictures token by token.

    Args:
        model: A causal one.
        count: How many pictures.
        generator: Draws them.
        temperature: As for `drawn`.
        most: As for `drawn`.
        label: (count,) classes, -1 for any.

    Yields:
        (count, N) tokens after each, -1 where there is none yet.
    """
    tokens = torch.full((count, model.config.places), -1, device=generator.device)
    for place in range(model.config.places):
        logits = model(tokens[:, : place + 1], label)[:, place]
        tokens[:, place] = drawn(logits, generator, temperature, most)
        yield tokens.clone()


# Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 3.2, with the noise of its appendix.
@torch.no_grad()
def masked_steps(
    model: TokenTransformer,
    known: Tensor,
    steps: int,
    generator: torch.Generator,
    temperature: float = 4.5,
    label: Tensor | None = None,
) -> Iterator[Tensor]:
    """Draw what is not shown in a few steps, keeping the surest of each.

    Args:
        model: One that is not causal.
        known: (B, N) tokens, -1 for what is to be drawn: all, or a part to be painted.
        steps: How many.
        generator: Draws them.
        temperature: How much chance there is in what counts as sure; less in each step, none in the last.
        label: (B,) classes, -1 for any.

    Yields:
        (B, N) tokens after each step, -1 where there is none yet.
    """
    tokens = known.clone()
    open_places = (known < 0).sum(1)
    for step in range(steps):
        logits = model(tokens, label)
        found = drawn(logits, generator)
        hidden = tokens < 0
        sure = logits.log_softmax(-1).gather(-1, found[..., None])[..., 0]
        uniform = torch.rand(sure.shape, generator=generator, device=sure.device).clamp(1e-9, 1 - 1e-7)
        chance = temperature * (1.0 - (step + 1) / steps)
        sure = torch.where(hidden, sure - chance * torch.log(-torch.log(uniform)), torch.inf)
        shown = (shown_share((step + 1) / steps).to(sure) * open_places).round().clamp(min=1)
        keep = torch.where(torch.tensor(step + 1 == steps), open_places, shown.long())
        rank = torch.where(hidden, sure, -torch.inf).argsort(1, descending=True).argsort(1)
        kept_so_far = open_places - hidden.sum(1)
        tokens = torch.where(hidden & (rank < (keep - kept_so_far)[:, None]), found, tokens)
        yield tokens.clone()
