"""Which pictures to calibrate on: two folders, or a table of files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forensics.errors import UsageError
from forensics.files import encodable

__all__ = ["COLUMNS", "LABELS", "MANIFEST", "Sample", "all_samples", "samples_of"]

MANIFEST = "manifest.csv"
COLUMNS = ("file", "label", "source")
LABELS = ("real", "fake")
_MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Sample:
    """One picture of which the truth is known.

    Attributes:
        path: Where it is.
        name: The path inside the corpus, as text.
        fake: Whether it has the property in question.
        source: What it was made from; pictures of one source are not independent.
        maker: What made it: the column `maker` of a manifest, or the folder inside `fake`; "" if not known.
        split: The column `split` of a manifest, "" without one.
    """

    path: Path
    name: str
    fake: bool
    source: str
    maker: str = ""
    split: str = ""


def all_samples(folders: Sequence[Path], split: str | None = None) -> tuple[Sample, ...]:
    """List the pictures of one corpus or several; what has one source in two of them is not independent.

    Args:
        folders: The corpora, each as `samples_of` reads it. Of several, the name of its folder stands before
            the names of its pictures.
        split: As for `samples_of`.

    Raises:
        UsageError: As `samples_of`; or two folders are called alike.
    """
    if len(folders) == 1:
        return samples_of(folders[0], split)
    names = [encodable(folder.resolve().name) for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError("two of these folders have one name: give them others", actual=sorted(names))
    return tuple(
        replace(sample, name=f"{name}/{sample.name}")
        for name, folder in zip(names, folders, strict=True)
        for sample in samples_of(folder, split)
    )


def samples_of(folder: Path, split: str | None = None) -> tuple[Sample, ...]:
    """List the pictures of a corpus.

    With a `manifest.csv` in it, that says which files there are, their labels ("real" or "fake") and sources;
    paths are relative to the folder. Without one, there are two folders, `real` and `fake`, and files of the
    same name, folders and endings apart, are taken for one source: the careful choice, as it makes fewer.

    Args:
        folder: The corpus.
        split: Only rows of a manifest whose column `split` says so; all if None.

    Raises:
        UsageError: It is no such folder, a class is empty, or a row of the manifest is wrong.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", expected="a folder", actual=str(folder))
    manifest = folder / MANIFEST
    if manifest.is_file():
        found = tuple(_listed(folder, manifest, split))
    elif split is not None:
        raise UsageError(f"--split needs a {MANIFEST} with a column 'split' in {folder}")
    else:
        found = tuple(s for label in LABELS for s in _below(folder, label))
    counts = [sum(s.fake is side for s in found) for side in (False, True)]
    if not all(counts):
        raise UsageError(
            f"{folder} holds {counts[0]} real and {counts[1]} fake files; both are needed: in folders called "
            f"real and fake, or by a {MANIFEST} with the columns {', '.join(COLUMNS)}",
            actual=tuple(counts),
        )
    return found


def _below(folder: Path, label: str) -> Iterator[Sample]:
    for path in sorted((folder / label).rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inner.parts):
            fake = label == "fake"
            maker = encodable(inner.parts[1]) if fake and len(inner.parts) > 2 else ""
            yield Sample(path, encodable(inner.as_posix()), fake, encodable(path.stem), maker)


def _listed(folder: Path, manifest: Path, split: str | None) -> Iterator[Sample]:
    seen: set[str] = set()
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            needed = (*COLUMNS, "split") if split is not None else COLUMNS
            missing = [name for name in needed if name not in (rows.fieldnames or ())]
            if missing:
                raise UsageError(f"{manifest} lacks the columns {', '.join(missing)}", expected=needed)
            for number, row in enumerate(rows, 2):
                if number > _MOST_ROWS:
                    raise UsageError(f"{manifest} has more than {_MOST_ROWS} rows")
                if split is None or row["split"] == split:
                    yield _row(folder, f"{manifest}, line {number}", row, seen)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {manifest}: {error}") from None


def _row(folder: Path, place: str, row: dict[str, str | None], seen: set[str]) -> Sample:
    file, label, source = ((row[name] or "").strip() for name in COLUMNS)
    if not file or not source:
        raise UsageError(f"{place}: a file and a source are needed")
    if label not in LABELS:
        raise UsageError(f"{place}: the label is {label!r}, not real or fake", expected=LABELS, actual=label)
    if file in seen:
        raise UsageError(f"{place}: {file} is listed twice", actual=file)
    seen.add(file)
    maker, split = ((row.get(name) or "").strip() for name in ("maker", "split"))
    return Sample(folder / file, encodable(file), label == "fake", source, maker, split)
