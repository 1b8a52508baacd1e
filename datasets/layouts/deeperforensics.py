"""DeeperForensics-1.0: faces of a hundred actors on the clips of FaceForensics++, also distorted."""

from __future__ import annotations

from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import VIDEOS, below, files, folders, lines_of, shown, within

__all__ = ["read"]

_SPLITS = ("train", "val", "test")


def read(root: Path) -> Found:
    """Return what is there of DeeperForensics-1.0.

    The source of a fake is the clip of FaceForensics++ that the face was put on, its donor the actor. Its
    recordings of the actors are real, but not the real part of a test: that is FaceForensics++ at c23.
    """
    records: list[Record] = []
    missing: list[str] = []
    for place in within(root, ("manipulated_videos", "source_videos")):
        splits = _splits(place)
        for variant in folders(place / "manipulated_videos"):
            there = files(variant, VIDEOS)
            records += [_fake(path, variant.name, splits) for path in there]
            listed = place / "lists" / "manipulated_videos_lists"
            promised = listed / f"manipulated_videos_{variant.name}_list.txt"
            if promised.is_file():
                absent = {Path(line).name for line in lines_of(promised)} - {p.name for p in there}
                missing += [shown(variant / name, root) for name in sorted(absent)]
        for actor in folders(place / "source_videos"):
            records += [_recording(path, actor.name) for path in below(actor, VIDEOS)]
    return Found(tuple(records), tuple(missing))


def _fake(path: Path, variant: str, splits: dict[str, str]) -> Record:
    target, _, actor = path.stem.partition("_")
    return Record(
        path, Label.FAKE, target, method="DF-VAE", donors=(actor,), subject=actor,
        split=splits.get(path.name, ""), compression=variant,
    )  # fmt: skip


def _recording(path: Path, actor: str) -> Record:
    camera = path.stem.partition("_camera_")[2]
    return Record(path, Label.REAL, actor, subject=actor, camera=camera)


def _splits(place: Path) -> dict[str, str]:
    lists = ((place / "lists" / "splits" / f"{split}.txt", split) for split in _SPLITS)
    there = [(path, split) for path, split in lists if path.is_file()]
    return {Path(line).name: split for path, split in there for line in lines_of(path)}


LAYOUTS.register("deeperforensics")(
    Layout(
        name="deeperforensics",
        title="DeeperForensics-1.0",
        about="11,000 clips swapped by DF-VAE, 10,000 of them distorted or made otherwise; 48,475 recordings",
        licence="terms of use of its authors: research, on request",
        where="https://github.com/EndlessSora/DeeperForensics-1.0",
        source="Jiang et al. 2020, arXiv:2001.03024",
        expects="manipulated_videos/end_to_end/000_M001.mp4, source_videos/M001/, lists/splits/train.txt",
        read=read,
    )
)
