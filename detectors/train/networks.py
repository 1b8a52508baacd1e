"""Networks that tell what decoders made from photos: of residuals, co-occurrences and maps of errors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forensics.errors import MissingExtra, UsageError

__all__ = ["CountNetwork", "Filtered", "Normed", "ResidualNetwork", "Residuals", "backbone"]

_LARGEST = 8.0  # grey levels up to which a residual counts about as it is


class Residuals(nn.Module):
    """Pictures without their content: what neighbours do not tell of a pixel.

    Each colour less itself on half the grid, enlarged again by repetition: neighbouring pixel relationships
    (Tan et al. 2024, arXiv:2312.10461, eq. 3); the same of the two differences of colours; and the error of a
    double second difference, the filter that steganalysis begins with (Fridrich & Kodovsky 2012).
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        second = torch.tensor([-0.5, 1.0, -0.5])
        kernel = torch.outer(second, second).expand(3, 1, 3, 3).clone()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, 6, H, W), -1 to 1, for (B, 3, H, W), 0 to 1, H and W even."""
        levels = 255.0 * x
        coarse = levels[:, :, ::2, ::2]
        near = levels - F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        padded = F.pad(levels, [1, 1, 1, 1], mode="reflect")
        second = F.conv2d(padded, self.kernel.to(x.dtype), groups=3)
        return torch.tanh(torch.cat([near, second], dim=1) / _LARGEST)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, channels, H, W) for the same."""
        return torch.relu(x + self.layers(x))


class ResidualNetwork(nn.Module):
    """A small residual network of residuals that keeps the picture's grid in its first blocks.

    Early down-sampling throws away what there is to see (Gragnaniello et al. 2021, arXiv:2104.02617; Corvi et
    al. 2022, arXiv:2211.00680).

    Args:
        channels: Of the first blocks.
        inputs: Of what comes in, if it is not a picture but a map.
    """

    def __init__(self, channels: int = 20, inputs: int = 0) -> None:
        super().__init__()
        wide, wider = channels * 3 // 2, channels * 2
        first: list[nn.Module] = [] if inputs else [Residuals()]
        self.layers = nn.Sequential(
            *first,
            *_convolution(inputs or 6, channels, 1),
            Block(channels),
            *_convolution(channels, wide, 2),
            Block(wide),
            *_convolution(wide, wider, 2),
            Block(wider),
        )
        self.head = nn.Linear(wider, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, C, H, W), H and W multiples of 4."""
        logits: Tensor = self.head(self.layers(x).mean(dim=(2, 3)))[:, 0]
        return logits


class CountNetwork(nn.Module):
    """A convolutional network of co-occurrence matrices (Nataraj et al. 2019, arXiv:1903.06836), made small.

    Args:
        channels: Of its first layer.
    """

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(2),
            *_convolution(3, channels, 2),
            *_convolution(channels, 2 * channels, 2),
            *_convolution(2 * channels, 4 * channels, 2),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
        )
        self.head = nn.Linear(64 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, 256, 256) matrices as `cooccurrences` makes them."""
        logits: Tensor = self.head(self.layers(torch.log1p(x)))[:, 0]
        return logits


class Filtered(nn.Module):
    """A classifier of residuals: six planes become three, which any network of pictures takes.

    Args:
        network: (B, 3, H, W) to (B, 1).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.residuals, self.mixed, self.network = Residuals(), nn.Conv2d(6, 3, 1), network

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits for (B, 3, H, W), 0 to 1."""
        logits: Tensor = self.network(self.mixed(self.residuals(x)))[:, 0]
        return logits


class Normed(nn.Module):
    """A classifier of pictures as most published networks take them: scaled to the statistics of ImageNet.

    Args:
        network: (B, 3, H, W) to (B, 1).
        whole: Return all that it gives, which may be more than one number.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, *, whole: bool = False) -> None:
        super().__init__()
        self.network, self.whole = network, whole
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        self.register_buffer("deviation", deviation, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B,) logits, or (B, F), for (B, 3, H, W), 0 to 1."""
        found: Tensor = self.network((x - self.mean) / self.deviation)
        return found if self.whole else found[:, 0]


def backbone(
    name: str, weights: str = "", *, classes: int = 1, early: bool = False, side: int = 0
) -> nn.Module:
    """Return a network of timm.

    Args:
        name: Such as "resnet50", "vgg16" or "vit_small_patch16_224".
        weights: A file of weights; the network starts untrained if empty.
        classes: Numbers that it gives; its features if 0.
        early: Whether a ResNet halves its grid in its first layers, as published; Corvi et al. (2022,
            arXiv:2211.00680) leave that out.
        side: Of pictures, for transformers, whose positions are made for one; their own if 0.

    Raises:
        MissingExtra: timm is not installed.
        UsageError: There is no such network, or the weights do not fit it.
    """
    try:
        import timm
    except ImportError as error:
        raise MissingExtra("backbones of timm", "train") from error
    if not timm.is_model(name):
        raise UsageError(f"timm has no network {name!r}", actual=name)
    size = {"img_size": side} if side and "vit" in name else {}
    try:
        network: nn.Module = timm.create_model(name, num_classes=classes, checkpoint_path=weights, **size)
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{weights} are no weights of {name}: {str(error).splitlines()[0]}") from None
    if classes and not early and name.startswith("resnet"):
        network.conv1.stride = (1, 1)
        network.maxpool = nn.Identity()
    return network


def _convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
