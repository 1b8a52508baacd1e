"""Columbia, uncompressed: 183 photos of four cameras and 180 splices of two each."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below, by_name, files, shown, within

__all__ = ["read"]

_MASK = "_edgemask"
_NAME = re.compile(r"(?P<first>[a-z0-9]+)_(?:(?P<second>[a-z0-9]+)_)?(?:sub_)?(?P<number>\d+)(?:_sub.*)?$")


def read(root: Path) -> Found:
    """Return what is there of Columbia, uncompressed.

    The camera is the first of the name. The set does not say which photos a splice was made of: the source is
    the splice itself, and whoever splits keeps cameras apart. Masks draw edges (edgemask/NAME_edgemask.jpg).
    Missing are the masks of splices, where there are any.
    """
    records: list[Record] = []
    missing: list[str] = []
    for place in within(root, ("4cam_auth", "4cam_splc")):
        for kind, label in (("4cam_auth", Label.REAL), ("4cam_splc", Label.TAMPERED)):
            inner = [f for f in (place / kind, place / kind / kind) if f.is_dir()]
            every = [p for f in inner for p in files(f)]
            masks = by_name(p for f in inner for p in below(f / "edgemask"))
            for path in every:
                if not path.stem.endswith(_MASK):
                    records.append(_record(path, label, masks))
                    if masks and label is Label.TAMPERED and records[-1].mask is None:
                        missing.append(f"mask of {shown(path, root)}")
    return Found(tuple(records), tuple(missing))


def _record(path: Path, label: Label, masks: dict[str, Path]) -> Record:
    match = _NAME.match(path.stem.lower())
    cameras = [name for name in (match["first"], match["second"]) if name] if match else []
    return Record(
        path, label, path.stem, method="splice" if label is Label.TAMPERED else "",
        mask=masks.get(path.stem.lower() + _MASK), camera="+".join(cameras),
    )  # fmt: skip


LAYOUTS.register("columbia")(
    Layout(
        name="columbia",
        title="Columbia uncompressed splicing",
        about="183 photos of four cameras and 180 splices, TIFF and BMP, never compressed",
        licence="terms of use of Columbia University: research, on request",
        where="https://www.ee.columbia.edu/ln/dvmm/downloads/authsplcuncmp/",
        source="Hsu and Chang 2006, IEEE ICME",
        expects="4cam_auth/canong3_02_sub_01.tif, 4cam_splc/canong3_canonxt_sub_01.tif, "
        "4cam_splc/edgemask/canong3_canonxt_sub_01_edgemask.jpg",
        read=read,
    )
)
