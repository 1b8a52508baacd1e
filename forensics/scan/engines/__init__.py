"""Engines: the same work on many processes, or many machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import UsageError
from forensics.scan.settings import WorkSettings

if TYPE_CHECKING:
    from forensics.scan.engines.base import Engine

__all__ = ["ENGINES", "opened_engine"]

ENGINES = ("local", "ray")


def opened_engine(name: str, settings: WorkSettings, workers: int, spool: Path, chunk: int) -> Engine:
    """Return an engine by its name.

    Args:
        name: One of `ENGINES`.
        settings: How to look at files.
        workers: Processes, or actors of Ray.
        spool: Folder in which workers of this machine leave what they did.
        chunk: Files that a worker takes at a time, until it is known how long they take.

    Raises:
        MissingExtra: It needs a package that is not installed.
        UsageError: There is none of that name, or there are no workers.
    """
    if workers < 1:
        raise UsageError(f"at least one worker is needed, not {workers}", expected=">= 1", actual=workers)
    if name == "local":
        from forensics.scan.engines.local import LocalEngine

        return LocalEngine(settings, workers, spool, chunk)
    if name == "ray":
        from forensics.scan.engines.ray import RayEngine

        return RayEngine(settings, workers, chunk)
    raise UsageError(f"no engine called {name!r}; there are: {', '.join(ENGINES)}", actual=name)
