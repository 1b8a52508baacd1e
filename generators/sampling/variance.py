"""The normal distribution of one step towards the picture: its mean, and the variances that it may have."""

from __future__ import annotations

from forensics.generators.sampling.arrays import Array, apply, at_least
from forensics.generators.sampling.paths import At

__all__ = ["forward_variance", "learned_variance", "posterior_mean", "posterior_variance"]


# Ho et al. 2020, arXiv:2006.11239, section 2: beta, for any two times of any path.
def forward_variance(here: At, there: At) -> Array:
    """Return the variance of q(z | z'), where z' is nearer to the picture.

    Args:
        here: The path at the time of z.
        there: At that of z', where there is some picture.
    """
    return at_least(here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2, 0.0)


# Ho et al. 2020, arXiv:2006.11239, eq. 7: beta-tilde.
def posterior_variance(here: At, there: At) -> Array:
    """Return the variance of q(z' | z, x); the arguments are those of `forward_variance`."""
    return forward_variance(here, there) * (there.sigma / here.sigma) ** 2


# Ho et al. 2020, arXiv:2006.11239, eq. 7: mu-tilde.
def posterior_mean(x: Array, z: Array, here: At, there: At) -> Array:
    """Return the mean of q(z' | z, x).

    Args:
        x: Pictures.
        z: What became of them.
        here: The path at the time of z.
        there: At that of z', which is nearer to the picture.
    """
    kept = here.alpha * there.sigma**2 / (there.alpha * here.sigma)
    return there.alpha * x + kept * (z - here.alpha * x) / here.sigma


# Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 15; survey eq. 87.
def learned_variance(share: Array, here: At, there: At) -> Array:
    """Return a variance between that of the posterior and that of the forward process.

    Args:
        share: Of the logarithm of the latter, v: 0 gives the former, 1 the latter.
        here: The path at the time of z.
        there: At that of z', where there is still some noise.
    """
    least = apply("log", posterior_variance(here, there))
    most = apply("log", forward_variance(here, there))
    return apply("exp", share * most + (1.0 - share) * least)
