"""`forensics watermark calibrate`: measure false alarms on unmarked pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.watermark.options import FILE
from forensics.errors import ForensicsError, UsageError

__all__ = ["calibrate"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=FILE, required=True, help="Where to write the calibration (JSON).")
@click.option("--name", default="own pictures", show_default=True, help="What to call these pictures.")
@click.option("--keys-each", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="Fresh keys tried on each picture.")  # fmt: skip
def calibrate(paths: tuple[Path, ...], out: Path, name: str, keys_each: int) -> int:
    """Look for the marks of fresh keys in unmarked pictures, and write how often chance finds some.

    `forensics watermark detect --calibration FILE` uses the result. What cannot be read is left out.
    """
    from forensics.files import atomic_write
    from forensics.watermark.spread.nulls import nulls_of, to_json

    found = list(expand(paths))
    nulls = nulls_of(name, _measured(found, keys_each))
    try:
        atomic_write(out, to_json(nulls).encode())
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    for label, null in (("own grid", nulls.own_grid), ("lattices", nulls.lattices)):
        click.echo(
            f"{label:9s} {null.pairs} pairs of {null.pictures} pictures: one hypothesis in "
            f"{1 / null.share:.1f} counts, misfit {null.misfit:.3f}"
        )
    return 0


def _measured(found: list[Path], keys_each: int) -> Iterator[Any]:
    import cv2
    import numpy as np

    from forensics.media import open_media
    from forensics.watermark.keys import Key
    from forensics.watermark.spread.nulls import measure

    with progress(len(found), "calibrating") as advance:
        for path in found:
            try:
                luma = cv2.cvtColor(open_media(path).pixels, cv2.COLOR_RGB2GRAY)
            except ForensicsError as error:
                click.echo(f"left out {path}: {error}", err=True)
            else:
                yield measure(np.asarray(luma, np.uint8), [Key.generate() for _ in range(keys_each)])
            advance()
