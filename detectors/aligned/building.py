"""Writing a set of pairs: resumable, and the same bytes for the same recipe."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forensics.detectors.aligned.makers import Made
from forensics.detectors.aligned.pairing import Case, Making, cases_of
from forensics.detectors.aligned.reals import Photo, listed
from forensics.detectors.aligned.recipe import AlignedRecipe
from forensics.detectors.aligned.storing import Stored, store, verify
from forensics.detectors.aligned.tally import Tally
from forensics.errors import UsageError
from forensics.files import atomic_write, encodable
from forensics.media import open_media
from forensics.media.types import Pixels

__all__ = ["COLUMNS", "Built", "build"]

COLUMNS = (
    "file",
    "label",
    "maker",
    "source",
    "group",
    "split",
    "width",
    "height",
    "codec",
    "degradation",
    "mask",
)
_RECORD, _MANIFEST = "build.json", "manifest.csv"


@dataclass(frozen=True)
class Built:
    """What was written.

    Attributes:
        folder: Where.
        reals: Number of real pictures.
        fakes: Number of made ones.
        kept: How many of both were there before.
        record: The content of build.json.
    """

    folder: Path
    reals: int
    fakes: int
    kept: int
    record: dict[str, Any]


@dataclass(frozen=True)
class _Row:
    values: tuple[str, ...]
    kept: bool


def build(folder: Path, recipe: AlignedRecipe, advance: Callable[[], None] = lambda: None) -> Built:
    """Write real/, fake/MAKER/, masks/MAKER/, manifest.csv and build.json.

    A build that was interrupted goes on where it stopped. The manifest is written when all is done.

    Args:
        folder: New, empty, or with the same build begun.
        recipe: Of the set.
        advance: Called after each real with all that is made of it.

    Raises:
        ForensicsError: An encoder or degradation did not do what was asked.
        MissingExtra: A maker runs a model, and ONNX Runtime is not installed.
        ModelError: A model cannot be used.
        RegistryError: There is no such maker.
        UsageError: Something does not fit, the folder holds something else or cannot be written, or there are
            no photos of this size.
    """
    making = Making(recipe)
    _check_apart(folder, recipe)
    with ExitStack() as stack:
        photos = listed(stack, recipe.photos, recipe.group, recipe.count)
        try:
            record = _begun(folder, recipe, making, photos)
            rows, tally = _written(folder, recipe, photos, making, advance)
            return _finished(folder, record, rows, tally, making.how)
        except OSError as error:
            raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None


def _written(
    folder: Path, recipe: AlignedRecipe, photos: list[Photo], making: Making, advance: Callable[[], None]
) -> tuple[list[_Row], Tally]:
    rows: list[_Row] = []
    tally = Tally()
    for case in cases_of(recipe, photos, making):
        if recipe.only not in ("", case.split):
            advance()
            continue
        tally.photo(case.real.photo.name, case.real.washed)
        rows.append(_one(folder, case, "", making, tally))
        rows += [_one(folder, case, maker, making, tally) for maker in case.makers]
        advance()
    if not rows:
        raise UsageError(f"no photo is a picture of {recipe.size} px or more: give a smaller --size")
    return rows, tally


def _one(folder: Path, case: Case, maker: str, making: Making, tally: Tally) -> _Row:
    """Write one picture, a real one if there is no maker, unless it is there, and return its row."""
    how = making.how
    named = making.makers[maker].name if maker else ""  # a maker of somebody's own is given by its path
    kind = Path("fake") / named if maker else Path("real")
    name = f"{case.number:06d}{how.suffix}"
    path = folder / kind / name
    masked = folder / "masks" / kind.name / f"{case.number:06d}.png"
    kept = path.is_file()
    if kept:
        read = open_media(path).pixels
        tally.stored(kind.as_posix(), path.stat().st_size, read.size // 3)
    else:
        made = making.make(case, maker) if maker else Made(case.real.pixels)
        degraded = making.degraded(made.pixels, case)
        data = store(degraded, how)
        read = verify(data, degraded, how)
        tally.degraded(case.degradation, made.pixels, degraded)
        tally.stored(kind.as_posix(), len(data), read.size // 3)
        if made.mask is not None and making.degradations[case.degradation] is None:
            masked.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(masked, store(_shown(made), Stored("png")))
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, data)
    height, width = read.shape[:2]
    mask = masked.relative_to(folder).as_posix() if maker and masked.is_file() else ""
    photo = case.real.photo
    values = (
        (kind / name).as_posix(), "fake" if maker else "real", named, photo.name, photo.group, case.split,
        width, height, how, case.degradation, mask,
    )  # fmt: skip
    return _Row(tuple(encodable(str(value)) for value in values), kept)


def _shown(made: Made) -> Pixels:
    mask = np.zeros(made.pixels.shape[:2], bool) if made.mask is None else made.mask
    return np.repeat((mask * np.uint8(255))[..., None], 3, axis=2)


def _begun(folder: Path, recipe: AlignedRecipe, making: Making, photos: list[Photo]) -> dict[str, Any]:
    """Write what the set is made by, or find that the same was begun.

    Raises:
        UsageError: The folder holds something else.
    """
    from forensics import __version__

    names = "\n".join(photo.name for photo in photos).encode("utf-8", "surrogateescape")
    head = {
        "suite": __version__,
        "recipe": json.loads(json.dumps(recipe.as_dict())),
        "makers": {maker.name: maker.title for maker in making.makers.values()},
        "families": {maker.name: maker.family for maker in making.makers.values()},
        "photos": {"listed": len(photos), "names_sha256": hashlib.sha256(names).hexdigest()},
    }
    place = folder / _RECORD
    if place.is_file():
        try:
            before = json.loads(place.read_text(encoding="utf-8"))
        except ValueError:
            before = {}
        if not isinstance(before, dict) or {key: before.get(key) for key in head} != head:
            message = f"{folder} holds another build: give its options again, or an empty folder"
            raise UsageError(message, actual=str(folder))
    elif folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no build: give an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(place, _json({**head, "finished": False}))
    return head


def _finished(folder: Path, head: dict[str, Any], rows: list[_Row], tally: Tally, how: Stored) -> Built:
    reals = sum(row.values[1] == "real" for row in rows)
    tally.check()
    record = {**head, "finished": True, "codec": str(how), "reals": reals, "fakes": len(rows) - reals,
              "splits": _splits(rows), **tally.as_dict()}  # fmt: skip
    atomic_write(folder / _MANIFEST, _csv(rows))
    atomic_write(folder / _RECORD, _json(record))
    return Built(folder, reals, len(rows) - reals, sum(row.kept for row in rows), record)


def _splits(rows: list[_Row]) -> dict[str, dict[str, int]]:
    """Return how many pictures of each maker are in each split; reals by the name "real"."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of_split = counts.setdefault(row.values[5], {})
        name = row.values[2] or "real"
        of_split[name] = of_split.get(name, 0) + 1
    return {split: dict(sorted(counts[split].items())) for split in sorted(counts)}


def _csv(rows: list[_Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.values for row in rows)
    return out.getvalue().encode("utf-8")


def _json(record: dict[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode("ascii")


def _check_apart(folder: Path, recipe: AlignedRecipe) -> None:
    """Refuse to write where photos are read: a build that goes on would take its own for photos.

    Raises:
        UsageError: The folder is one of the sources, or inside or around one.
    """
    place = folder.resolve()
    for source in (Path(name) for name in recipe.photos):
        if source.is_dir() and (place in (s := source.resolve(), *s.parents) or s in place.parents):
            raise UsageError(f"{folder} and the photos in {source} overlap: write elsewhere")
