"""GenImage: a million pictures of eight generators, and as many of ImageNet."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.pairs import paired, unpaired
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import files, shown

__all__ = ["read"]

_SPLITS = ("train", "val", "test")
_SYNSET = re.compile(r"n\d{8}")
_NUMBERED = re.compile(r"(\d{1,3})_")


def read(root: Path) -> Found:
    """Return what is there of GenImage: .../GENERATOR/SET/{train,val}/{ai,nature}.

    The method is the outermost folder, the generator; the subject the synset of a photo or the number of the
    class of a generated one, where the name begins with it.
    """
    records: list[Record] = []
    found = list(paired(root, "nature", "ai"))
    for folder, label in found:
        inside = folder.relative_to(root).parts
        split = next((part for part in reversed(inside) if part in _SPLITS), "")
        method = next((part for part in inside if part not in _SPLITS), root.name)
        method = root.name if method in ("ai", "nature") else method
        for path in files(folder):
            maker = method if label is Label.FAKE else ""
            source = f"{maker}/{path.stem}" if maker else path.stem
            subject = _SYNSET.match(path.stem) or _NUMBERED.match(path.stem)
            name = subject[0].rstrip("_") if subject else ""
            records.append(Record(path, label, source, method=maker, split=split, subject=name))
    absent = unpaired(root, [folder for folder, _ in found], "nature", "ai")
    return Found(tuple(records), tuple(shown(path, root) for path in absent))


LAYOUTS.register("genimage")(
    Layout(
        name="genimage",
        title="GenImage",
        about="1.3 million pictures of eight generators, and photos of ImageNet, mostly JPEG against PNG",
        licence="see its page; photos are those of ImageNet: research",
        where="https://github.com/GenImage-Dataset/GenImage",
        source="Zhu et al. 2023, arXiv:2306.08571",
        expects="GENERATOR/SET/train/ai/, GENERATOR/SET/train/nature/, .../val/...",
        read=read,
    )
)
