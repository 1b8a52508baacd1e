"""`forensics train watermark`: the networks of the codec `learned`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from forensics.cli.progress import stepping
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

__all__ = ["watermark"]


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--preset", type=click.Choice(("smoke", "cpu", "gpu")), default="cpu", show_default=True)
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
@click.option(
    "--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True,
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def watermark(  # noqa: PLR0913, PLR0917 - one parameter per option
    folder: Path,
    preset: str,
    data: str,
    licence: str,
    most: int,
    steps: int | None,
    seed: int,
    device: str,
    as_json: bool,
) -> int:
    """Train encoder and extractor into FOLDER: two ONNX files, a card, a log and a checkpoint.

    A run that was interrupted goes on from its checkpoint when the same command is given again.
    """
    try:
        from forensics.training.run import device_named
        from forensics.watermark.train.finish import finish
        from forensics.watermark.train.keyed import PRESETS, SIDE, train
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    from forensics.datasets.packs import load_squares

    config = replace(PRESETS[preset], seed=seed)
    config = replace(config, steps=steps) if steps else config
    where = device_named(device)
    squares = load_squares(data, SIDE, most)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    with stepping(config.steps, "training") as advance:
        pair = train(config, squares, folder, device=where, advance=advance)
    name = data if data == "procedural" else Path(data).name
    command = f"forensics train watermark FOLDER --preset {preset} --data {name} --seed {seed}"
    command += f" --steps {steps}" if steps else ""
    metrics = finish(
        pair, config, squares, folder,
        data=f"{len(squares)} squares of {SIDE} px from {name}", licence=licence, command=command,
    )  # fmt: skip
    if as_json:
        click.echo(json_text({"path": name_of(folder), "steps": config.steps, "metrics": metrics}))
    else:
        click.echo(f"{name_of(folder)}: {config.steps} steps on {where}")
        click.echo("\n".join(f"  {value:8.4f}  {text}" for text, value in metrics.items()))
    return 0
