"""What a model says of real pictures: opened, as a table, as JSON and as a drawing."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console
from forensics.cli.progress import sharing
from forensics.errors import UsageError
from forensics.report.safe import printable

if TYPE_CHECKING:
    from forensics.cli.evaluate.sources import Source
    from forensics.generators.evaluation.held_out import HeldOut, Mean, Reading
    from forensics.generators.evaluation.judges import Judge

__all__ = ["draw_losses", "held_out_record", "judge", "opened", "show_held_out"]


def opened(options: dict[str, Any]) -> Judge | None:
    """Return the model that --model names, if it does.

    Raises:
        UsageError: It cannot be asked, or options of a model stand without one.
    """
    if not options["model"]:
        if options["codec"] or options["loss_plot"]:
            raise UsageError("--codec and --loss-plot are of a model: name it with --model")
        return None
    from forensics.generators.evaluation.opening import open_judge

    found = open_judge(options["model"], options["codec"])
    if options["loss_plot"] and not found.about.points:
        raise UsageError("--loss-plot is of models that denoise: the likelihood of this one is one figure")
    return found


def judge(found: Judge, sources: tuple[Source, ...], seed: int) -> HeldOut:
    """Ask a model of the real pictures, and of those of its training if they are given.

    Raises:
        ModelError: What it says is no number.
        UsageError: It does not take pictures of this size.
    """
    from forensics.generators.evaluation.held_out import held_out

    _, real, *train = (source.pack.squares for source in sources)
    with sharing("asking the model") as advance:
        return held_out(
            found, real, train[0] if train else None, seed=seed, advance=lambda share: advance(share, "")
        )


def held_out_record(found: HeldOut | None) -> dict[str, Any] | None:
    """Return what a model says as an object of JSON."""
    if found is None:
        return None
    readings = [
        {**asdict(one), "gap": asdict(one.gap) if one.gap else None, "over_fitted": one.over_fitted}
        for one in found.readings
    ]
    return {**asdict(found), "readings": readings}


def show_held_out(found: HeldOut) -> None:
    """Write what a model says for a person."""
    from rich.table import Table

    of = f"{found.count} real pictures" + (f" and {found.train} of the training" if found.train else "")
    click.echo(f"what the model says of {of}: {found.measure} {found.unit}")
    click.echo(f"({found.note})")
    table = Table(box=None)
    for name in ("noise", "real", "training", "gap", "", "no model"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    for one in found.readings:
        table.add_row(*_row(one))
    console().print(table)
    if any(one.over_fitted for one in found.readings):
        click.echo("* more than two standard errors: it knows the pictures of its training better")


def _row(one: Reading) -> tuple[str, ...]:
    noise = f"{one.point.noise:g}" if one.point else ""
    figures = (_mean(mean) for mean in (one.held_out, one.train, one.gap))
    return noise, *figures, "*" if one.over_fitted else "", f"{one.blind:.3g}"


def _mean(found: Mean | None) -> str:
    return "" if found is None else f"{found.value:.4g} ± {found.error:.1g}"


def draw_losses(path: Path, found: HeldOut, model: str) -> None:
    """Draw errors by the level of noise into a file.

    Raises:
        UsageError: It cannot be written.
    """
    from forensics.evidence import Plot, Series
    from forensics.files import atomic_write
    from forensics.report.plots import svg_file

    x = tuple(-_decibels(one.point.noise**2) for one in found.readings if one.point)
    lines = {"real pictures": [one.held_out.value for one in found.readings]}
    if found.train:
        lines["of the training"] = [one.train.value for one in found.readings if one.train]
    lines["no model"] = [one.blind for one in found.readings]
    series = tuple(Series(name=name, x=x, y=tuple(map(_decibels, y))) for name, y in lines.items())
    plot = Plot(
        title=f"Error of {printable(Path(model).name)} by noise",
        x_label="picture over noise, dB",
        y_label=f"{found.measure}, dB",
        series=series,
    )
    try:
        atomic_write(path, svg_file(plot))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _decibels(power: float) -> float:
    """Return a power in dB; what is next to nothing, at -120."""
    return 10.0 * math.log10(max(power, 1e-12))
