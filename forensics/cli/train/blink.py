"""`forensics train blink`: the network that says whether eyes are closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from forensics.training.card import Origins

__all__ = ["blink"]

Options = dict[str, Any]
PRESETS = ("smoke", "small", "published")
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True,
    help="Folder or tar archive of eyes: names as in the MRL set, which tell persons, or closed* and open*.",
)  # fmt: skip
@click.option(
    "--preset", type=click.Choice(PRESETS), default="small", show_default=True,
    help="A network of fifty thousand weights, or VGG16 with an LSTM of 256 as published.",
)  # fmt: skip
@click.option(
    "--test", type=click.Path(path_type=Path, exists=True), help="Eyes to measure on, for the card."
)
@click.option("--licence", default="not stated", show_default=True, help="Of the pictures, for the card.")
@click.option("--weights", type=FILE, help="Pretrained weights of the VGG network of the preset `published`.")
@click.option("--download", is_flag=True, help="Let timm fetch them from the network.")
@click.option("--steps", type=click.IntRange(min=1), help="Instead of the preset's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def blink(folder: Path, data: Path, as_json: bool, **options: Any) -> int:
    """Train on eyes, and write the model into FOLDER: an ONNX file, a card, a log, a checkpoint.

    One person in six is held out. An interrupted run goes on when the command is given again.
    """
    try:
        from forensics.detectors.train.eyes.crops import load_eyes
        from forensics.detectors.train.eyes.finish import finish
        from forensics.detectors.train.eyes.training import PRESETS as RUNS
        from forensics.detectors.train.eyes.training import EyesTask
        from forensics.training.checkpoint import digest_of
        from forensics.training.loop import fit
        from forensics.training.machine import Machine
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    _check(options)
    config = RUNS[options["preset"]]
    steps = options["steps"] or config.schedule.steps
    config = replace(config, schedule=replace(config.schedule, seed=options["seed"], steps=steps))
    machine = Machine(options["device"])
    eyes = load_eyes(data, config.kept)
    test = load_eyes(options["test"], config.kept) if options["test"] else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    with watching(folder) as observer:
        task = EyesTask(config, eyes, machine.device, options["weights"], download=options["download"])
        trained = fit(task, folder, observer, machine, digest_of(eyes.crops, eyes.subjects))
    if not machine.first:
        return 0
    metrics = finish(task, trained, folder, _origins(len(eyes), data, options), test)
    if as_json:
        click.echo(json_text({"path": name_of(folder), "metrics": metrics}))
    else:
        click.echo(f"{name_of(folder)}: trained on {machine.device}")
        click.echo("\n".join(f"  {value:10.6f}  {text}" for text, value in metrics.items()))
    return 0


def _check(options: Options) -> None:
    if (options["weights"] or options["download"]) and options["preset"] != "published":
        raise UsageError("--weights and --download are of a VGG network: --preset published")


def _origins(count: int, data: Path, options: Options) -> Origins:
    """Return what the card says of the run, with no path of this machine."""
    from forensics.training.card import Origins

    command = f"forensics train blink FOLDER --data {data.name} --preset {options['preset']}"
    command += f" --seed {options['seed']}"
    command += f" --steps {options['steps']}" if options["steps"] else ""
    command += f" --test {options['test'].name}" if options["test"] else ""
    return Origins(f"{count} pictures of single eyes from {data.name}", options["licence"], command)
