"""One file in, one checklist out; whatever the file is, nothing is raised."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from forensics.article50.measures import MEASURES, Measure
from forensics.article50.records import CheckReport, Finding, Outcome, Result, now, overall
from forensics.article50.subject import Settings, Subject
from forensics.errors import ForensicsError, MediaError, MissingExtra
from forensics.files import encodable
from forensics.media import Media, open_media

__all__ = ["check", "told"]

logger = logging.getLogger(__name__)


def check(
    path: str | os.PathLike[str],
    settings: Settings,
    *,
    measures: Sequence[Measure] = MEASURES,
    look: Callable[[Media], None] | None = None,
) -> CheckReport:
    """Check one file against the measures.

    Args:
        path: The file.
        settings: Trust policy, keys, store, and what a mark has to survive.
        measures: The measures, in the order of the report.
        look: Called with the opened file while its pixels are in memory.

    Returns:
        The checklist; with `error` and without results where the file cannot be read, or where we failed.
    """
    report = CheckReport(time=now(), path=encodable(os.fspath(path)), outcome=None)
    try:
        media = open_media(Path(path))
        opened = report.model_copy(update={"sha256": media.sha256, "mime": media.container.mime})
        _decode(media)
        subject = Subject(Path(path), media, settings)
        results = tuple(_result(measure, subject) for measure in measures)
        if look is not None:
            look(media)
    except Exception as error:
        logger.debug("checking %r failed", path, exc_info=True)
        code, reason = told(error)
        return report.model_copy(update={"error": code, "reason": reason})
    return opened.model_copy(update={"results": results, "outcome": overall(results)})


def told(error: Exception) -> tuple[str, str]:
    """Return the code and the sentence for an error, ours or not."""
    if isinstance(error, ForensicsError):
        return error.code, encodable(str(error))
    if isinstance(error, MemoryError):
        return "limit", "out of memory"
    return "internal", encodable(f"our own failure, please report it: {type(error).__name__}: {error}")


def _decode(media: Media) -> None:
    """Make sure that there are pixels; measures that need a decoder that is not installed name it."""
    try:
        _ = media.pixels
    except MissingExtra:
        return


def _result(measure: Measure, subject: Subject) -> Result:
    return Result(
        **_finding(measure, subject).model_dump(),
        measure=measure.name,
        title=measure.title,
        section=measure.section,
        layer=measure.layer,
    )


def _finding(measure: Measure, subject: Subject) -> Finding:
    """Run a measure; what it could not do, such as ask a store that is locked, leaves it undecided."""
    try:
        return measure.run(subject)
    except MediaError:
        raise
    except ForensicsError as error:
        return Finding(outcome=Outcome.UNKNOWN, reason=encodable(str(error)))
