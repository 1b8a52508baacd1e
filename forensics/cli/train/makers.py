"""`forensics train makers`: small autoencoders whose traces detectors learn from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from forensics.cli.train.watching import watching
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import MissingExtra, UsageError

__all__ = ["makers"]

SIDE = 128
CARD = "card.json"


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--count", type=click.IntRange(min=1), default=24, show_default=True, help="How many.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="Number of the first."
)
@click.option("--preset", type=click.Choice(("smoke", "cpu", "gpu")), default="cpu", show_default=True)
@click.option("--steps", type=click.IntRange(min=1), help="Of each, instead of the preset's.")
@click.option(
    "--data", default="procedural", show_default=True,
    help="Folder or tar archive of pictures, or `procedural` for made-up ones.",
)  # fmt: skip
@click.option("--licence", default="not stated", show_default=True, help="Of the pictures, for the cards.")
@click.option(
    "--most", type=click.IntRange(min=20), default=2000, show_default=True, help="Pictures at most."
)
@click.option("--device", type=click.Choice(("auto", "cpu", "cuda")), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The results as one JSON object.")
def makers(folder: Path, as_json: bool, **options: Any) -> int:
    """Train autoencoders, no two alike, into FOLDER/000, FOLDER/001 ...

    `forensics datasets build --makers codec:FOLDER/000` makes pictures of photos with one of them. Those that
    are there already are left as they are; a run that was interrupted goes on when the same command is given.
    """
    try:
        from forensics.detectors.train.zoo.finish import finish_autoencoder
        from forensics.detectors.train.zoo.run import PRESETS, Reconstructing
        from forensics.training.card import Origins
        from forensics.training.checkpoint import digest_of
        from forensics.training.loop import fit
        from forensics.training.machine import Machine
    except ImportError as error:
        raise MissingExtra("training", "train") from error
    from forensics.datasets.packs import load_squares

    run, machine = PRESETS[options["preset"]], Machine(options["device"])
    run = replace(run, schedule=replace(run.schedule, steps=options["steps"] or run.schedule.steps))
    squares = load_squares(options["data"], SIDE, options["most"])
    name = Path(options["data"]).name
    told: dict[str, dict[str, float]] = {}
    for number in range(options["first"], options["first"] + options["count"]):
        place = folder / f"{number:03d}"
        if (place / CARD).exists():
            continue
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write {place}: {error.strerror or error}") from None
        task = Reconstructing(run, number, squares, machine.device)
        with watching(place) as observer:
            trained = fit(task, place, observer, machine, digest_of(squares))
        if not machine.first:
            continue
        command = f"forensics train makers FOLDER --first {number} --count 1 --preset {options['preset']}"
        command += f" --data {name}" + (f" --steps {options['steps']}" if options["steps"] else "")
        origins = Origins(f"{len(squares)} squares of {SIDE} px from {name}", options["licence"], command)
        told[place.name] = finish_autoencoder(task, trained, place, origins)
        if not as_json:
            click.echo(f"{name_of(place)}: {told[place.name]['psnr']:.2f} dB")
    if as_json:
        click.echo(json_text({"path": name_of(folder), "makers": told}))
    return 0
