"""`forensics datasets build`: reals and fakes that differ in nothing but how they were made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.detectors.aligned import Built

__all__ = ["build"]


@click.command(no_args_is_help=True)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--photos", multiple=True,
    help="Folder, tar archive or procedural corpus that reals are cut from; may be given again.",
)  # fmt: skip
@click.option("--makers", multiple=True, help="Names with commas between them; all that fit if not given.")
@click.option("--hold-out", multiple=True, help="Makers whose fakes are in the test split only.")
@click.option("--count", type=click.IntRange(min=1), default=1000, show_default=True, help="Reals.")
@click.option(
    "--per-photo", type=click.IntRange(min=1), default=1, show_default=True, help="Fakes of each real."
)
@click.option("--size", type=click.IntRange(min=16), default=128, show_default=True, help="Side in pixels.")
@click.option(
    "--codec", default="jpeg:90", show_default=True, help="jpeg:QUALITY[:420|422|444], png or webp:QUALITY."
)
@click.option(
    "--degrade", multiple=True,
    help="What is done to both classes first, as in resize:0.75+jpeg:60, or none; of several, one is drawn "
    "for each pair (`forensics watermark attack --list` has all).",
)  # fmt: skip
@click.option(
    "--standard", is_flag=True,
    help="Draw from the degradations of an evaluation too: none, JPEG, WebP, scaled, cut, blurred, noisy, a "
    "screenshot, shared twice.",
)  # fmt: skip
@click.option("--splits", default="70,10,20", show_default=True, help="Percent to train, val and test.")
@click.option("--only", default="", metavar="SPLIT", help="Write this split alone: train, val or test.")
@click.option("--group", default="", help="Regular expression: what it finds in names stays in one split.")
@click.option(
    "--own-grid", is_flag=True,
    help="Cut JPEGs on their own grid and save both classes again as the photo was, in place of scaling them "
    "down: pictures as cameras save them.",
)  # fmt: skip
@click.option(
    "--sensor", is_flag=True,
    help="Make photos as a camera would have taken them: colours filled in, noise, sharpening.",
)  # fmt: skip
@click.option(
    "--match/--no-match", default=True,
    help="Set the detail of fakes so that they need as many bytes as their photos (the default).",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn."
)
@click.option("--list-makers", is_flag=True, help="List the makers and exit.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: that of build.json.")
def build(out: Path | None, list_makers: bool, as_json: bool, **options: Any) -> int:
    """Cut reals from photos, make fakes of the same cuts, and store both alike, without metadata, in OUT.

    There will be real/, fake/MAKER/, masks/MAKER/ of what was painted, manifest.csv and build.json. The same
    options give the same bytes; given again, an interrupted build goes on.
    """
    from forensics.cli.progress import progress
    from forensics.cli.watermark.records import json_text
    from forensics.detectors.aligned import AlignedRecipe
    from forensics.detectors.aligned import build as write

    if list_makers:
        return _list(as_json=as_json)
    if out is None or not options["photos"]:
        raise click.UsageError("give OUT and --photos, or --list-makers")
    recipe = AlignedRecipe(
        photos=options["photos"],
        makers=_names(options["makers"]),
        held_out=_names(options["hold_out"]),
        count=options["count"],
        per_photo=options["per_photo"],
        size=options["size"],
        codec=options["codec"],
        degrade=_degradations(options["degrade"], options["size"], standard=options["standard"]),
        shares=_shares(options["splits"]),
        group=options["group"],
        only=options["only"],
        own_grid=options["own_grid"],
        sensor=options["sensor"],
        match=options["match"],
        seed=options["seed"],
    )
    with progress(recipe.count, "building") as advance:
        built = write(out, recipe, advance)
    if as_json:
        click.echo(json_text(built.record))
    else:
        _say(built)
    return 0


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip()))


def _degradations(given: tuple[str, ...], size: int, *, standard: bool) -> tuple[str, ...]:
    from forensics.detectors.aligned import standard_degradations

    every = (*given, *(standard_degradations(size).values() if standard else ()))
    return tuple(dict.fromkeys(every)) or ("none",)


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) / 100 for part in text.split(","))
    except ValueError:
        raise UsageError(f"--splits: {text!r} are no percents", expected="70,10,20", actual=text) from None


def _list(*, as_json: bool) -> int:
    from forensics.cli.watermark.records import json_text
    from forensics.detectors.aligned import MAKERS

    for maker in MAKERS:
        side = f"{maker.side} px only" if maker.side else f"from {maker.least} px, in steps of {maker.step}"
        record = {
            "name": maker.name, "family": maker.family, "title": maker.title, "source": maker.source,
            "side": side, "paired": maker.paired,
        }  # fmt: skip
        text = f"{maker.name:19s} {maker.title} ({side}); {maker.source}"
        click.echo(json_text(record) if as_json else text)
    return 0


def _say(built: Built) -> None:
    from forensics.report.safe import printable

    record = built.record
    click.echo(
        f"{printable(str(built.folder))}: {built.reals} reals, {built.fakes} fakes, {record['codec']}"
        + (f"; {built.kept} files were there before" if built.kept else "")
    )
    wanted = record["recipe"]["count"]
    if built.reals < wanted:
        click.echo(f"    the photos gave {built.reals} of {wanted} reals")
    for split, counts in record["splits"].items():
        click.echo(f"    {split}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for spec, done in record["degradations"].items():
        if spec != "none":
            click.echo(f"    {printable(spec)}: changed {done['changed']} of {done['pictures']} pictures")
