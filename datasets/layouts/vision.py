"""VISION: photos and clips of 35 phones and tablets, native and from social networks."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import PICTURES, VIDEOS, below, folders, shown, within

__all__ = ["read"]

_DEVICE = re.compile(r"D(\d{2})_.+")
_NAME = re.compile(r"D\d{2}_[IV]_(?P<way>[A-Za-z]+)_(?P<rest>.+)$")
_SHARED = ("FBH", "FBL", "WA", "YT")  # Facebook at high and low quality, WhatsApp, YouTube
_NATIVE = "nat"


def read(root: Path) -> Found:
    """Return what is there of VISION: D01_MAKER_MODEL/{images,videos}/WAY/.

    A photo and what networks made of it have one source. Missing are native photos of which there is only
    what a network made.
    """
    records: list[Record] = []
    missing: list[str] = []
    for device in _devices(root):
        here = [_record(p, device) for p in below(device, (*PICTURES, *VIDEOS)) if _NAME.match(p.stem)]
        native = {record.source for record in here if not record.compression}
        records += here
        pictures = [r for r in here if r.compression and r.path.parent.name.startswith(_NATIVE)]
        if any(r.path.parent.name == _NATIVE for r in here):
            absent = {r.path for r in pictures if r.source not in native}
            missing += [f"native photo of {shown(path, root)}" for path in sorted(absent)]
    return Found(tuple(records), tuple(missing))


def _devices(root: Path) -> list[Path]:
    if _DEVICE.match(root.name):
        return [root]
    places = [root, *folders(root), *within(root, ("dataset",))]
    return sorted({f for place in places for f in folders(place) if _DEVICE.match(f.name)})


def _record(path: Path, device: Path) -> Record:
    match = _NAME.match(path.stem)
    way = match["way"] if match else ""
    network = next((name for name in _SHARED if way.endswith(name)), "")
    plain = way.removesuffix(network)
    rest = match["rest"] if match else ""
    kind = path.stem[4:5]
    source = f"{device.name}/{kind}_{plain}_{rest}"
    return Record(path, Label.REAL, source, camera=device.name, subject=plain, compression=network)


LAYOUTS.register("vision")(
    Layout(
        name="vision",
        title="VISION",
        about="34,427 photos and 1,914 clips of 35 devices, native, and from Facebook, WhatsApp and YouTube",
        licence="licence agreement of its authors: research",
        where="https://lesc.dinfo.unifi.it/VISION/",
        source="Shullani et al. 2017, EURASIP Journal on Information Security 2017:15",
        expects="D01_Samsung_GalaxyS3Mini/images/nat/D01_I_nat_0001.jpg, .../natWA/..., .../videos/...",
        read=read,
    )
)
