"""The Dresden Image Database: untouched photos of 73 cameras of 25 models."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import PICTURES, below

__all__ = ["read"]

_NAME = re.compile(r"(?P<model>[A-Za-z]+_.+)_(?P<body>\d{1,2})_(?P<number>\d{3,6})$")
_RAW = (".nef", ".cr2", ".dng", ".orf")


def read(root: Path) -> Found:
    """Return the pictures whose names are those of Dresden: MAKER_MODEL_BODY_NUMBER.

    The camera is the body, such as "Nikon_D70_0", the subject the folder that it is in ("flat", "natural").
    Nothing can be missed: the set has no list in its folders. Scenes were taken by many bodies: it is
    bodies that are to be kept apart.
    """
    records = []
    for path in below(root, (*PICTURES, *_RAW)):
        match = _NAME.match(path.stem)
        if match:
            camera = f"{match['model']}_{match['body']}"
            folder = path.relative_to(root).parts[:-1]
            records.append(
                Record(path, Label.REAL, path.stem, camera=camera, subject=folder[-1] if folder else "")
            )
    return Found(tuple(records))


LAYOUTS.register("dresden")(
    Layout(
        name="dresden",
        title="Dresden Image Database",
        about="about 17,000 untouched photos, flat and dark fields of 73 cameras of 25 models",
        licence="research; see its page",
        where="https://faui1-files.cs.fau.de/public/mmsec/datasets/dresden/",
        source="Gloe and Böhme 2010, Journal of Digital Forensic Practice 3",
        expects="Nikon_D70_0_19443.JPG, ..., in folders of any name",
        read=read,
    )
)
