"""What the commands of `forensics camera` share: which database, and records of comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from forensics.detectors.prnu.compare import Comparison
    from forensics.detectors.prnu.records import Camera

__all__ = [
    "CAUTIONS", "camera_json", "comparison_json", "comparison_line", "database_option", "json_option", "say",
    "search_option",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
Record = dict[str, Any]

CAUTIONS = {
    "computational": "its maker's phones merge several frames: the pattern may be missing from its pictures",
    "shared_patterns": "recent cameras of its maker may share patterns (arXiv 2009.04878)",
    "few_pictures": "enrolled from few pictures: ten and more show the pattern better",
    "mixed": "its pictures do not all name one camera",
}


def database_option(function: F) -> F:
    """Add `--database`."""
    return click.option(
        "--database",
        "place",
        metavar="PATH",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Where the cameras are; else $FORENSICS_CAMERAS, else your own place.",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")(function)


def search_option(function: F) -> F:
    """Add `--search`."""
    return click.option(
        "--search",
        "searching",
        is_flag=True,
        help="The picture may be reduced, cropped or turned: look everywhere. Takes up to minutes a camera.",
    )(function)


def say(record: Record, text: str, as_json: bool) -> None:
    """Write a record as JSON, or its text."""
    from forensics.report.safe import printable

    if as_json:
        click.echo(json.dumps(record, allow_nan=False))
    else:
        for line in text.splitlines():
            click.echo(printable(line, 2000))


def camera_json(camera: Camera) -> Record:
    """Return a camera as a record."""
    label = camera.label
    return {
        "name": camera.name, "make": label.make or None, "model": label.model or None,
        "serial": label.serial or None, "software": label.software or None, "width": camera.width,
        "height": camera.height, "pictures": camera.pictures, "strength": camera.strength or None,
        "flags": list(camera.flags), "enrolled": camera.created,
    }  # fmt: skip


def comparison_json(found: Comparison, matched: bool) -> Record:
    """Return a comparison as a record."""
    peak, placement = found.peak, found.placement
    return {
        "camera": found.camera.name, "match": matched, "log10_p": round(found.log10_p, 3),
        "llr": round(found.llr, 3), "z": round(peak.z, 3), "pce": round(peak.pce, 2),
        "expected_z": round(found.expected, 2) or None, "searched": peak.searched,
        "quarter_turns": placement.turns, "scale": round(placement.scale, 5), "row": peak.row,
        "column": peak.column, "null_scores": found.null.scores, "null_spread": round(found.null.spread, 3),
        "flags": list(found.camera.flags),
    }  # fmt: skip


def comparison_line(found: Comparison, matched: bool) -> str:
    """Return a comparison as a line, and one for each caution if it is a match."""
    peak, placement = found.peak, found.placement
    where = []
    if placement.turns:
        where.append(f"turned by {90 * placement.turns} degrees")
    if placement.scale != 1:
        where.append(f"at {100 * placement.scale:.1f} % of its size")
    if (peak.row, peak.column) != (0, 0):
        where.append(f"from row {peak.row}, column {peak.column}")
    head = "match   " if matched else "no match"
    line = f"{head}  {found.camera.name}  p 10^{found.log10_p:.1f}, PCE {peak.pce:.1f}"
    line += f"  ({', '.join(where)})" if matched and where else ""
    notes = [f"          note: {CAUTIONS[flag]}" for flag in found.camera.flags if flag in CAUTIONS]
    if not found.null.scores:
        notes.append("          note: no other camera of the model is enrolled; the chance is the theory's")
    return "\n".join([line, *(notes if matched else [])])
