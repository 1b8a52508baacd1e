"""How straight the ways from noise to pictures are."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import steps_of
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser, velocity

__all__ = ["deviation"]


# Liu et al. 2022, arXiv:2209.03003, section 2.2: S(Z), here over the squared length of the ways.
def deviation(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> float:
    """Return by how much the ways of a model deviate from straight ones: 0 if one step is as good as many.

    Args:
        denoise: The model.
        z: (B, ...) what to start with, at the first time.
        times: Rising, from noise to picture; steps of Euler.
        path: Along which the model works.
    """
    start, fields = z, []
    for t, after in steps_of(times):
        fields.append((after - t, velocity(denoise(z, t), path.at(t))))
        z = z + (after - t) * fields[-1][1]
    straight = (z - start) / (times[-1] - times[0])
    apart = sum(length * float(((field - straight) ** 2).mean()) for length, field in fields)
    return float(apart / (times[-1] - times[0]) / (straight**2).mean())
