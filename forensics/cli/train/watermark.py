"""`forensics train watermark`: the networks of the codec `learned`, and the extractor for signing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.datasets.packs import Squares
    from forensics.training.card import Origins

__all__ = ["watermark"]

Options = dict[str, Any]
SIDE = 128  # of the squares, in pixels


PRESETS = ("smoke", "cpu", "gpu")


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--model", type=click.Choice(("learned", "signing")), default="learned", show_default=True,
    help="Networks of the codec `learned`, or the extractor that decoders are taught to sign with.",
)  # fmt: skip
@click.option("--preset", type=click.Choice(PRESETS), default="cpu", show_default=True)
@click.option(
    "--data", default="procedural", show_default=True,
    help="Folder or tar archive of pictures, or `procedural` for made-up ones.",
)  # fmt: skip
@click.option("--licence", default="not stated", show_default=True, help="Of the pictures, for the card.")
@click.option(
    "--most", type=click.IntRange(min=20), default=20_000, show_default=True, help="Pictures at most."
)
@click.option("--steps", type=click.IntRange(min=1), help="Instead of the preset's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def watermark(folder: Path, as_json: bool, **options: Any) -> int:
    """Train networks into FOLDER: ONNX files, a card, a log and a checkpoint.

    A run that was interrupted goes on from its checkpoint when the same command is given again.
    """
    try:
        from forensics.training.checkpoint import digest_of
        from forensics.training.loop import fit
        from forensics.training.machine import Machine
        from forensics.watermark.train.finish import TRAININGS
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    from forensics.datasets.packs import load_squares

    training = TRAININGS[options["model"]]
    config = _chosen(training.presets[options["preset"]], options)
    machine = Machine(options["device"])
    squares = load_squares(options["data"], SIDE, options["most"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    with watching(folder) as observer:
        task = training.task(config, squares, machine.device)
        trained = fit(task, folder, observer, machine, digest_of(squares))
    if not machine.first:
        return 0
    metrics = training.finish(trained, config, squares, folder, _origins(squares, options))
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": metrics}))
    else:
        click.echo(f"{name_of(folder)}: trained on {machine.device}")
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in metrics.items()))
    return 0


def _chosen(preset: Any, options: Options) -> Any:
    """Return a preset with what was chosen instead of its own."""
    steps = options["steps"] or preset.schedule.steps
    return replace(preset, schedule=replace(preset.schedule, seed=options["seed"], steps=steps))


def _origins(squares: Squares, options: Options) -> Origins:
    """Return what the card says of the run, with no path of this machine."""
    from forensics.training.card import Origins

    name = Path(options["data"]).name
    command = f"forensics train watermark FOLDER --model {options['model']} --preset {options['preset']}"
    command += f" --data {name} --seed {options['seed']}"
    command += f" --steps {options['steps']}" if options["steps"] else ""
    return Origins(f"{len(squares)} squares of {SIDE} px from {name}", options["licence"], command)
