"""CoMoFoD: copy-move forgeries with masks, in 25 versions each."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below, shown

__all__ = ["read"]

# 001_O is a photo, 001_F its forgery, 001_B the mask (001_M the same in colours); 001_F_JC3 is
# post-processed.
_NAME = re.compile(r"(?P<number>\d{3})_(?P<kind>[OFBM])(?:_(?P<change>[A-Z]{2}\d))?$")


def read(root: Path) -> Found:
    """Return what is there of CoMoFoD, wherever it is below a folder; the compression is the post-processing.

    Missing are the forgery, the photo and the mask of a number of which something else is there.
    """
    every = [(path, match) for path in below(root) if (match := _NAME.match(path.stem))]
    masks = {(p.parent, m["number"]): p for p, m in every if m["kind"] == "B"}
    records = [
        Record(
            path, Label.TAMPERED if match["kind"] == "F" else Label.REAL, match["number"],
            method="copy-move" if match["kind"] == "F" else "",
            mask=masks.get((path.parent, match["number"])) if match["kind"] == "F" else None,
            compression=match["change"] or "",
        )
        for path, match in every if match["kind"] in "OF"
    ]  # fmt: skip
    plain = {(p.parent, m["number"], m["kind"]) for p, m in every if not m["change"]}
    sets = {(folder, number) for folder, number, _ in plain}
    absent = [f / f"{n}_{k}.png" for f, n in sets for k in "OFB" if (f, n, k) not in plain]
    return Found(tuple(records), tuple(sorted(shown(path, root) for path in absent)))


LAYOUTS.register("comofod")(
    Layout(
        name="comofod",
        title="CoMoFoD",
        about="260 copy-move forgeries with masks (200 of 512x512), each with 25 kinds of post-processing",
        licence="none stated; given out for research",
        where="https://www.vcl.fer.hr/comofod/",
        source="Tralic et al. 2013, ELMAR",
        expects="001_O.png, 001_F.png, 001_B.png, 001_F_JC1.jpg, ...",
        read=read,
    )
)
