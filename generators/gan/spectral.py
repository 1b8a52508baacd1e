"""The spectrum of what is made, held to that of real pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["radial_profile", "spectral_loss"]

_LUMA = (0.299, 0.587, 0.114)


# Durall et al. 2020, arXiv:2003.01826, eqs. 4 to 6: azimuthal integration of the power spectrum.
def radial_profile(x: Tensor) -> Tensor:
    """Return the mean power at each distance from zero frequency, over that at zero.

    Args:
        x: (B, C, S, S) pictures from 0 to 1, of one or three channels.

    Returns:
        (B, S // 2), from zero frequency to the highest along an axis.
    """
    side = x.shape[-1]
    grey = (x * x.new_tensor(_LUMA)[:, None, None]).sum(1) if x.shape[1] == len(_LUMA) else x.mean(1)
    power = torch.fft.fft2(grey.float()).abs().square()
    frequency = torch.fft.fftfreq(side, 1 / side, device=x.device)
    ring = torch.hypot(frequency[:, None], frequency[None]).round().long().clamp(max=side // 2)
    count = torch.bincount(ring.flatten(), minlength=side // 2 + 1)
    total = power.new_zeros(len(x), side // 2 + 1).index_add_(1, ring.flatten(), power.flatten(1))
    mean = (total / count)[:, : side // 2]
    return mean / mean[:, :1].clamp(min=1e-12)


# Durall et al. 2020, eq. 8; survey eq. 129.
def spectral_loss(made: Tensor, real_profile: Tensor) -> Tensor:
    """Return the cross-entropy of the profile of each picture against that of real ones, less its least.

    Args:
        made: (B, C, S, S) pictures from 0 to 1.
        real_profile: (S // 2,) mean `radial_profile` of real pictures.
    """
    wanted = _scaled(real_profile)
    found = _scaled(radial_profile(made)).clamp(1e-6, 1.0 - 1e-6)
    least = F.binary_cross_entropy(wanted.clamp(1e-6, 1.0 - 1e-6), wanted)
    return F.binary_cross_entropy(found, wanted.expand_as(found)) - least


def _scaled(profile: Tensor) -> Tensor:
    """Bring a profile to (0, 1): the logarithm of the power, of which 12 decades are told apart."""
    return (1.0 + profile.clamp(min=1e-12).log10() / 12.0).clamp(0.0, 1.0)
