"""FaceForensics++: a thousand clips from YouTube and what five methods made of their faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import (
    PICTURES,
    VIDEOS,
    below,
    by_name,
    files,
    folders,
    json_of,
    shown,
    within,
)

__all__ = ["read"]

_SPLITS = ("train", "val", "test")
_FROM_ACTORS = "DeepFakeDetection"


def read(root: Path) -> Found:
    """Return what is there of FaceForensics++.

    The source of a fake is the clip whose face was replaced, its donor the one that the face is from; frames
    that were extracted (images/CLIP/*.png) are records like clips. Clips of one pair are in the same split.
    """
    records: list[Record] = []
    missing: list[str] = []
    for place in within(root, ("original_sequences", "manipulated_sequences")):
        splits = _splits(place)
        for kind in folders(place / "original_sequences"):
            for compression in folders(kind):
                for path, clip in _media(compression):
                    split, person = splits.get(clip, ""), clip.split("__")[0]
                    actor = person if "__" in clip else ""
                    records.append(
                        Record(path, Label.REAL, actor or clip, split=split, subject=actor,
                               compression=compression.name)
                    )  # fmt: skip
        for kind in folders(place / "manipulated_sequences"):
            found, lacking = _method(root, kind, splits)
            records += found
            missing += lacking
        missing += [shown(p, root) for p in _lists(place) if not p.is_file()]
    return Found(tuple(records), tuple(missing))


def _method(root: Path, kind: Path, splits: dict[str, str]) -> tuple[list[Record], list[str]]:
    """Return the clips of one method, and the masks that are not there where others are."""
    masks = by_name(files(kind / "masks" / "videos", VIDEOS))
    records: list[Record] = []
    missing: list[str] = []
    for compression in folders(kind):
        for path, clip in _media(compression):
            names = clip.split("__")[0] if kind.name == _FROM_ACTORS else clip
            target, _, donor = names.partition("_")
            mask = masks.get(clip.lower())
            if masks and mask is None:
                missing.append(shown(kind / "masks" / "videos" / f"{clip}.mp4", root))
            records.append(
                Record(
                    path, Label.FAKE, target, method=kind.name, donors=(donor,) if donor else (),
                    split=splits.get(target, ""), mask=mask, compression=compression.name,
                )
            )  # fmt: skip
    return records, sorted(set(missing))


def _media(compression: Path) -> Iterator[tuple[Path, str]]:
    """Yield clips, and extracted frames, with the name of the clip."""
    if compression.name != "masks":
        yield from ((path, path.stem) for path in files(compression / "videos", VIDEOS))
        for clip in folders(compression / "images"):
            yield from ((path, clip.name) for path in below(clip, PICTURES))


def _lists(place: Path) -> list[Path]:
    return [place / "splits" / f"{split}.json" for split in _SPLITS]


def _splits(place: Path) -> dict[str, str]:
    """Return the split of each clip: lists of pairs, as their repository gives them out."""
    there = ((path, split) for path, split in zip(_lists(place), _SPLITS, strict=True) if path.is_file())
    return {str(clip): split for path, split in there for pair in json_of(path) for clip in pair}


LAYOUTS.register("faceforensics")(
    Layout(
        name="faceforensics",
        title="FaceForensics++",
        about="1,000 clips and what Deepfakes, Face2Face, FaceSwap, NeuralTextures, FaceShifter made of them",
        licence="terms of use of its authors: research, on request",
        where="https://github.com/ondyari/FaceForensics",
        source="Rössler et al. 2019, arXiv:1901.08971",
        expects="original_sequences/youtube/c23/videos/000.mp4, "
        "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4, splits/train.json, ...",
        read=read,
    )
)
