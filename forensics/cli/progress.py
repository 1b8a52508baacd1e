"""Progress of long work, for people who cannot see the results scroll by."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

__all__ = ["progress", "sharing"]


def progress(total: int, doing: str) -> Any:
    """Return a context giving a function to call after each file.

    A bar is drawn only if results go to a file or pipe, and a person watches standard error.

    Args:
        total: Number of files.
        doing: What is done to them, as in "auditing".
    """
    if total < 2 or (sys.stdout and sys.stdout.isatty()) or not (sys.stderr and sys.stderr.isatty()):
        return nullcontext(lambda: None)
    return _bar(total, doing)


def sharing(doing: str) -> Any:
    """Return a context giving a function to call with the share that is done, 0 to 1, and a text beside it.

    A bar with the time left is drawn if a person watches standard error.

    Args:
        doing: What is done, as in "training".
    """
    if not (sys.stderr and sys.stderr.isatty()):
        return nullcontext(lambda _share, _text: None)
    return _shares(doing)


def _shares(doing: str) -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    @contextmanager
    def bar() -> Iterator[Any]:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(doing, total=1.0)
            yield lambda share, text: shown.update(task, completed=share, description=f"{doing} {text}")

    return bar()


def _bar(total: int, doing: str) -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def bar() -> Iterator[Any]:
        with Progress(console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(doing, total=total)
            yield lambda: shown.advance(task)

    return bar()
