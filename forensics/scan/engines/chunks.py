"""How many files a worker takes at a time: enough that handing them out costs little."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.scan.engines.base import Task

__all__ = ["Chunker"]

_SECONDS = 0.5  # of work in a chunk: what is done again at most if the machine stops
_MOST = 256
_BYTES = 64 << 20
_WEIGHT = 0.3  # of the newest measurement


class Chunker:
    """Takes tasks from a stream, as many at a time as are about half a second of work.

    Args:
        first: How many at a time until something was measured.
    """

    def __init__(self, first: int) -> None:
        self._count = float(first)

    def took(self, files: int, seconds: float) -> None:
        """Learn from a chunk that was worked on."""
        if files and seconds > 0:
            fitting = files * _SECONDS / seconds
            self._count = max(1.0, min(_MOST, (1 - _WEIGHT) * self._count + _WEIGHT * fitting))

    def take(self, tasks: Iterator[Task]) -> tuple[Task, ...]:
        """Return the next tasks; () at the end. One that has to be alone is."""
        taken: list[Task] = []
        size = 0
        for task in tasks:
            taken.append(task)
            size += max(task.item.size, 0)
            if task.alone or len(taken) >= round(self._count) or size >= _BYTES:
                break
        return tuple(taken)
