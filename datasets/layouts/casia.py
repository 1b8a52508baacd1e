"""CASIA v1.0 and v2.0: photos, and those in which regions were replaced."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below, by_name, shown

__all__ = ["read"]

# Tp_D_CND_M_N_ani00018_sec00096_00138: D for different pictures, S for the same; then the picture that was
# altered, the one that the region is from, and a number. In v1.0 names begin with Sp and have fewer letters.
_ALTERED = re.compile(
    r"(?:Tp|Sp)_(?P<kind>[DS])_.*?(?P<target>[a-z]{3}\d+)_(?P<donor>[a-z]{3}\d+)_?(?P<number>\d*)",
    re.IGNORECASE,
)
_PHOTO = re.compile(r"Au_(?P<subject>[a-z]{3})_?(?P<number>\d+)", re.IGNORECASE)
_MASK_ENDS = ("_gt", "_mask", "_edgemask")


def read(root: Path) -> Found:
    """Return the pictures whose names are those of CASIA, wherever they are below a folder, with their masks.

    The source of an altered picture is the one that was altered, its donor the one that the region is from.
    Masks are not of CASIA itself: they are "NAME_gt.png", as others published them. Missing are the masks of
    altered pictures, where there are any masks.
    """
    pictures = below(root)
    masks = by_name(path for path in pictures if path.stem.lower().endswith(_MASK_ENDS))
    taken = set(masks.values())
    records = [record for path in pictures if path not in taken for record in _records(path, masks)]
    lacking = [r.path for r in records if r.label is Label.TAMPERED and r.mask is None] if masks else []
    return Found(tuple(records), tuple(f"mask of {shown(path, root)}" for path in lacking))


def _records(path: Path, masks: dict[str, Path]) -> list[Record]:
    photo, altered = _PHOTO.match(path.stem), _ALTERED.match(path.stem)
    if photo:
        return [Record(path, Label.REAL, f"{photo['subject']}{photo['number']}".lower(),
                       subject=photo["subject"].lower())]  # fmt: skip
    if not altered:
        return []
    target, donor = altered["target"].lower(), altered["donor"].lower()
    mask = next(
        (masks[path.stem.lower() + end] for end in _MASK_ENDS if path.stem.lower() + end in masks), None
    )
    return [
        Record(
            path, Label.TAMPERED, target, method="splice" if altered["kind"].upper() == "D" else "copy-move",
            donors=(donor,) if donor != target else (), mask=mask, subject=target[:3],
        )
    ]  # fmt: skip


_TERMS = "terms of use of the Chinese Academy of Sciences: research"

LAYOUTS.register("casia1")(
    Layout(
        name="casia1",
        title="CASIA v1.0",
        about="800 photos and 921 with a region replaced, JPEG, 384x256",
        licence=_TERMS,
        where="https://github.com/namtpham/casia1groundtruth (masks, and where the pictures are)",
        source="Dong et al. 2013, IEEE ChinaSIP",
        expects="Au/Au_ani_0001.jpg, Modified Tp/Tp/Sp/Sp_D_..._0001.jpg, .../CM/..., ..._gt.png",
        read=read,
    )
)
LAYOUTS.register("casia2")(
    Layout(
        name="casia2",
        title="CASIA v2.0",
        about="7,491 photos and 5,123 with a region replaced; those are often TIFF, photos are JPEG",
        licence=_TERMS,
        where="https://github.com/namtpham/casia2groundtruth (masks, and where the pictures are)",
        source="Dong et al. 2013, IEEE ChinaSIP",
        expects="Au/Au_ani_00001.jpg, Tp/Tp_D_CND_M_N_ani00018_sec00096_00138.tif, "
        "CASIA 2 Groundtruth/Tp_..._gt.png",
        read=read,
    )
)
