"""Features of networks that were trained to tell pictures, by timm: VGG and its kin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.perceptual import feature_loss
from forensics.generators.evaluation.backbones import timm_library, timm_model
from forensics.generators.evaluation.extractor import TIMM
from forensics.training.checkpoint import digest_of

__all__ = ["TimmFeatures", "distance_in"]


# Johnson et al. 2016, arXiv:1603.08155, section 3.2 (VGG); Zhang et al. 2018 (LPIPS), arXiv:1801.03924: the
# networks, without the weights of their channels that were learned from judgements.
class TimmFeatures(nn.Module):
    """What the stages of a network of timm see; it never learns.

    Args:
        name: As timm knows it, with or without "timm:" before it: "timm:vgg16.tv_in1k".
        weights: A safetensors file of the whole network, with or without its classifier.
        download: Let timm fetch its weights from the network instead.

    Attributes:
        name: With "timm:" before it.
        digest: Of its weights.

    Raises:
        MissingExtra: timm is not installed.
        UsageError: timm has no such network, or none that gives features; or the weights are not there, do
            not fit or were not asked for.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, weights: Path | None = None, *, download: bool = False) -> None:
        super().__init__()
        short = name.removeprefix(TIMM)
        self.name = f"{TIMM}{short}"
        self.network = timm_model(short, weights, download=download)
        if not hasattr(self.network, "forward_intermediates"):
            raise UsageError(f"{self.name} gives no features of its stages; take VGG, for example")
        if hasattr(self.network, "prune_intermediate_layers"):
            self.network.prune_intermediate_layers(prune_head=True)
        config = timm_library().data.resolve_model_data_config(self.network)
        for key, of in (("mean", "mean"), ("deviation", "std")):
            self.register_buffer(key, torch.tensor(config[of]).view(3, 1, 1))
        self.requires_grad_(False).eval()
        state = self.network.state_dict()
        self.digest = digest_of(*(part for key in sorted(state) for part in (key, state[key])))

    def train(self, mode: bool = True) -> TimmFeatures:
        """Stay as it is: norms keep what they were trained with."""
        return super().train(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features of each stage for (B, 3, H, W) pictures from 0 to 1.

        Raises:
            UsageError: The network does not take pictures of this size.
        """
        x = (x - self.mean) / self.deviation
        try:
            found: list[Tensor] = self.network.forward_intermediates(x, intermediates_only=True)
        except AssertionError as error:  # as of transformers with places of a fixed number
            raise UsageError(f"{self.name} takes no pictures of this size: {error}") from error
        return found


def distance_in(seeing: TimmFeatures) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the distance of (B, 3, H, W) pictures, 0 to 1, from others in the features of a network."""
    return lambda found, wanted: feature_loss(seeing(found), seeing(wanted))
