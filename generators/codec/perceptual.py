"""A loss of features instead of pixels: textures count as such, wherever their grains lie."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["RandomFeatures", "feature_loss"]


# Johnson et al. 2016, arXiv:1603.08155, eq. 2; features of unit size at each place as in Zhang et al. 2018
# (LPIPS), arXiv:1801.03924, eq. 1, without its learned weights.
def feature_loss(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the mean squared distance of features at each place, over all layers.

    Args:
        found: Features of some layers of a network, (B, C, h, w) each.
        wanted: Those of the pictures that are to be come near to.

    Raises:
        UsageError: There are not as many layers of both.
    """
    if len(found) != len(wanted) or not found:
        raise UsageError("features of the same layers are compared", expected=len(wanted), actual=len(found))
    of_layers = [
        (F.normalize(one, dim=1) - F.normalize(other, dim=1)).square().sum(1).mean()
        for one, other in zip(found, wanted, strict=True)
    ]
    return torch.stack(of_layers).mean()


# He et al. 2016, arXiv:1606.04801: for such losses convolutions with random weights do nearly as well as
# trained ones; nothing has to be downloaded.
class RandomFeatures(nn.Module):
    """Features of convolutions that are drawn from a seed and never learn.

    Args:
        widths: Channels of each layer; sides are halved between them.
        seed: Of the weights.
    """

    def __init__(self, widths: Sequence[int] = (16, 32, 64), seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        sizes = [3, *widths]
        self.layers = nn.ModuleList(
            nn.Conv2d(sizes[i], sizes[i + 1], 3, padding=1) for i in range(len(widths))
        )
        for layer in self.layers:
            flat = torch.randn(layer.weight[0].numel(), len(layer.weight), generator=generator)
            filters, _ = (
                torch.linalg.qr(flat) if flat.shape[0] >= flat.shape[1] else (F.normalize(flat, dim=0), 0)
            )
            layer.weight.data.copy_(2.0**0.5 * filters.T.reshape(layer.weight.shape))
            layer.bias.data.zero_()
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features of each layer for (B, 3, H, W) pictures from 0 to 1."""
        x, found = 2.0 * x - 1.0, []
        for number, layer in enumerate(self.layers):
            x = F.relu(layer(F.avg_pool2d(x, 2) if number else x))
            found.append(x)
        return found
