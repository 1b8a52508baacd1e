"""`forensics datasets audit`: what tells reals and fakes apart without a look at what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.status import FOUND, UNREADABLE

if TYPE_CHECKING:
    from forensics.detectors.leaks import LeakReport
    from forensics.detectors.leaks.records import Measured

__all__ = ["audit"]

FOLDER = click.Path(path_type=Path)
_NAMED = 5  # unreadable files


@click.command(no_args_is_help=True)
@click.argument("real", type=FOLDER)
@click.argument("fake", type=FOLDER)
@click.option(
    "--most", type=click.IntRange(min=20), default=1000, show_default=True, help="Pictures of each class."
)
@click.option(
    "--bound", type=click.FloatRange(0.5, 1, max_open=True), default=0.55, show_default=True,
    help="An area under the ROC curve surely above this is a leak.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn."
)
@click.option("--fail-on", type=click.Choice(["leak"]), help="Exit with status 1 if anything leaks.")
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object.")
def audit(
    real: Path, fake: Path, most: int, bound: float, seed: int, fail_on: str | None, as_json: bool
) -> int:
    """Say how well the pictures in REAL and FAKE can be told apart without a look at what they show.

    Format, metadata, size, bytes and what an earlier JPEG left are classified alone and together, and real
    pictures are set against real ones that were scaled or stored as the fakes are. All figures are of sources
    that were not fitted to. The exit status is 3 if a file could not be read.
    """
    from forensics.cli.output import json_line
    from forensics.cli.progress import progress
    from forensics.detectors.leaks import audit_leaks, sample_of

    with progress(2 * most, "reading") as advance:
        reals, fakes = (sample_of(folder, most, seed, advance) for folder in (real, fake))
    report = audit_leaks(reals, fakes, bound, seed)
    if as_json:
        click.echo(json_line(report))
    else:
        _say(report)
    if fail_on and report.leaky:
        return FOUND
    return UNREADABLE if report.unreadable else 0


def _say(report: LeakReport) -> None:
    from forensics.report.safe import printable

    click.echo(f"{report.reals} real and {report.fakes} fake pictures of {report.sources} sources")
    click.echo(f"\n{'told apart by':11s} accuracy   AUC [95 %]          what gives it away")
    for leak in report.leaks:
        best = leak.features[0] if leak.features and leak.leaks else None
        why = f"{best.name}: {best.real} real, {best.fake} fake" if best else leak.about
        click.echo(f"{leak.family:13s} {_figures(leak.measured, leaks=leak.leaks)} {printable(why, 200)}")
    click.echo("\nreal against real")
    for control in report.controls:
        found = control.measured
        figures = _figures(found, leaks=control.leaks) if found else f"{'not applicable':35s}"
        click.echo(f"{control.name:13s} {figures} {control.reason or control.about}")
    click.echo(f"\n{'a detector':13s} {_figures(report.detector, leaks=False)} all of that, and a spectrum")
    click.echo(f"\n{report.sentence}")
    for name in report.unreadable[:_NAMED]:
        click.echo(f"left out: {printable(name, 2000)}", err=True)
    if len(report.unreadable) > _NAMED:
        click.echo(f"and {len(report.unreadable) - _NAMED} more were left out", err=True)


def _figures(found: Measured, *, leaks: bool) -> str:
    mark = "LEAKS" if leaks else "-"
    interval = f"[{found.low:.3f}, {found.high:.3f}]"
    return f"{100 * found.accuracy:5.1f} %   {found.auc:.3f} {interval} {mark:5s}"
