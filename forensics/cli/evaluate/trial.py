"""An evaluation of detectors for a person, as files, and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from forensics.cli.output import console
from forensics.detectors.evaluation import curves
from forensics.detectors.judging.cells import ALL
from forensics.detectors.judging.deliveries import AS_IS
from forensics.detectors.judging.evaluating import Evaluated
from forensics.detectors.judging.looking import FUSED
from forensics.detectors.judging.markdown import report_of
from forensics.detectors.judging.results import Cell, Results
from forensics.detectors.judging.table import CONTROL, Table
from forensics.errors import UsageError
from forensics.evidence import Plot
from forensics.files import atomic_write
from forensics.report.plots import svg_file
from forensics.report.safe import printable

__all__ = ["draw", "show", "write"]

RESULTS, REPORT = "results.json", "report.md"
SHOWN = (
    "AUC",
    "TPR at FPR 1 %",
    "found at frozen 1 %",
    "false alarms at frozen 1 %",
    "false alarms at odds",
    "Cllr",
)
RANKED = {"roc": curves.roc_plot, "det": curves.det_plot}
WEIGHED = {
    "tippett": curves.tippett_plot,
    "reliability": curves.reliability_plot,
    "abstention": curves.abstention_plot,
}


def write(results: Results, folder: Path) -> None:
    """Write results.json and report.md.

    Raises:
        UsageError: They cannot be written.
    """
    try:
        atomic_write(folder / RESULTS, (results.model_dump_json(indent=1) + "\n").encode())
        atomic_write(folder / REPORT, report_of(results).encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None


def show(found: Evaluated, folder: Path) -> None:
    """Print all makers together, delivery by delivery; the files have the rest."""
    from rich.table import Table as Grid

    results = found.results
    if results.cells:
        grid = Grid("row", "delivery", *SHOWN, box=None, pad_edge=False)
        for cell in results.cells:
            if cell.maker == ALL:
                grid.add_row(printable(cell.row), cell.delivery, *(_value(cell, name) for name in SHOWN))
        console().print(grid)
    accused = [a for a in results.alarms if a.accused]
    lines = [
        *results.notes,
        *(
            f"{a.corpus}, {a.delivery}: {a.row} accuses {a.accused} of {a.pictures} real pictures at {a.at}"
            for a in accused
        ),
        *(["No picture of --real-only was accused."] if results.alarms and not accused else []),
        *(f"left out: {x.name}: {x.reason}" for x in results.left_out[:5]),
        *([f"and {len(results.left_out) - 5} more"] if len(results.left_out) > 5 else []),
        *(f"failed on some pictures: {text}" for text in results.failed),
        f"{found.known} looks were known from before. All tables: {folder / REPORT}",
    ]
    click.echo("\n".join(printable(line, 1000) for line in lines))


def draw(found: Evaluated, folder: Path) -> None:
    """Draw the curves of every row, as they are, and of all fused in every delivery, as SVG files.

    Raises:
        UsageError: They cannot be written.
    """
    if found.table is None:
        return
    try:
        folder.mkdir(exist_ok=True)
        for name, plot in _plots(found.table):
            if any(series.x for series in plot.series):
                atomic_write(folder / f"{name}.svg", svg_file(plot))
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None


def _plots(table: Table) -> Iterator[tuple[str, Plot]]:
    deliveries = dict.fromkeys(table.deliveries.tolist())
    for delivery in deliveries:
        lines = table.column(table.named, delivery)
        for number, row in enumerate(table.rows):
            if row == CONTROL or (delivery != AS_IS and row != FUSED):
                continue
            title = f"{row}, {'as they are' if delivery == AS_IS else delivery}"
            name = f"{_safe(row)}.{_safe(delivery)}"
            kinds = ((RANKED, lines.scores[:, number]), (WEIGHED, lines.llrs[:, number]))
            for plots, values in kinds:
                outcomes = lines.outcomes(values)
                if outcomes is not None:
                    yield from (
                        (f"{name}.{kind}", plot(outcomes, f"{title}: {kind}")) for kind, plot in plots.items()
                    )


def _safe(name: str) -> str:
    """Return a name as a part of a file name."""
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in name)[:80]


def _value(cell: Cell, name: str) -> str:
    found = cell.figure(name)
    return "-" if found is None else f"{found.value:.3f}"
