"""The two streams: what a picture shows, and its noise, multiplied with one another."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["FILTERS", "Noise", "TwoStream"]

_LARGEST = 8.0  # grey levels up to which a residual counts about as it is

# Zhou et al. 2018 (arXiv:1805.04953), figure 3, from the rich models of steganalysis (Fridrich & Kodovsky
# 2012): a second difference each way, the square of 5 x 5, and a second difference along the rows.
FILTERS = (
    ((0, 0, 0, 0, 0), (0, -1, 2, -1, 0), (0, 2, -4, 2, 0), (0, -1, 2, -1, 0), (0, 0, 0, 0, 0)),
    ((-1, 2, -2, 2, -1), (2, -6, 8, -6, 2), (-2, 8, -12, 8, -2), (2, -6, 8, -6, 2), (-1, 2, -2, 2, -1)),
    ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (0, 1, -2, 1, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)),
)
_SCALES = (4.0, 12.0, 2.0)


class Noise(nn.Module):
    """The noise of a picture: three fixed filters over the sum of its colours, softly bounded."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = torch.tensor(FILTERS, dtype=torch.float32)
        scaled = filters / torch.tensor(_SCALES)[:, None, None]
        kernel = scaled[:, None].expand(3, 3, 5, 5) / 3.0
        self.register_buffer("kernel", kernel.clone(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 3, H, W), -1 to 1, for (B, 3, H, W), 0 to 1."""
        padded = F.pad(255.0 * x, [2, 2, 2, 2], mode="reflect")
        return torch.tanh(F.conv2d(padded, self.kernel.to(x.dtype)) / _LARGEST)


class TwoStream(nn.Module):
    """Both streams, and a bilinear product of what they see, averaged over the tile.

    Args:
        channels: Of what each stream gives.
    """

    def __init__(self, channels: int = 20) -> None:
        super().__init__()
        self.noise = Noise()
        self.of_colours, self.of_noise = _stream(channels), _stream(channels)
        self.head = nn.Linear(channels * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, S, S), 0 to 1, S a multiple of 8."""
        seen, heard = self.of_colours(2.0 * x - 1.0), self.of_noise(self.noise(x))
        a, b = seen.flatten(2), heard.flatten(2)
        # Lin et al. 2015 (arXiv:1504.07889), eq. 1: outer products, added up over places; then the signed
        # root and unit length, as in arXiv:1805.04953, section 3.3.
        product = (a @ b.transpose(1, 2)).flatten(1) / a.shape[2]
        rooted = torch.sign(product) * torch.sqrt(product.abs() + 1e-8)
        unit = rooted / rooted.norm(dim=1, keepdim=True).clamp_min(1e-6)
        logits: Tensor = self.head(unit * rooted.shape[1] ** 0.5)[:, 0]
        return logits


def _stream(channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs, side in ((3, 16, 5), (16, 20, 3), (20, channels, 3)):
        layers += [nn.Conv2d(inputs, outputs, side, stride=2, padding=side // 2, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)
