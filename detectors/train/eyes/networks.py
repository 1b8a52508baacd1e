"""A CNN for each crop of an eye, an LSTM over time: "In Ictu Oculi" (Li, Chang & Lyu, arXiv:1806.02877)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from forensics.errors import MissingExtra, UsageError

__all__ = ["EyeNetwork", "Lrcn", "backbone_of", "small_backbone"]


@dataclass(frozen=True)
class EyeNetwork:
    """Sizes.

    Attributes:
        side: Rows and columns of a crop in pixels.
        widths: Channels of each convolution of the small network, which halves both sides every time.
        features: That describe one frame.
        hidden: Units of the LSTM.
        dropout: Of the features.
        backbone: Name of a VGG network of timm in place of the small one: its convolutions and fc6.
    """

    side: int = 32
    widths: tuple[int, ...] = (16, 32, 48, 64)
    features: int = 32
    hidden: int = 32
    dropout: float = 0.3
    backbone: str = ""


class Lrcn(nn.Module):
    """From crops of one eye over time to logits of being closed.

    Section 3.2 there: features of each frame by a CNN, an LSTM over them, a fully connected layer for each
    frame. The LSTM begins with a state of nought that is an input of the graph, so that it runs as ONNX.

    Args:
        size: Of the networks.
        backbone: From (N, 1, side, side) to (N, features).
    """

    def __init__(self, size: EyeNetwork, backbone: nn.Module) -> None:
        super().__init__()
        self.hidden = size.hidden
        self.backbone = backbone
        self.dropout = nn.Dropout(size.dropout)
        self.lstm = nn.LSTM(size.features, size.hidden, batch_first=True)
        self.state = nn.Linear(size.hidden, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """Return (B, T, 1, 1) logits.

        Args:
            crops: (B, T, side, side), normalised.
        """
        batch, frames, height, width = crops.shape
        features = self.backbone(crops.reshape(batch * frames, 1, height, width))
        features = self.dropout(features).reshape(batch, frames, -1)
        start = features.new_zeros(1, batch, self.hidden)
        out, _ = self.lstm(features, (start, start))
        return self.state(out)[..., None]


def small_backbone(size: EyeNetwork) -> nn.Module:
    """Return a CNN of a few ten thousand weights.

    Raises:
        UsageError: The side is not divisible by two to the number of widths.
    """
    cells, rest = divmod(size.side, 2 ** len(size.widths))
    if rest:
        raise UsageError(f"crops of {size.side} pixels cannot be halved {len(size.widths)} times")
    layers: list[nn.Module] = []
    before = 1
    for width in size.widths:
        layers += [nn.Conv2d(before, width, 3, 2, 1), nn.GroupNorm(min(8, width), width), nn.ReLU()]
        before = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * cells**2, size.features), nn.ReLU())


class _Vgg(nn.Module):
    """The convolutions of a VGG network and its first fully connected layer, on grey pictures."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.features = network.features
        self.fc6, self.act = network.pre_logits.fc1, network.pre_logits.act1

    def forward(self, crops: Tensor) -> Tensor:
        found = self.features(crops.expand(-1, 3, -1, -1))
        return self.act(self.fc6(found)).flatten(1)


def backbone_of(size: EyeNetwork, weights: Path | None = None, *, download: bool = False) -> nn.Module:
    """Return the network for single frames.

    Args:
        size: Which.
        weights: File of the pretrained weights of a network of timm; random ones if None.
        download: Let timm fetch them.

    Raises:
        MissingExtra: timm is not installed.
        UsageError: timm has no such VGG network, or it could not be filled.
    """
    if not size.backbone:
        return small_backbone(size)
    try:
        import timm
    except ImportError as error:
        raise MissingExtra("a network of timm", "train") from error
    if not size.backbone.startswith("vgg"):
        raise UsageError(f"not a VGG network: {size.backbone}", expected="vgg16", actual=size.backbone)
    try:
        found = timm.create_model(
            size.backbone, pretrained=download, checkpoint_path="" if weights is None else str(weights)
        )
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(f"timm gives no {size.backbone}: {line}", actual=size.backbone) from error
    return _Vgg(found)
