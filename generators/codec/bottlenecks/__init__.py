"""What latents go through: a Gaussian, rounding to a grid, or codebooks."""

from forensics.generators.codec.bottlenecks.base import Bottleneck, Latents
from forensics.generators.codec.bottlenecks.codebook import Codebook, Relaxed, Spherical
from forensics.generators.codec.bottlenecks.gaussian import (
    Gaussian,
    active_units,
    annealed,
    gaussian_kl,
    kl_objective,
)
from forensics.generators.codec.bottlenecks.groups import Product, Residual
from forensics.generators.codec.bottlenecks.rounding import Rounding, Signs
from forensics.generators.codec.bottlenecks.scales import Scales
from forensics.generators.codec.bottlenecks.usage import Usage, entropy_gap, usage_of

__all__ = [
    "Bottleneck",
    "Codebook",
    "Gaussian",
    "Latents",
    "Product",
    "Relaxed",
    "Residual",
    "Rounding",
    "Scales",
    "Signs",
    "Spherical",
    "Usage",
    "active_units",
    "annealed",
    "entropy_gap",
    "gaussian_kl",
    "kl_objective",
    "usage_of",
]
