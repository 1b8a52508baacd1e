"""DeepfakeTIMIT: faces of VidTIMIT swapped by a GAN, at two sizes."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import PICTURES, VIDEOS, below, files, folders, shown, within

__all__ = ["read"]

_QUALITIES = ("higher_quality", "lower_quality")
_NAME = re.compile(r"(?P<sentence>[a-z]+\d+)-video-(?P<donor>[a-z0-9]+)", re.IGNORECASE)


def read(root: Path) -> Found:
    """Return what is there of DeepfakeTIMIT, and of VidTIMIT beside it.

    Frames of VidTIMIT (vidtimit/PERSON/video/...) are the real ones. The source is the person on whose clip a
    face was put, the donor the one whose face it is. Missing are clips that there are at one quality only.
    """
    records: list[Record] = []
    clips: dict[str, set[Path]] = {}
    for place in within(root, _QUALITIES):
        for quality in _QUALITIES:
            for person in folders(place / quality):
                for path in files(person, VIDEOS):
                    clips.setdefault(quality, set()).add(path.relative_to(place / quality))
                    records.append(_fake(path, person.name, quality))
        for person in folders(place / "vidtimit"):
            records += [_real(path, person.name) for path in below(person / "video", (*PICTURES, ""))]
        every = set().union(*clips.values())
        absent = [place / quality / clip for quality in clips for clip in every - clips[quality]]
        return Found(tuple(records), tuple(sorted(shown(p, root) for p in absent)))
    return Found(())


def _fake(path: Path, person: str, quality: str) -> Record:
    match = _NAME.match(path.stem)
    donors = (match["donor"],) if match else ()
    return Record(
        path, Label.FAKE, person, method="faceswap-GAN", donors=donors, subject=person,
        compression=quality.split("_", maxsplit=1)[0],
    )  # fmt: skip


def _real(path: Path, person: str) -> Record:
    return Record(path, Label.REAL, person, subject=person)


LAYOUTS.register("deepfaketimit")(
    Layout(
        name="deepfaketimit",
        title="DeepfakeTIMIT",
        about="640 clips of 32 people of VidTIMIT with swapped faces, 64 and 128 px, each in 320 clips",
        licence="end user licence of Idiap: research; VidTIMIT has its own",
        where="https://www.idiap.ch/en/scientific-research/data/deepfaketimit",
        source="Korshunov and Marcel 2018, arXiv:1812.08685",
        expects="higher_quality/fadg0/sa1-video-fram1.avi, lower_quality/fadg0/..., "
        "and, for real ones, vidtimit/fadg0/video/...",
        read=read,
    )
)
