"""`forensics watermark attack`: do to a picture what marks must survive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.watermark.options import FILE, json_option, seed_option
from forensics.cli.watermark.records import json_text, name_of, pixels_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.media import Pixels

__all__ = ["attack"]


@click.command(no_args_is_help=True)
@click.argument("source", type=FILE, required=False)
@click.argument("target", type=FILE, required=False)
@click.argument("spec", required=False)
@seed_option
@click.option("--list", "listing", is_flag=True, help="List the attacks and exit.")
@click.option("--overwrite", is_flag=True, help="Replace an existing target.")
@json_option
def attack(
    source: Path | None,
    target: Path | None,
    spec: str | None,
    seed: int,
    listing: bool,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Attack the picture SOURCE as SPEC says, and write the result to TARGET (PNG keeps it exactly).

    SPEC is as in jpeg:50, rotate:15 or crop:0.5+resize:1.41+jpeg:70; see --list. Metadata are not kept.
    """
    from forensics.watermark.attacks import parse_attack

    if listing:
        _list(as_json=as_json)
        return 0
    if source is None or target is None or spec is None:
        raise click.UsageError("give SOURCE, TARGET and SPEC, or --list")
    chosen = parse_attack(spec)
    _check(source, target, overwrite=overwrite)
    pixels = chosen(pixels_of(source), seed=seed)
    _write(pixels, target, overwrite=overwrite)
    height, width = pixels.shape[:2]
    record = {"path": name_of(source), "target": name_of(target), "attack": str(chosen)}
    if as_json:
        click.echo(json_text({**record, "width": width, "height": height}))
    else:
        from forensics.report.safe import printable

        click.echo(f"{printable(record['target'])}: {chosen}, {width}x{height} px")
    return 0


def _check(source: Path, target: Path, *, overwrite: bool) -> None:
    """Refuse a target before the work and not after it."""
    from forensics.watermark.pictures.writing import target_format

    target_format(target)
    if os.path.exists(target):
        if os.path.exists(source) and os.path.samefile(source, target):
            raise UsageError(f"{target} is the source itself")
        if not overwrite:
            raise UsageError(f"{target} exists: --overwrite replaces it")


def _write(pixels: Pixels, target: Path, *, overwrite: bool) -> None:
    import io

    from PIL import Image

    from forensics.watermark.pictures import load_bytes_for_marking, write_marked

    plain = io.BytesIO()
    Image.fromarray(pixels).save(plain, "png", compress_level=1)
    try:
        write_marked(load_bytes_for_marking(plain.getvalue()), target, overwrite=overwrite)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from None


def _list(*, as_json: bool) -> None:
    from forensics.watermark.attacks import ATTACKS

    for operation in sorted(ATTACKS, key=lambda o: (o.family, o.name)):
        if as_json:
            values = {p.name: p.default for p in operation.parameters}
            click.echo(
                json_text(
                    {"family": operation.family, "name": operation.name, "title": operation.title,
                     "parameters": values}
                )
            )  # fmt: skip
            continue
        shown = ",".join(f"{p.name}={p.default}" for p in operation.parameters)
        click.echo(f"{operation.family:12s} {operation.name:18s} {operation.title} [{shown}]")
