"""DiffusionForensics, the set of DIRE: bedrooms, ImageNet and faces of many diffusion models."""

from __future__ import annotations

from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below, folders, shown, within

__all__ = ["read"]

_SPLITS = ("train", "val", "test")


def read(root: Path) -> Found:
    """Return what is there of DiffusionForensics: {images,dire}/SPLIT/SUBJECT/{real,MODEL}/.

    Maps of the folder dire are records of the same source with the compression "dire map": a map has the name
    of its picture, and with it the format, which is how the format leaks into them. Missing are maps of
    pictures that are there, where there are any maps, and subjects without real pictures.
    """
    records: list[Record] = []
    missing: list[str] = []
    for place in within(root, _SPLITS):
        kind = place.name if place.name == "dire" else ""
        for split in (folder for folder in folders(place) if folder.name in _SPLITS):
            for subject in folders(split):
                models = folders(subject)
                if models and not any(model.name == "real" for model in models):
                    missing.append(shown(subject / "real", root))
                for model in models:
                    records += [_record(p, model, subject.name, split.name, kind) for p in below(model)]
    return Found(tuple(records), (*missing, *_unmapped(root)))


def _record(path: Path, model: Path, subject: str, split: str, kind: str) -> Record:
    real = model.name == "real"
    name = path.relative_to(model).with_suffix("").as_posix()
    return Record(
        path, Label.REAL if real else Label.FAKE, f"{subject}/{model.name}/{name}",
        method="" if real else model.name, split=split, subject=subject,
        compression="dire map" if kind else "",
    )  # fmt: skip


def _unmapped(root: Path) -> list[str]:
    """Return the maps that are missing where both kinds of folder are there."""
    for place in within(root, ("images",)):
        if (place / "dire").is_dir():
            pictures = {p.relative_to(place / "images") for p in below(place / "images")}
            maps = {p.relative_to(place / "dire") for p in below(place / "dire")}
            return [shown(place / "dire" / name, root) for name in sorted(pictures - maps)]
    return []


LAYOUTS.register("diffusionforensics")(
    Layout(
        name="diffusionforensics",
        title="DiffusionForensics",
        about="LSUN bedrooms, ImageNet and CelebA-HQ, and what a dozen diffusion models made, with DIRE maps",
        licence="none stated; photos have those of their sets: research",
        where="https://github.com/ZhendongWang6/DIRE",
        source="Wang et al. 2023, arXiv:2303.09295",
        expects="images/train/lsun_bedroom/real/, images/train/lsun_bedroom/adm/, images/test/..., dire/...",
        read=read,
    )
)
