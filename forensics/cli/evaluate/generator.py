"""`forensics evaluate generator`: made pictures against real ones, and against those of the training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.progress import sharing
from forensics.cli.status import UNREADABLE
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.cli.evaluate.sources import Source
    from forensics.generators.evaluation.extractor import Extractor
    from forensics.generators.evaluation.report import Report

__all__ = ["generator"]

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
FILE = click.Path(path_type=Path, dir_okay=False)
RANGES = ("unit", "signed", "imagenet")


@click.command(no_args_is_help=True)
@click.argument("made")
@click.argument("real")
@click.option("--train", help="What the generator was trained on: look for copies.")
@click.option("--model", help="The generator itself, a folder or a name: ask it of the real pictures.")
@click.option("--codec", type=FOLDER, help="Of --model, if that works in latents or tokens.")
@click.option("--features", help="Network for FID, KID and the like: an ONNX file, or timm:NAME.")
@click.option(
    "--feature-range", type=click.Choice(RANGES),
    help="Of its input: 0 to 1 (what ONNX files get if not given), -1 to 1, or as of ImageNet.",
)  # fmt: skip
@click.option("--feature-side", type=click.IntRange(min=16), help="Of its input, in pixels, if it is open.")
@click.option("--feature-weights", type=FILE, help="Of timm:NAME, a safetensors file.")
@click.option("--download", is_flag=True, help="Let timm fetch the weights from the network.")
@click.option("--side", type=click.IntRange(min=16), help="Cut all pictures into squares of so many pixels.")
@click.option(
    "--most", type=click.IntRange(min=8), default=5000, show_default=True,
    help="Made pictures at most, and twice as many real ones; drawn if there are more.",
)  # fmt: skip
@click.option(
    "--splits", type=click.IntRange(min=2), default=8, show_default=True, help="Of the real pictures."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all draws.")
@click.option("--plot", type=FILE, help="Draw the spectra into this file (SVG).")
@click.option("--loss-plot", type=FILE, help="Draw the error of --model by noise into this file (SVG).")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def generator(made: str, real: str, as_json: bool, plot: Path | None, **options: Any) -> int:
    """Measure how near the pictures MADE by a generator are to REAL ones.

    MADE and REAL, and what --train names, are folders (as of `forensics generate`), tar archives or
    procedural corpora. All figures stand beside those of real pictures against real ones. REAL should hold
    twice as many pictures as MADE, of the same size and format, and none that the generator was trained on.

    With --model, the generator itself says how well it knows them: its error behind noise if it denoises, and
    bits if its likelihood is exact, beside the same of --train: where that is better, it over-fits.

    What cannot be read is left out, and the exit status is 3.
    """
    from forensics.cli.evaluate.judged import draw_losses, judge, opened
    from forensics.cli.evaluate.showing import show, to_json
    from forensics.cli.evaluate.sources import load
    from forensics.cli.evaluate.sources import notes as notes_of
    from forensics.cli.watermark.records import json_text

    for path in (plot, options["loss_plot"]):
        _check_plot(path)
    extractor, model = _extractor(options), opened(options)
    sources = load(made, real, options["train"], options["side"], options["most"], options["seed"])
    for note in notes_of(sources):
        click.echo(note, err=True)
    found = judge(model, sources, options["seed"]) if model else None
    report = _measured(sources, extractor, options)
    if plot:
        _draw(plot, report)
    if found and options["loss_plot"]:
        draw_losses(options["loss_plot"], found, options["model"])
    if as_json:
        click.echo(json_text(to_json(report, sources, found)))
    else:
        show(report, sources, found)
    return UNREADABLE if any(source.pack.unreadable for source in sources) else 0


def _check_plot(plot: Path | None) -> None:
    """Refuse a target that cannot be written or is no drawing, before the work and not after it."""
    if plot is None:
        return
    if plot.suffix.lower() != ".svg":
        raise UsageError(f"{plot} is drawn as SVG: name a file that ends in .svg")
    if not plot.parent.is_dir():
        raise UsageError(f"the folder {plot.parent} does not exist")


def _extractor(options: dict[str, Any]) -> Extractor | None:
    from forensics.generators.evaluation.extractor import FeatureOptions, load_extractor

    given = FeatureOptions(
        options["feature_range"], options["feature_side"], options["feature_weights"], options["download"]
    )
    if options["features"]:
        return load_extractor(options["features"], given)
    if given != FeatureOptions():
        raise UsageError("options of features need --features: an ONNX file, or timm:NAME")
    return None


def _measured(sources: tuple[Source, ...], extractor: Extractor | None, options: dict[str, Any]) -> Report:
    from forensics.generators.evaluation.report import evaluate

    made, real, *train = (source.pack for source in sources)
    with sharing("measuring") as advance:
        return evaluate(
            made.squares,
            real.parts,
            train=train[0].squares if train else None,
            features=extractor,
            splits=options["splits"],
            seed=options["seed"],
            advance=lambda share: advance(share, ""),
        )


def _draw(plot: Path, report: Report) -> None:
    from forensics.files import atomic_write
    from forensics.report.bands import Banded, svg_band

    spectra = report.spectra
    made, real, low, high = (
        [10.0 * power for power in row] for row in (spectra.made, spectra.real, spectra.low, spectra.high)
    )
    title = f"Spectra of {report.made} made and {report.real} real pictures"
    drawn = Banded(title, "cycles per pixel", "power, dB", spectra.frequencies, made, real, low, high)
    try:
        atomic_write(plot, svg_band(drawn).encode())
    except OSError as error:
        raise UsageError(f"cannot write {plot}: {error.strerror or error}") from None
