"""The numbers of a scan that people ask for first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from forensics.evidence import Model
from forensics.scan.row import ScanRow

__all__ = ["Spread", "Summary", "summarise"]

_MOST_SIGNERS = 10


class Spread(Model):
    """How a number is spread."""

    count: int
    median: float
    p95: float
    most: float


class Summary(Model):
    """The numbers of a scan."""

    files: int
    bytes: int
    states: dict[str, int]
    verdicts: dict[str, int]
    reasons: dict[str, int]
    formats: dict[str, int]
    sources: dict[str, int]
    credential_states: dict[str, int]
    watermarks: dict[str, int]
    signers: dict[str, int] = Field(description="The most frequent ones.")
    contradictions: dict[str, int]
    duplicates: int = Field(description="Files with the bytes of an earlier one.")
    clusters: int = Field(description="Clusters of near-duplicates.")
    matches: dict[str, int] = Field(description="Files found on lists of hashes, by list.")
    seconds: Spread | None = Field(default=None, description="Of work on a file.")
    steps: dict[str, float] = Field(default_factory=dict, description="Seconds of all files, by step.")


def summarise(rows: Iterable[ScanRow]) -> Summary:
    """Return the numbers of some rows.

    Args:
        rows: Of one scan.
    """
    counts: dict[str, Counter[str]] = {}
    steps: dict[str, float] = {}
    seconds: list[float] = []
    clusters: set[str] = set()
    files = size = duplicates = 0
    for row in rows:
        files, size, duplicates = files + 1, size + row.bytes, duplicates + bool(row.duplicate_of)
        clusters |= {row.cluster} - {""}
        seconds += [row.seconds] if row.timings else []
        for timing in row.timings:
            steps[timing.step] = steps.get(timing.step, 0.0) + timing.seconds
        for name, values in _counted(row).items():
            counts.setdefault(name, Counter()).update(values)
    got = {name: dict(sorted(c.items(), key=lambda pair: (-pair[1], pair[0]))) for name, c in counts.items()}
    empty = {name: dict[str, int]() for name in _NAMES}
    named = {**empty, **got}
    named["signers"] = dict(list(named["signers"].items())[:_MOST_SIGNERS])
    return Summary(
        files=files,
        bytes=size,
        duplicates=duplicates,
        clusters=len(clusters),
        seconds=_spread(seconds),
        steps={name: round(total, 3) for name, total in sorted(steps.items(), key=lambda pair: -pair[1])},
        **named,
    )


_NAMES = (
    "states",
    "verdicts",
    "reasons",
    "formats",
    "sources",
    "credential_states",
    "watermarks",
    "signers",
    "contradictions",
    "matches",
)


def _counted(row: ScanRow) -> dict[str, list[str]]:
    """Return what a row adds to each table of counts."""
    return {
        "states": [row.state.value],
        "verdicts": [row.verdict] if row.verdict else [],
        "reasons": [row.reason] if row.reason else [],
        "formats": [row.format] if row.format else [],
        "sources": [row.source],
        "credential_states": [row.credential_state] if row.credential_state else [],
        "watermarks": [row.watermark] if row.watermark else [],
        "signers": [row.signer] if row.signer else [],
        "contradictions": list(row.contradictions),
        "matches": sorted({match.list for match in row.matches}),
    }


def _spread(values: list[float]) -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95)]
    return Spread(count=len(ordered), median=at[0], p95=at[1], most=ordered[-1])
