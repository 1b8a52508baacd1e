"""A calibration for a person, as JSON, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console
from forensics.detectors.calibrating.collecting import Collected
from forensics.detectors.calibrating.table import BucketScale
from forensics.detectors.evaluation import curves
from forensics.detectors.evaluation.bootstrap import Figure
from forensics.errors import UsageError
from forensics.files import atomic_write
from forensics.fusion.calibrating import Calibrated
from forensics.report.plots import svg_file
from forensics.report.safe import printable

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["draw", "show", "to_json"]

SHOWN = ("AUC", "TPR at FPR 1 %", "Cllr", "Cllr_min")
DRAWN = {
    "roc": curves.roc_plot,
    "det": curves.det_plot,
    "rates": curves.rates_plot,
    "tippett": curves.tippett_plot,
    "reliability": curves.reliability_plot,
    "abstention": curves.abstention_plot,
}


def to_json(found: Calibrated, collected: Collected) -> dict[str, Any]:
    """Return the result as a record."""
    own = found.own
    return {
        **own.index.model_dump(mode="json"),
        "tables": [
            {"code": t.code, "version": t.version, "buckets": [_bucket(b) for b in t.buckets]}
            for t in own.tables
        ],
        "fusion": own.fusion.model_dump(mode="json") if own.fusion else None,
        "scored_before": collected.known,
        "left_out": [{"file": one.name, "reason": one.reason} for one in collected.left_out],
    }


def show(found: Calibrated, collected: Collected, folder: Path) -> None:
    """Print what was fitted, and how good it is on sources that it was not fitted on."""
    index = found.own.index
    console().print(_table(found))
    lines = [
        f"{index.real} real pictures of {index.real_sources} sources and {index.fake} fake ones of "
        f"{index.fake_sources}; {collected.known} were scored before.",
        "Below each figure is its 95 % interval by source; measured on sources that were not fitted on.",
        *(f"Not calibrated: {s.code}: {s.reason}" for s in index.skipped),
        *([] if index.fused else ["How findings repeat each other was not learned: the usual rule holds."]),
        f"Use it: forensics audit --calibration {folder} FILE",
    ]
    click.echo("\n".join(printable(line, 1000) for line in lines))


def _table(found: Calibrated) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in ("finding", "quality, sources", "weighs", *SHOWN):
        table.add_column(head, overflow="fold")
    for each in found.own.tables:
        for b in each.buckets:
            reach = f"{b.scale.llrs[0]:.2f} to\n{b.scale.llrs[-1]:.2f}"
            quality = f"{b.bucket}\n{b.scale.negative_sources} + {b.scale.positive_sources}"
            table.add_row(printable(each.code), quality, reach, *_cells(b.figures))
    if found.own.fusion is not None:
        table.add_row("all fused", "all", "", *_cells(found.own.fusion.figures))
    return table


def draw(found: Calibrated, folder: Path) -> None:
    """Draw the curves of every finding, and of all fused, as SVG files.

    Raises:
        UsageError: They cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        for code in (*found.gathered.codes, None):
            outcomes = found.outcomes(code)
            if outcomes is None:
                continue
            for name, plot in DRAWN.items():
                made = plot(outcomes, f"{code or 'all fused'}: {name}")
                if any(series.x for series in made.series):
                    atomic_write(folder / f"{code or 'fused'}.{name}.svg", svg_file(made))
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None


def _bucket(bucket: BucketScale) -> dict[str, Any]:
    scale = bucket.scale
    return {
        "bucket": bucket.bucket,
        "real_sources": scale.negative_sources,
        "fake_sources": scale.positive_sources,
        "least": scale.llrs[0],
        "most": scale.llrs[-1],
        "figures": {f.name: {"value": f.value, "low": f.low, "high": f.high} for f in bucket.figures},
    }


def _cells(figures: Sequence[Figure]) -> list[str]:
    by_name = {f.name: f for f in figures}
    return [f"{f.value:.2f}\n{f.low:.2f}-{f.high:.2f}" if (f := by_name.get(name)) else "-" for name in SHOWN]
