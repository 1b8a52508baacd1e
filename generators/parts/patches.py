"""Pictures as sequences of patches, and back."""

from __future__ import annotations

import torch
from torch import Tensor

from forensics.errors import UsageError

__all__ = ["patchify", "positions", "unpatchify"]


def patchify(x: Tensor, side: int) -> Tensor:
    """Return the patches of pictures, row by row.

    Args:
        x: (B, C, H, W), H and W multiples of `side`.
        side: Pixels of a patch each way.

    Returns:
        (B, H / side * W / side, C * side * side).

    Raises:
        UsageError: The pictures are not made of whole patches.
    """
    batch, channels, height, width = x.shape
    if height % side or width % side:
        raise UsageError(
            f"pictures of {width}x{height} are not made of patches of {side} pixels",
            expected=f"multiples of {side}",
            actual=f"{width}x{height}",
        )
    rows, columns = height // side, width // side
    parts = x.reshape(batch, channels, rows, side, columns, side).permute(0, 2, 4, 1, 3, 5)
    return parts.reshape(batch, rows * columns, channels * side * side)


def unpatchify(patches: Tensor, side: int, rows: int, columns: int) -> Tensor:
    """Return the (B, C, H, W) pictures that patches come from: the inverse of `patchify`."""
    batch, _, values = patches.shape
    channels = values // (side * side)
    parts = patches.reshape(batch, rows, columns, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return parts.reshape(batch, channels, rows * side, columns * side)


# Vaswani et al. 2017, arXiv:1706.03762, section 3.5, with half of the width for each direction.
def positions(rows: int, columns: int, width: int) -> Tensor:
    """Return sines and cosines that tell the places of a grid apart.

    Args:
        rows: Of the grid.
        columns: Of the grid.
        width: Values for each place, a multiple of 4.

    Returns:
        (rows * columns, width). The grid's middle has the same values whatever its size.
    """
    frequencies = 1e4 ** -(torch.arange(width // 4) / (width // 4))
    down = (torch.arange(rows) - (rows - 1) / 2)[:, None] * frequencies
    across = (torch.arange(columns) - (columns - 1) / 2)[:, None] * frequencies
    both = torch.cat(
        [
            torch.cat([down.sin(), down.cos()], 1)[:, None].expand(rows, columns, -1),
            torch.cat([across.sin(), across.cos()], 1)[None].expand(rows, columns, -1),
        ],
        dim=2,
    )
    return both.reshape(rows * columns, width)
