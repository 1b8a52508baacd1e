"""`forensics watermark calibrate`: measure false alarms on unmarked pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.status import UNREADABLE
from forensics.cli.watermark.options import FILE, json_option
from forensics.cli.watermark.records import Record, files_of, json_text, name_of, usable
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.media import Pixels
    from forensics.watermark.calibration import Tried
    from forensics.watermark.spread.nulls import Nulls
    from forensics.watermark.statistics import Null

__all__ = ["calibrate"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=FILE, required=True, help="Where to write the calibration (JSON).")
@click.option("--name", default="own pictures", show_default=True, help="What to call these pictures.")
@click.option("--keys-each", type=click.IntRange(1, 1000), default=20, show_default=True,
              help="Fresh keys tried on each picture.")  # fmt: skip
@json_option
def calibrate(paths: tuple[Path, ...], out: Path, name: str, keys_each: int, as_json: bool) -> int:
    """Look for the marks of fresh keys in unmarked pictures, and write how often chance finds some.

    `forensics watermark detect --calibration FILE` uses the result. Measured are the classical front end
    and, where ONNX Runtime is installed, the learned one. At least 500 pairs of a picture and a key are
    needed. What cannot be read is left out, and the exit status is 3.
    """
    from forensics.files import atomic_write
    from forensics.watermark.calibration import calibrated
    from forensics.watermark.spread.nulls import to_json

    _check(out)
    tried: list[Tried] = []
    left_out = usable(
        files_of(paths), "calibrating", lambda _, pixels: tried.append(_tried(pixels, keys_each))
    )
    nulls = calibrated(name, tried)
    try:
        atomic_write(out, to_json(nulls).encode())
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None
    click.echo(json_text(_record(out, name, nulls)) if as_json else _text(nulls))
    return UNREADABLE if left_out else 0


def _check(out: Path) -> None:
    """Refuse to replace what is no calibration, before the work and not after it."""
    from forensics.watermark.spread.nulls import load

    if not out.parent.is_dir():
        raise UsageError(f"the folder {out.parent} does not exist")
    if out.exists():
        try:
            load(out)
        except UsageError:
            raise UsageError(f"{out} exists and is no calibration; it is not replaced") from None


def _tried(pixels: Pixels, keys_each: int) -> Tried:
    import cv2
    import numpy as np

    from forensics.watermark.calibration import try_picture
    from forensics.watermark.keys import Key

    luma = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return try_picture(luma, [Key.generate() for _ in range(keys_each)])


def _record(out: Path, name: str, measured: Sequence[Nulls]) -> Record:
    fronts = {nulls.front: _of_front(nulls) for nulls in measured}
    return {"path": name_of(out), "name": name, "fronts": fronts}


def _of_front(nulls: Nulls) -> Record:
    searches = {
        name: {"pairs": null.pairs, "pictures": null.pictures, "share": null.share, "misfit": null.misfit}
        for name, null in _searches(nulls)
    }
    return {**searches, "together": {codecs: asdict(found) for codecs, found in nulls.together.items()}}


def _text(measured: Sequence[Nulls]) -> str:
    searches = [
        f"{nulls.front:9s} {label.replace('_', ' '):9s} {null.pairs} pairs of {null.pictures} pictures: "
        f"one hypothesis in {1 / null.share:.1f} counts, misfit {null.misfit:.3f}"
        for nulls in measured
        for label, null in _searches(nulls)
    ]
    together = [
        f"{nulls.front:9s} last look for {codecs}: p-values of 0.1 are multiplied by {found.share:.2f}, "
        f"those of 0.001 and less by {10 ** found.corrected(-3.0) / 1e-3:.2f}"
        for nulls in measured
        for codecs, found in nulls.together.items()
    ]
    return "\n".join(searches + together)


def _searches(nulls: Nulls) -> Iterator[tuple[str, Null]]:
    """Yield the searches that were measured, by name."""
    for name in ("own_grid", "lattices", "windows"):
        null: Null = getattr(nulls, name)
        if null.pairs:
            yield name, null
