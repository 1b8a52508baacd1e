"""A run: where it computes, how far it is, and the log of what it measured."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["Averaged", "Ramp", "device_named", "log_line"]


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


class Averaged:
    """The exponential moving average of a module's weights (Polyak and Juditsky 1992).

    Args:
        average: A copy of the module, which holds the average.
        keep: Share of the average that one step keeps.
    """

    def __init__(self, average: nn.Module, keep: float = 0.998) -> None:
        self.module = average.requires_grad_(False)
        self.keep = keep

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after a step; the first steps count more, so that the start is forgotten."""
        keep = min(self.keep, (1 + step) / (10 + step))
        for mine, new in zip(self.module.parameters(), module.parameters(), strict=True):
            mine.lerp_(new, 1 - keep)
        for mine_buffer, new_buffer in zip(self.module.buffers(), module.buffers(), strict=True):
            mine_buffer.copy_(new_buffer)


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


def log_line(path: Path, record: dict[str, Any]) -> None:
    """Append a record to a log of JSON lines."""
    plain = {key: float(v) if isinstance(v, Tensor) else v for key, v in record.items()}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(plain) + "\n")
