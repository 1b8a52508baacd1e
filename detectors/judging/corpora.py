"""Which pictures are tested, which fix thresholds, and what their makers are called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.detectors.aligned.storing import Stored, parse_stored
from forensics.detectors.calibrating.corpus import Sample, samples_of
from forensics.errors import UsageError
from forensics.files import encodable

__all__ = ["Corpus", "families_of", "photos_in", "read_corpus", "stored_as"]

TEST, VALIDATION = "test", "val"
_RECORD = "build.json"
_LOSSLESS = (".png", ".bmp", ".tif", ".tiff", ".gif")
_LOSSY = Stored("jpeg", 90, "420")


@dataclass(frozen=True)
class Corpus:
    """Pictures of which the truth is known.

    Attributes:
        name: Of the folder.
        split: Of those tested; "" for all that do not fix thresholds.
        validation: Of the photos that fix thresholds; "" for none.
        test: Those tested: photos, and what was made.
        photos: Those that fix thresholds; of sources that are not tested.
    """

    name: str
    split: str
    validation: str
    test: tuple[Sample, ...]
    photos: tuple[Sample, ...]


def read_corpus(folder: Path, split: str | None = None, validation: str = VALIDATION) -> Corpus:
    """List a corpus, and keep apart what fixes thresholds.

    Args:
        folder: See `samples_of`.
        split: To test; if None, "test" where the manifest has it, and everything else where not.
        validation: Whose photos fix thresholds, if there are any.

    Raises:
        UsageError: It is no corpus, a class of the test is empty, or a source is on both sides.
    """
    every = samples_of(folder)
    splits = {sample.split for sample in every}
    if split is None:
        split = TEST if TEST in splits else ""
    elif split not in splits:
        known = ", ".join(sorted(splits - {""})) or "none"
        raise UsageError(f"no split {split!r} in {folder}; there are: {known}", expected=known, actual=split)
    if split and split == validation:
        raise UsageError(f"thresholds cannot be fixed on the split that is tested: {split!r}", actual=split)
    test = tuple(s for s in every if (s.split == split if split else s.split != validation or not validation))
    photos = tuple(s for s in every if validation and s.split == validation and not s.fake)
    _check(folder, test, photos)
    return Corpus(encodable(folder.resolve().name), split, validation if photos else "", test, photos)


def photos_in(folder: Path) -> tuple[Sample, ...]:
    """List a folder of real pictures, each its own source.

    Raises:
        UsageError: It is no folder, or holds no files.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", expected="a folder", actual=str(folder))
    name = folder.resolve().name
    found = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inner.parts):
            text = encodable(f"{name}/{inner.as_posix()}")
            found.append(Sample(path, text, fake=False, source=text))
    if not found:
        raise UsageError(f"{folder} holds no files", expected="pictures", actual=str(folder))
    return tuple(found)


def families_of(folder: Path) -> Mapping[str, str]:
    """Return the family of each maker of a set that `forensics datasets build` wrote.

    Raises:
        UsageError: It is no such set.
    """
    families = _record(folder).get("families")
    if not isinstance(families, dict) or not families:
        raise UsageError(
            f"{folder} says nothing of families: only sets that `forensics datasets build` wrote do",
            expected=f"a {_RECORD} with families",
        )
    return {str(maker): str(family) for maker, family in families.items()}


def stored_as(folder: Path | None, samples: Sequence[Sample], given: str | None) -> Stored:
    """Return how pictures are stored that a delivery does not store itself: one way for both classes.

    Args:
        folder: The corpus, if there is one.
        samples: Its pictures.
        given: As `parse_stored` reads it; if None, as the set was built, else without loss where all files
            are lossless, else as JPEG 90.

    Raises:
        UsageError: What is given is no codec.
    """
    if given is not None:
        return parse_stored(given)
    built = _record(folder).get("codec") if folder is not None else None
    if isinstance(built, str):
        return parse_stored(built)
    lossless = all(sample.path.suffix.lower() in _LOSSLESS for sample in samples)
    return Stored("png") if lossless else _LOSSY


def _record(folder: Path) -> Mapping[str, object]:
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _check(folder: Path, test: Sequence[Sample], photos: Sequence[Sample]) -> None:
    counts = [sum(s.fake is side for s in test) for side in (False, True)]
    if not all(counts):
        raise UsageError(
            f"{folder}: there are {counts[0]} real and {counts[1]} fake pictures to test; both are needed",
            actual=tuple(counts),
        )
    common = {s.source for s in photos} & {s.source for s in test}
    if common:
        first = min(common)
        raise UsageError(
            f"{folder}: a source would fix thresholds and be tested, {first!r}: split by source",
            actual=first,
        )
