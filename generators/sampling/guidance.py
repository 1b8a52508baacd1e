"""Steering what is sampled: denoisers made of denoisers."""

from __future__ import annotations

from collections.abc import Callable

from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Denoiser, Estimate

__all__ = ["by_gradient", "guided", "rescaled", "thresholded"]


# Ho & Salimans 2022, arXiv:2207.12598, eq. 6, with the scale of most programs: 1 + w of the paper.
def guided(conditional: Denoiser, unconditional: Denoiser, scale: float) -> Denoiser:
    """Return classifier-free guidance.

    Args:
        conditional: What is wanted.
        unconditional: Everything, or what is not wanted (a negative prompt).
        scale: 1 leaves the conditional as it is, 0 gives the other, more than 1 goes beyond.
    """
    if scale == 1.0:
        return conditional

    def denoise(z: Array, t: float) -> Estimate:
        wanted, other = conditional(z, t), unconditional(z, t)
        x, noise = other.x + scale * (wanted.x - other.x), other.noise + scale * (wanted.noise - other.noise)
        return Estimate(x, noise, wanted.share)

    return denoise


# Lin et al. 2023, arXiv:2305.08891, eqs. 14 to 16.
def rescaled(conditional: Denoiser, strong: Denoiser, path: Path, share: float = 0.7) -> Denoiser:
    """Return strong guidance whose pictures have no more contrast than those without it.

    Args:
        conditional: Without guidance.
        strong: With it.
        path: Along which both work.
        share: 0 leaves the guidance as it is.
    """

    def denoise(z: Array, t: float) -> Estimate:
        plain, found = conditional(z, t), strong(z, t)
        even = found.x * (_deviation(plain.x) / _deviation(found.x))
        return _with_noise(found, share * even + (1.0 - share) * found.x, z, path.at(t))

    return denoise


# Saharia et al. 2022 (Imagen), arXiv:2205.11487, section 2.3.
def thresholded(denoise: Denoiser, path: Path, share: float = 0.995) -> Denoiser:
    """Return dynamic thresholding: pictures in [-1, 1], whatever the guidance.

    Args:
        denoise: The model, of pictures in [-1, 1].
        path: Along which it works.
        share: Of the values of a picture that are not cut; the largest of them becomes 1.
    """

    def bounded(z: Array, t: float) -> Estimate:
        found = denoise(z, t)
        bound = _quantile(abs(found.x), share).clip(1.0)
        return _with_noise(found, found.x.clip(-bound, bound) / bound, z, path.at(t))

    return bounded


# Dhariwal & Nichol 2021, arXiv:2105.05233, algorithm 2; survey eqs. 90 and 91.
def by_gradient(denoise: Denoiser, gradient: Callable[[Array, float], Array], path: Path) -> Denoiser:
    """Return classifier guidance.

    Args:
        denoise: The model.
        gradient: Of the logarithm of a probability by z, times the scale.
        path: Along which the model works.
    """

    def denoised(z: Array, t: float) -> Estimate:
        at, found = path.at(t), denoise(z, t)
        noise = found.noise - at.sigma * gradient(z, t)
        x = found.x if at.alpha <= 0.0 else (z - at.sigma * noise) / at.alpha
        return Estimate(x, noise, found.share)

    return denoised


def _with_noise(found: Estimate, x: Array, z: Array, at: At) -> Estimate:
    """Return an estimate with another picture, and the noise that goes with it."""
    return found._replace(x=x, noise=(z - at.alpha * x) / max(float(at.sigma), 1e-6))


def _deviation(x: Array) -> Array:
    """Return the deviation of each picture, in a shape that broadcasts against them."""
    flat = x.reshape(len(x), -1)
    centred = flat - flat.mean(1)[:, None]
    return ((centred * centred).mean(1) ** 0.5).clip(1e-9).reshape(-1, *[1] * (x.ndim - 1))


def _quantile(x: Array, share: float) -> Array:
    """Return a quantile of each picture, in a shape that broadcasts against them."""
    flat = x.reshape(len(x), -1)
    shape = (-1, *[1] * (x.ndim - 1))
    if hasattr(flat, "quantile"):
        return flat.quantile(share, 1).reshape(shape)
    import numpy as np

    return np.quantile(flat, share, axis=1).astype(flat.dtype).reshape(shape)
