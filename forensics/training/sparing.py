"""Less memory for more time: parts of a network are computed again where their gradients are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

__all__ = ["spare"]


# Chen et al. 2016 (Training Deep Nets with Sublinear Memory Cost), arXiv:1604.06174.
def spare(module: nn.Module) -> int:
    """Have the parts that a network stacks keep nothing but their inputs; gradients stay the same.

    Parts with a state beside their weights, which changes when they are called, are left.

    Args:
        module: Changed in place; its weights keep their names. Copies made before do not change.

    Returns:
        How many parts are computed twice from now on.
    """
    parts = [part for part in _stacked(module) if any(True for _ in part.parameters())]
    parts = [part for part in parts if not any(True for _ in part.buffers())]
    for part in parts:
        part.forward = partial(_twice, part.forward)
    return len(parts)


def _twice(forward: Any, *inputs: Any, **named: Any) -> Any:
    return checkpoint(forward, *inputs, use_reentrant=False, **named)


def _stacked(module: nn.Module) -> Iterator[nn.Module]:
    """Yield what stands in lists and sequences, and is itself none."""
    for child in module.children():
        if isinstance(module, nn.ModuleList | nn.Sequential) and not isinstance(
            child, nn.ModuleList | nn.Sequential
        ):
            yield child
        else:
            yield from _stacked(child)
