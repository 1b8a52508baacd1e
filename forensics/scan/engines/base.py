"""What an engine is: tasks in, one outcome for each of them out, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from forensics.scan.items import Item
from forensics.scan.packed import Packed

__all__ = ["Done", "Engine", "Lost", "Task"]


@dataclass(frozen=True)
class Task:
    """A file that an engine has to work on.

    Attributes:
        number: Its number in the journal.
        item: The file.
        alone: It gets a worker of its own: it was being worked on when a worker, or a whole run, ended badly.
        failures: How many workers it brought down so far.
    """

    number: int
    item: Item
    alone: bool = False
    failures: int = 0


@dataclass(frozen=True)
class Done:
    """A file that was worked on.

    Attributes:
        number: Its number in the journal.
        packed: What came of it.
    """

    number: int
    packed: Packed


@dataclass(frozen=True)
class Lost:
    """A file that brought its worker down, and then again when it was alone.

    Attributes:
        number: Its number in the journal.
        reason: "crash", "timeout", "memory", or "internal" for a fault of ours.
        message: What was seen, in one sentence.
        attempts: How many times it was begun.
    """

    number: int
    reason: str
    message: str
    attempts: int = 2


class Engine(Protocol):
    """Workers somewhere. An engine reads tasks only as fast as it works on them."""

    name: str

    def run(self, tasks: Iterator[Task]) -> AbstractContextManager[Iterator[list[Done | Lost]]]:
        """Return a context giving what comes of each task, some at a time, each exactly once, in any order.

        Leaving the context ends all workers, whether they are done or not.
        """
        ...

    def committed(self) -> None:
        """Say that all that was yielded so far is safe elsewhere."""
        ...
