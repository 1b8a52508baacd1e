"""Networks of faces: the published backbones, and one small enough to come with the suite."""

from __future__ import annotations

from torch import Tensor, nn

from forensics.detectors.train.networks import Block, Normed, backbone

__all__ = ["FaceNetwork", "network_of"]


class FaceNetwork(nn.Module):
    """A small residual network of pictures.

    Args:
        channels: Of its first layer.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        wide, wider = channels * 3 // 2, channels * 2
        self.layers = nn.Sequential(
            *_convolution(3, channels, 5),
            *_convolution(channels, wide, 3),
            Block(wide),
            *_convolution(wide, wider, 3),
            Block(wider),
        )
        self.head = nn.Linear(wider, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, S, S), 0 to 1, S a multiple of 8."""
        logits: Tensor = self.head(self.layers(2.0 * x - 1.0).mean(dim=(2, 3)))[:, 0]
        return logits


def network_of(name: str, weights: str = "") -> nn.Module:
    """Return a network of faces, untrained but for the weights that are given.

    Args:
        name: Of a network of timm, such as "vgg16" or "resnet50"; the small one if empty.
        weights: A file of weights for it.

    Raises:
        MissingExtra: timm is not installed.
        UsageError: There is no such network of timm, or the weights do not fit it.
    """
    return Normed(backbone(name, weights, early=True)) if name else FaceNetwork()


def _convolution(inputs: int, outputs: int, side: int) -> list[nn.Module]:
    layer = nn.Conv2d(inputs, outputs, side, stride=2, padding=side // 2, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]
