"""What each trained detector is made of: features, and a network or a fitted classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from forensics.detectors.train.networks import CountNetwork, Filtered, Normed, ResidualNetwork, backbone
from forensics.detectors.train.run import DetectorRun

__all__ = ["METHODS", "Trained", "network_for"]


@dataclass(frozen=True)
class Trained:
    """One way to tell.

    Attributes:
        title: What it looks at, in a few words.
        source: Paper.
        network: Makes the network of the suite; None for a classifier that is fitted.
        pictures: Whether features are pictures, which networks of timm take as well.
        tiles: Of a picture that are looked at, at most.
    """

    title: str
    source: str
    network: Callable[[], nn.Module] | None
    pictures: bool = False
    tiles: int = 32


METHODS: Mapping[str, Trained] = {
    "cooccurrence": Trained(
        "co-occurrence matrices of each colour", "Nataraj et al. 2019, arXiv:1903.06836", CountNetwork
    ),
    "dct": Trained("logarithms of a cosine transform", "Frank et al. 2020, arXiv:2003.08685", None),
    "dire": Trained(
        "maps of what a diffusion model does not give back",
        "Wang et al. 2023, arXiv:2303.09295",
        lambda: ResidualNetwork(inputs=3),
        tiles=8,
    ),
    "dire_step": Trained(
        "maps of what one step of a diffusion model does not give back",
        "Luo et al. 2024, arXiv:2403.17465; Ma et al. 2023, arXiv:2307.06272",
        lambda: ResidualNetwork(inputs=3),
        tiles=8,
    ),
    "linear_probe": Trained(
        "features of a network that stands still", "Ojha et al. 2023, arXiv:2302.10174", None, pictures=True
    ),
    "reconstruction": Trained(
        "errors of an autoencoder, against those of a copy",
        "Ricker et al. 2024, arXiv:2401.17879",
        None,
        tiles=8,
    ),
    "residual": Trained(
        "residuals on the picture's own grid",
        "Tan et al. 2024, arXiv:2312.10461; Corvi et al. 2022, arXiv:2211.00680",
        ResidualNetwork,
        pictures=True,
    ),
    "spectral": Trained("azimuthal profiles of the power", "Durall et al. 2020, arXiv:2003.01826", None),
}


def network_for(method: str, config: DetectorRun) -> nn.Module:
    """Return the network of a method, untrained.

    Raises:
        MissingExtra: timm is not installed.
        UsageError: There is no such network of timm.
    """
    made = METHODS[method].network
    if made is None:
        raise ValueError(f"{method} is fitted, not trained")
    if not config.backbone or not METHODS[method].pictures:
        return made()
    network = backbone(config.backbone, config.weights, side=config.side)
    return Normed(network) if config.weights else Filtered(network)
