"""A run: where it computes, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from forensics.errors import UsageError

__all__ = ["Ramp", "device_named"]


@dataclass(frozen=True)
class Ramp:
    """A value that goes from one to another in a part of a run.

    Attributes:
        start: Share of the run at which it begins to change.
        stop: Share at which it is there.
        first: Value before.
        last: Value after.
    """

    start: float
    stop: float
    first: float
    last: float

    def __call__(self, done: float) -> float:
        """Return the value when a share of the run is done."""
        way = min(1.0, max(0.0, (done - self.start) / max(self.stop - self.start, 1e-9)))
        return self.first + way * (self.last - self.first)


def device_named(name: str) -> torch.device:
    """Return a device: "cpu", "cuda", or "auto" for the GPU where there is one.

    Raises:
        UsageError: There is no such device.
    """
    there = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if there else "cpu")
    if name not in ("cpu", "cuda") or (name == "cuda" and not there):
        raise UsageError(f"no device {name!r} here; there are: auto, cpu{', cuda' if there else ''}")
    return torch.device(name)
