"""`forensics watermark attack`: do to a picture what marks must survive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forensics.cli.watermark.options import FILE
from forensics.errors import UsageError

__all__ = ["attack"]


@click.command()
@click.argument("source", type=FILE, required=False)
@click.argument("target", type=FILE, required=False)
@click.argument("spec", required=False)
@click.option("--seed", type=int, default=0, show_default=True, help="Of attacks that draw.")
@click.option("--list", "listing", is_flag=True, help="List the attacks and exit.")
@click.option("--overwrite", is_flag=True, help="Replace an existing target.")
def attack(
    source: Path | None, target: Path | None, spec: str | None, seed: int, listing: bool, overwrite: bool
) -> int:
    """Attack the picture SOURCE as SPEC says, and write the result to TARGET (PNG keeps it exactly).

    SPEC is as in jpeg:50, rotate:15 or crop:0.5+resize:1.41+jpeg:70; see --list.
    """
    from forensics.watermark.attacks import parse_attack

    if listing:
        _list()
        return 0
    if source is None or target is None or spec is None:
        raise click.UsageError("give SOURCE, TARGET and SPEC, or --list")
    from forensics.media import open_media
    from forensics.watermark.pictures import load_bytes_for_marking, write_marked

    chosen = parse_attack(spec)
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target} is the source itself")
    pixels = chosen(open_media(source).pixels, seed=seed)
    try:
        write_marked(load_bytes_for_marking(_png(pixels)), target, overwrite=overwrite)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from None
    height, width = pixels.shape[:2]
    click.echo(f"{target}: {chosen}, {width}x{height} px")
    return 0


def _png(pixels: Any) -> bytes:
    import io

    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "png", compress_level=1)
    return target.getvalue()


def _list() -> None:
    from forensics.watermark.attacks import ATTACKS

    for operation in sorted(ATTACKS, key=lambda o: (o.family, o.name)):
        values = ",".join(f"{p.name}={p.default}" for p in operation.parameters)
        click.echo(f"{operation.family:12s} {operation.name:18s} {operation.title} [{values}]")
