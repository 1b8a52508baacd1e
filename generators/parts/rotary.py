"""Places told by turning queries and keys: only how far apart two of them are counts between them."""

from __future__ import annotations

import torch
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["grid_angles", "line_angles", "rotated"]

_SLOWEST = 1e4


# Su et al. 2021 (RoFormer), arXiv:2104.09864, eq. 15.
def line_angles(places: int, width: int) -> Tensor:
    """Return by how much each pair of values is turned at each place of a line.

    Args:
        places: Of the line.
        width: Values of each query, an even number.

    Returns:
        (places, width / 2) angles in radians, 0 at the first place.

    Raises:
        UsageError: The width makes no pairs.
    """
    if width % 2:
        raise UsageError("values are turned in pairs", expected="an even width", actual=width)
    return torch.arange(places)[:, None] * _rates(width // 2)


# Sun et al. 2024 (LlamaGen), arXiv:2406.06525, section 3.2: one half of the pairs for each direction.
def grid_angles(rows: int, columns: int, width: int) -> Tensor:
    """Return by how much each pair of values is turned at each place of a grid.

    Args:
        rows: Of the grid.
        columns: Of the grid.
        width: Values of each query, a multiple of 4.

    Returns:
        (rows * columns, width / 2) angles in radians, row by row: one half of them grows downwards, the other
        to the right.

    Raises:
        UsageError: The width makes no pairs for both directions.
    """
    if width % 4:
        raise UsageError("pairs turn down and across", expected="a multiple of 4", actual=width)
    down, across = (line_angles(count, width // 2) for count in (rows, columns))
    return torch.cat([down.repeat_interleave(columns, 0), across.repeat(rows, 1)], dim=1)


# Su et al. 2021, eq. 34; a pair is one value of the first half and one of the second.
def rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Return (..., N, width) values whose pairs are turned by (N, width / 2) angles."""
    one, other = x.chunk(2, dim=-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([one * cos - other * sin, one * sin + other * cos], dim=-1)


def _rates(pairs: int) -> Tensor:
    return _SLOWEST ** -(torch.arange(pairs) / pairs)
