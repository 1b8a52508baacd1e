"""`forensics watermark bench`: measure what marks survive in pictures of yours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console
from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND
from forensics.cli.watermark.options import FILE, ascii_line, rate_option
from forensics.errors import ForensicsError, UsageError

if TYPE_CHECKING:
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
@click.option("--psnr", type=float, default=40.0, show_default=True, help="Strength of the mark in dB.")
@click.option(
    "--layout", type=click.Choice(("short", "standard", "long")), default="standard", show_default=True
)
@rate_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of attacks that draw.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per attack and line.")
def bench(paths: tuple[Path, ...], as_json: bool, **options: Any) -> int:
    """Mark pictures with a fresh key, attack them, and count in how many the mark is found and read.

    Exits with 1 if a row falls short of what its suite demands. Nothing is written.
    """
    from forensics.watermark.bench import summarise

    suite = _suite(options)
    results = summarise(suite, _trials(list(expand(paths)), suite, options))
    if as_json:
        for result in results:
            click.echo(ascii_line(_record(result)))
    else:
        _table(results)
    return 0 if all(result.met for result in results) else FOUND


def _suite(options: dict[str, Any]) -> Suite:
    from forensics.watermark.attacks import Row, Suite, load_suite, parse_attack

    if options["attacks"]:
        rows = tuple(Row("given", parse_attack(text), None) for text in options["attacks"])
        return Suite("given", "Given on the command line", rows)
    return load_suite(options["name"], options["suites"])


def _trials(found: list[Path], suite: Suite, options: dict[str, Any]) -> list[Trial]:
    from forensics.media import open_media
    from forensics.watermark.bench import run
    from forensics.watermark.keys import Key
    from forensics.watermark.watermarker import Watermarker

    marker = Watermarker(Key.generate(), layout=options["layout"], psnr=options["psnr"])
    trials: list[Trial] = []
    with progress(len(found), "attacking") as advance:
        for path in found:
            try:
                pixels = open_media(path).pixels
                trials += run(
                    marker,
                    str(path),
                    pixels,
                    suite,
                    rate=options["rate"],
                    seed=options["seed"],
                )
            except ForensicsError as error:
                click.echo(f"left out {path}: {error}", err=True)
            advance()
    if not trials:
        raise UsageError("no picture could be used")
    return trials


def _record(result: Result) -> dict[str, Any]:
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
    for name, side in (("attack", "left"), ("found", "right"), ("read", "right"), ("95 %", "right"),
                       ("weakest p", "right"), ("s/MP", "right"), ("", "left")):  # fmt: skip
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    for r in results:
        table.add_row(
            r.attack, f"{r.detected}/{r.pictures}", f"{r.exact}/{r.pictures}",
            f"{r.interval.low:.2f}-{r.interval.high:.2f}", f"10^{r.weakest:.1f}",
            f"{r.seconds_per_megapixel:.2f}", "" if r.met else f"below {r.demand:.0%}",
        )  # fmt: skip
    console().print(table)
