"""A scan that looks again every so often."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forensics.scan.run import Job

__all__ = ["passes"]


def passes(job: Job, seconds: float | None) -> Iterator[Job]:
    """Yield the job, and then for ever what looks for new and changed files in the same folder.

    Args:
        job: The first pass.
        seconds: Between the end of a pass and the next; None for one pass.
    """
    yield job
    while seconds is not None:
        time.sleep(seconds)
        yield replace(job, sources=(), work=None, listing=None, resume=True, update=True)
