"""Modules of PyTorch that make pictures of noise, as samplers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra

__all__ = ["ModuleSampler"]


class ModuleSampler:
    """A sampler of a module; give it to `register`.

    Args:
        module: (B, *shape) standard normal noise and, if there are labels, (B,) int64 classes, to
            (B, 3, H, W) pictures. It is used as it stands: in the mode and on the device that it is in.
        shape: Of the noise of one picture.
        low: Value of its pictures that means black.
        high: Value that means white.
        labels: Names of its classes.

    Raises:
        MissingExtra: PyTorch is not installed.
    """

    def __init__(
        self,
        module: Any,
        shape: Sequence[int],
        low: float = -1.0,
        high: float = 1.0,
        labels: Sequence[str] = (),
    ) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingExtra("a module of PyTorch", "train") from error
        self._torch, self._module, self._shape = torch, module, tuple(shape)
        self._low, self._high, self.labels = low, high, tuple(labels)

    def __call__(self, seeds: Sequence[int], label: int = -1) -> npt.NDArray[np.uint8]:
        """Return (len(seeds), H, W, 3) pictures, each from noise of its own seed."""
        torch = self._torch
        noise = torch.stack(
            [torch.randn(self._shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        )
        place = next((p for p in self._module.parameters()), noise)
        given = [noise.to(place)]
        if self.labels:
            given.append(torch.full((len(seeds),), label, device=place.device))
        with torch.inference_mode():
            x = (self._module(*given).float() - self._low) / (self._high - self._low)
        found = (x.clamp(0, 1) * 255).round().byte().movedim(1, -1).cpu().numpy()
        return np.ascontiguousarray(found)
