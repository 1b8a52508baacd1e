"""What the check returns: one finding for each measure, and the checklist of one file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from forensics import __version__
from forensics.evidence import Measurement, Model

__all__ = [
    "NOTICE",
    "SCHEMA_VERSION",
    "CheckReport",
    "Finding",
    "Layer",
    "Outcome",
    "Result",
    "now",
    "overall",
]

SCHEMA_VERSION = "1.0"
NOTICE = (
    "Evidence, no legal advice: it says what was found in this file, not whether anybody meets the law. "
    "It assumes that the file is the output of a generative model, which it cannot know."
)


class Outcome(StrEnum):
    """What came of one measure, or of all of them."""

    PASS = "pass"  # noqa: S105 - it was looked for and is there
    FAIL = "fail"  # it was looked for and is not there, or does not hold
    NOT_APPLICABLE = "not_applicable"  # it does not concern such a file; the reason says why
    UNKNOWN = "unknown"  # it could not be decided; the reason says what is missing


class Layer(StrEnum):
    """What carries the mark that a measure is about."""

    METADATA = "metadata"  # signed metadata
    WATERMARK = "watermark"  # an imperceptible mark in the pixels
    REGISTRY = "registry"  # the manifest store, by mark, hash and fingerprint
    ALL = "all"  # how the layers stand together


class Finding(Model):
    """What one measure found."""

    outcome: Outcome
    reason: str = Field(description="One sentence for a person.")
    evidence: tuple[Measurement, ...] = ()


class Result(Finding):
    """What one measure found, with the measure."""

    measure: str = Field(description="Name of the measure, such as 'signed'.")
    title: str
    section: str = Field(description="Measure of the Code of Practice that it belongs to, as cited.")
    layer: Layer


class CheckReport(Model):
    """The checklist of one file."""

    schema_version: str = SCHEMA_VERSION
    suite_version: str = __version__
    notice: str = NOTICE
    time: str = Field(description="When it was checked, ISO 8601 in UTC.")
    path: str = Field(description="As given; bytes that are not UTF-8 are written as \\xNN.")
    sha256: str = Field(default="", description="Of the file, '' if it could not be read.")
    mime: str = ""
    outcome: Outcome | None = Field(
        description="'fail' if a measure fails, else 'unknown' if one could not be decided, else 'pass'; "
        "null if the file could not be read."
    )
    results: tuple[Result, ...] = Field(default=(), description="In the order of the measures.")
    error: str | None = Field(default=None, description="Code of what kept it from being checked.")
    reason: str | None = Field(default=None, description="The same as a sentence.")

    def named(self, outcome: Outcome) -> tuple[str, ...]:
        """Return the names of the measures with an outcome."""
        return tuple(result.measure for result in self.results if result.outcome is outcome)


def overall(findings: Iterable[Finding]) -> Outcome:
    """Return what findings amount to.

    Example:
        >>> overall([Finding(outcome="pass", reason=""), Finding(outcome="unknown", reason="")]).value
        'unknown'
    """
    outcomes = {finding.outcome for finding in findings}
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
