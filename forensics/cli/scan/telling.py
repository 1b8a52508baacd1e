"""What a finished scan says on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forensics.report.safe import printable

if TYPE_CHECKING:
    from forensics.scan.finishing import Finished

__all__ = ["told"]


def told(finished: Finished) -> str:
    """Return what a scan came to, in a few lines.

    Args:
        finished: Its results.
    """
    manifest = finished.manifest
    left = sum(manifest.left_out.values())
    lines = [
        f"{manifest.listed} files, {manifest.bytes / 1e6:,.1f} MB: {_counts(manifest.states)}",
        f"verdicts: {_counts({name: n for name, n in manifest.verdicts.items() if name})}",
    ]
    if manifest.reasons:
        lines.append(f"reasons: {_counts(manifest.reasons)}")
    if left:
        lines.append(f"left out while listing: {_counts(manifest.left_out)}")
    if manifest.clusters:
        lines.append(f"clusters of near-duplicates: {manifest.clusters}")
    lines.append(f"rows: {printable(str(finished.folder / 'rows'))} ({len(manifest.parts)} parts)")
    if finished.page:
        lines.append(f"report: {printable(str(finished.page))}")
    return "\n".join(lines)


def _counts(values: dict[str, int]) -> str:
    ordered = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{printable(name)} {count}" for name, count in ordered) or "none"
