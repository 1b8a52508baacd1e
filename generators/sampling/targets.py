"""What a denoiser may predict: the picture, the noise, v, the velocity or the score, all equivalent.

Where one of the shares is zero some of these cannot be had from others (noise from the picture where there is
no noise); networks are asked a little inside then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias, get_args

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array, Time
from forensics.generators.sampling.paths import At, Path

__all__ = [
    "TARGETS",
    "Denoiser",
    "Estimate",
    "Target",
    "denoiser",
    "estimate",
    "score",
    "split",
    "target",
    "velocity",
]

Target: TypeAlias = Literal["x", "noise", "v", "velocity", "score"]
TARGETS: tuple[Target, ...] = get_args(Target)
_CLEAN = 1e-6  # of noise: too little to be told from none


class Estimate(NamedTuple):
    """What a denoiser says of a mixture z = alpha x + sigma e.

    Attributes:
        x: The picture.
        noise: The noise e.
        share: Which variance a step is to have, `variance.learned_variance`; None where nothing is said.
    """

    x: Array
    noise: Array
    share: Array | None = None


Denoiser: TypeAlias = Callable[[Array, float], Estimate]


def target(kind: Target, x: Array, noise: Array, at: At) -> Array:
    """Return what a network is to predict.

    Args:
        kind: Of what kind that is.
        x: Pictures.
        noise: Noise.
        at: The path at the time of each picture.
    """
    match kind:
        case "x":
            return x
        case "noise":
            return noise
        case "v":  # Salimans & Ho 2022, arXiv:2202.00512, section 4
            return at.alpha * noise - at.sigma * x
        case "velocity":  # Lipman et al. 2022, arXiv:2210.02747, eq. 11
            return at.alpha_rate * x + at.sigma_rate * noise
        case "score":  # of z given x: Song et al. 2020, arXiv:2011.13456
            return -noise / at.sigma
    raise UsageError(f"there is no target {kind!r}", expected=", ".join(TARGETS), actual=kind)


def estimate(kind: Target, predicted: Array, z: Array, at: At) -> Estimate:
    """Return picture and noise from what a network predicts: the inverse of `target`.

    Args:
        kind: What it predicts.
        predicted: Its output.
        z: Its input.
        at: The path at the time of its input.
    """
    match kind:
        case "x":
            return Estimate(predicted, (z - at.alpha * predicted) / at.sigma)
        case "noise":
            return Estimate((z - at.sigma * predicted) / at.alpha, predicted)
        case "v":
            power = at.alpha**2 + at.sigma**2
            x = (at.alpha * z - at.sigma * predicted) / power
            return Estimate(x, (at.sigma * z + at.alpha * predicted) / power)
        case "velocity":
            turn = at.sigma * at.alpha_rate - at.alpha * at.sigma_rate
            x = (at.sigma * predicted - at.sigma_rate * z) / turn
            return Estimate(x, (at.alpha_rate * z - at.alpha * predicted) / turn)
        case "score":
            noise = -at.sigma * predicted
            return Estimate((z - at.sigma * noise) / at.alpha, noise)
    raise UsageError(f"there is no target {kind!r}", expected=", ".join(TARGETS), actual=kind)


def velocity(found: Estimate, at: At) -> Array:
    """Return dz/dt along the path, the field of the probability-flow ODE."""
    return at.alpha_rate * found.x + at.sigma_rate * found.noise


# Tweedie's formula; Song et al. 2020, arXiv:2011.13456.
def score(found: Estimate, at: At) -> Array:
    """Return the gradient of the logarithm of the density of z."""
    return -found.noise / at.sigma


def denoiser(
    predict: Callable[[Array, Time], Array],
    kind: Target,
    path: Path,
    nearest: float = 1e-3,
    *,
    learned: bool = False,
    begin: float = 0.0,
) -> Denoiser:
    """Return the denoiser of a network.

    Args:
        predict: The network: what it predicts for z at a time.
        kind: What that is.
        path: Along which it was trained.
        nearest: How near to both ends the network is asked; beyond, the picture that it finds there is taken,
            and the noise that goes with it.
        learned: It also says which variance steps are to have: see `split`.
        begin: The time that it is asked at where there is noise alone. One that predicts noise errs there by
            more than there is of the picture.
    """

    def denoise(z: Array, t: float) -> Estimate:
        at = path.at(t)
        inside = min(max(t if at.alpha > 0.0 else begin, nearest), 1.0 - nearest)
        predicted, share = split(predict(z, inside)) if learned else (predict(z, inside), None)
        found = estimate(kind, predicted, z, path.at(inside))._replace(share=share)
        if inside == t or at.sigma <= _CLEAN:
            return found
        return found._replace(noise=(z - at.alpha * found.x) / at.sigma)

    return denoise


# Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.1; a network that says nothing yet begins in the middle.
def split(found: Array) -> tuple[Array, Array]:
    """Return what a network of learned variance predicts, and the share of `variance.learned_variance`.

    Args:
        found: (B, 2 C, ...) its output: what it predicts, then numbers from -1, for a share of 0, to 1.
    """
    channels = found.shape[1] // 2
    return found[:, :channels], (found[:, channels:] + 1.0) / 2.0
