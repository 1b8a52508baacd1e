"""`forensics watermark bench`: measure what marks survive in pictures of yours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console
from forensics.cli.status import FOUND, UNREADABLE
from forensics.cli.watermark.options import (
    FILE,
    codec_option,
    json_option,
    layout_option,
    psnr_option,
    rate_option,
    seed_option,
)
from forensics.cli.watermark.records import Record, files_of, json_text, name_of, usable
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.media import Pixels
    from forensics.watermark.attacks import Suite
    from forensics.watermark.bench import Result, Trial

__all__ = ["bench"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--suite", "name", default="quick", show_default=True, help="quick, contract, full, or one of --suites."
)
@click.option("--suites", type=FILE, help="A file of suites of your own (TOML).")
@click.option(
    "--attack", "attacks", multiple=True, help="An attack as in jpeg:50, in place of a suite (repeatable)."
)
@codec_option
@psnr_option
@layout_option
@rate_option
@seed_option
@click.option("--plot", type=FILE, help="Draw it into this file (SVG): every attack, every picture.")
@json_option
def bench(paths: tuple[Path, ...], as_json: bool, plot: Path | None, **options: Any) -> int:
    """Mark pictures with a fresh key, attack them, and count in how many the mark is found and read.

    Exits with 1 if a row falls short of what its suite demands. No picture is written. What cannot be used
    is left out, and the exit status is 3.
    """
    from forensics.watermark.bench import run, summarise
    from forensics.watermark.keys import Key
    from forensics.watermark.watermarker import Watermarker

    _check(plot)
    suite = _suite(options)
    marker = Watermarker(
        Key.generate(), layout=options["layout"], psnr=options["psnr"], codec=options["codec"]
    )
    trials: list[Trial] = []

    def use(path: Path, pixels: Pixels) -> None:
        trials.extend(run(marker, name_of(path), pixels, suite, rate=options["rate"], seed=options["seed"]))

    left_out = usable(files_of(paths), "attacking", use)
    if not trials:
        raise UsageError("no picture could be used")
    results = summarise(suite, trials)
    if plot:
        _draw(plot, suite.title, trials, options["rate"])
    if as_json:
        for result in results:
            click.echo(json_text(_record(result)))
    else:
        _table(results)
    if not all(result.met for result in results):
        return FOUND
    return UNREADABLE if left_out else 0


def _check(plot: Path | None) -> None:
    """Refuse a target that cannot be written or is no drawing, before the work and not after it."""
    if plot is None:
        return
    if plot.suffix.lower() != ".svg":
        raise UsageError(f"{plot} is drawn as SVG: name a file that ends in .svg")
    if not plot.parent.is_dir():
        raise UsageError(f"the folder {plot.parent} does not exist")


def _draw(plot: Path, title: str, trials: list[Trial], rate: float) -> None:
    from forensics.files import atomic_write
    from forensics.report.survival import Strip, svg_strips

    by_attack: dict[str, list[Trial]] = {}
    for trial in trials:
        by_attack.setdefault(trial.attack, []).append(trial)
    strips = [
        Strip(attack, [t.log10_p for t in every], [t.exact for t in every])
        for attack, every in by_attack.items()
    ]
    try:
        atomic_write(plot, svg_strips(f"What marks survive: {title}", strips, rate).encode())
    except OSError as error:
        raise UsageError(f"cannot write {plot}: {error.strerror or error}") from None


def _suite(options: dict[str, Any]) -> Suite:
    from forensics.watermark.attacks import Row, Suite, load_suite, parse_attack

    if not options["attacks"]:
        return load_suite(options["name"], options["suites"])
    chosen = dict.fromkeys(parse_attack(text) for text in options["attacks"])
    rows = tuple(Row("given", attack, None) for attack in chosen)
    return Suite("given", "Given on the command line", rows)


def _record(result: Result) -> Record:
    return {
        "group": result.group,
        "attack": result.attack,
        "demand": result.demand,
        "met": result.met,
        "pictures": result.pictures,
        "detected": result.detected,
        "exact": result.exact,
        "interval": [round(result.interval.low, 4), round(result.interval.high, 4)],
        "weakest_log10_p": round(result.weakest, 2),
        "median_log10_p": round(result.median, 2),
        "seconds_per_megapixel": round(result.seconds_per_megapixel, 4),
    }


def _table(results: list[Result]) -> None:
    from rich.table import Table

    table = Table(box=None)
    for name in ("attack", "found", "read", "95 %", "weakest p", "s/MP", ""):
        table.add_column(name, justify="left" if name in ("attack", "") else "right")
    for r in results:
        table.add_row(
            r.attack, f"{r.detected}/{r.pictures}", f"{r.exact}/{r.pictures}",
            f"{r.interval.low:.2f}-{r.interval.high:.2f}", f"10^{r.weakest:.1f}",
            f"{r.seconds_per_megapixel:.2f}", "" if r.met else f"below {r.demand:.0%}",
        )  # fmt: skip
    console().print(table)
