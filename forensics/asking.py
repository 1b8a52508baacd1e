"""Asking detectors about one file, so that one that fails costs only what it would have said."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from forensics.detectors.base import Detector
from forensics.evidence import Evidence, Grade, Status
from forensics.media import Media
from forensics.subject import Run

__all__ = ["asked"]


def asked(run: Run, media: Media, stage: Sequence[Detector], readable: bool, workers: int) -> list[Evidence]:
    """Return what detectors say of a file, side by side: they share its pixels and spend their time in NumPy.

    Whatever one of them does, the others are asked; one that fails has said so.

    Args:
        run: The audit, which keeps times and problems.
        media: The file.
        stage: The detectors; those for other kinds of files are left out.
        readable: Whether its pixels can be had; if not, only those that need none are asked.
        workers: How many at a time.
    """
    kind = media.container.kind
    chosen = [d for d in stage if kind in d.info.kinds and (readable or not d.info.needs_pixels)]
    if min(workers, len(chosen)) < 2:
        return [e for d in chosen for e in _examine_one(run, d, media)]
    with ThreadPoolExecutor(workers) as pool:
        return [e for found in pool.map(lambda d: _examine_one(run, d, media), chosen) for e in found]


def _examine_one(run: Run, detector: Detector, media: Media) -> tuple[Evidence, ...]:
    found = run.step(detector.info.name, lambda: _checked(detector.examine(media)))
    return (_failed(run, detector),) if found is None else found


def _checked(found: object) -> tuple[Evidence, ...]:
    """Return what a detector gave, if it is what the contract says: plug-ins come from others."""
    if not isinstance(found, tuple) or not found or not all(isinstance(e, Evidence) for e in found):
        raise TypeError(f"a detector returns a tuple of evidence, at least one piece, not {found!r:.100}")
    return found


def _failed(run: Run, detector: Detector) -> Evidence:
    message = next(p.message for p in run.problems if p.where == detector.info.name)
    return Evidence(
        detector=detector.info.name,
        version=detector.info.version,
        code=f"{detector.info.name}.failed",
        question=detector.info.questions[0],
        grade=Grade.OPINION,
        status=Status.ERROR,
        summary=f"The method failed: {message}",
    )
