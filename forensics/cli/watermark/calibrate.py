"""`forensics watermark calibrate`: measure false alarms on unmarked pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.status import UNREADABLE
from forensics.cli.watermark.options import FILE, json_option
from forensics.cli.watermark.records import Record, files_of, json_text, name_of, usable
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.media import Pixels
    from forensics.watermark.spread.frontend import FrontEnd
    from forensics.watermark.spread.nulls import Nulls, Trial
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
    from forensics.watermark.codecs import available, looks
    from forensics.watermark.spread.nulls import nulls_of, to_json

    _check(out)
    fronts = [look[0].front for look in looks(available())]
    measured: dict[str, list[list[Trial]]] = {front.name: [] for front in fronts}

    def measure(_: Path, pixels: Pixels) -> None:
        for front in fronts:
            measured[front.name].append(_measured(pixels, keys_each, front))

    left_out = usable(files_of(paths), "calibrating", measure)
    nulls = [nulls_of(name, trials, front) for front, trials in measured.items()]
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


def _measured(pixels: Pixels, keys_each: int, front: FrontEnd) -> list[Trial]:
    import cv2
    import numpy as np

    from forensics.watermark.keys import Key
    from forensics.watermark.spread.nulls import measure

    luma = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return measure(luma, [Key.generate() for _ in range(keys_each)], front)


def _record(out: Path, name: str, measured: Sequence[Nulls]) -> Record:
    fronts = {nulls.front: _of_front(nulls) for nulls in measured}
    return {"path": name_of(out), "name": name, "fronts": fronts}


def _of_front(nulls: Nulls) -> Record:
    return {
        name: {"pairs": null.pairs, "pictures": null.pictures, "share": null.share, "misfit": null.misfit}
        for name, null in _searches(nulls)
    }


def _text(measured: Sequence[Nulls]) -> str:
    return "\n".join(
        f"{nulls.front:9s} {label.replace('_', ' '):9s} {null.pairs} pairs of {null.pictures} pictures: "
        f"one hypothesis in {1 / null.share:.1f} counts, misfit {null.misfit:.3f}"
        for nulls in measured
        for label, null in _searches(nulls)
    )


def _searches(nulls: Nulls) -> Iterator[tuple[str, Null]]:
    """Yield the searches that were measured, by name."""
    for name in ("own_grid", "lattices", "windows"):
        null: Null = getattr(nulls, name)
        if null.pairs:
            yield name, null
