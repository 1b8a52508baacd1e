"""What each step of marking a file took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

__all__ = ["Clock"]


class Clock:
    """Measures steps by their names.

    Attributes:
        seconds: Wall time of each step so far.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Measure a block; a step that comes back is added up."""
        started = perf_counter()
        try:
            yield
        finally:
            took = perf_counter() - started
            self.seconds[step] = round(self.seconds.get(step, 0.0) + took, 6)
