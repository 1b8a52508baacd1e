"""StarGAN: faces of CelebA with other attributes (the set of Nataraj et al.)."""

from __future__ import annotations

from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import files, folders, shown, within

__all__ = ["read"]


def read(root: Path) -> Found:
    """Return what is there: real/000001.jpg and fake/ATTRIBUTE/000001.png, or fake/000001-ATTRIBUTE.png.

    The set of the paper was never given out, and StarGAN writes strips of pictures side by side: who
    makes the set cuts them. Missing are the photos that fakes are named after.
    """
    records: list[Record] = []
    missing: set[str] = set()
    for place in within(root, ("fake",)):
        reals = {path.stem: path for path in files(place / "real")}
        records += [Record(path, Label.REAL, name) for name, path in reals.items()]
        loose = [(path, "") for path in files(place / "fake")]
        for path, attribute in [*loose, *((p, f.name) for f in folders(place / "fake") for p in files(f))]:
            name, _, said = path.stem.partition("-")
            records.append(Record(path, Label.FAKE, name, method="stargan", subject=attribute or said))
            if reals and name not in reals:
                missing.add(shown(place / "real" / f"{name}.jpg", root))
    return Found(tuple(records), tuple(sorted(missing)))


LAYOUTS.register("stargan")(
    Layout(
        name="stargan",
        title="StarGAN faces",
        about="faces of CelebA, and the same with other hair, sex or age by StarGAN",
        licence="CelebA: non-commercial research",
        where="https://github.com/yunjey/stargan (to be made with its models; never given out as a set)",
        source="Choi et al. 2017, arXiv:1711.09020; Nataraj et al. 2019, arXiv:1903.06836",
        expects="real/000001.jpg, fake/Black_Hair/000001.png, ...",
        read=read,
    )
)
