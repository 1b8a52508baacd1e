"""CNNDetection, also called ForenSynths: ProGAN to train on, thirteen methods to test on."""

from __future__ import annotations

from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.pairs import paired, unpaired
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import files, shown

__all__ = ["read"]

_SPLITS = {"train": "train", "progan_train": "train", "val": "val", "progan_val": "val", "test": "test"}
_LEARNED = "progan"  # all that is in the folders to train and validate on


def read(root: Path) -> Found:
    """Return what is there: {train,val}/CLASS/{0_real,1_fake}, test/METHOD/[CLASS/]{0_real,1_fake}."""
    records: list[Record] = []
    found = list(paired(root, "0_real", "1_fake"))
    for folder, label in found:
        inside = folder.relative_to(root).parts[:-1]
        split = next((_SPLITS[part] for part in inside if part in _SPLITS), "")
        rest = [part for part in inside if part not in _SPLITS] or [root.name]
        method, subject = (rest[0], rest[1:]) if split in ("test", "") else (_LEARNED, rest)
        for path in files(folder):
            place = "/".join((split, method, *subject, label.value, path.stem))
            maker = method if label is Label.FAKE else ""
            records.append(Record(path, label, place, method=maker, split=split, subject="/".join(subject)))
    absent = unpaired(root, [folder for folder, _ in found], "0_real", "1_fake")
    return Found(tuple(records), tuple(shown(path, root) for path in absent))


LAYOUTS.register("forensynths")(
    Layout(
        name="forensynths",
        title="CNNDetection (ForenSynths)",
        about="720,000 pictures to train on (LSUN and ProGAN), thirteen sets of other methods to test on",
        licence="CC BY-NC-SA 4.0 of the code; pictures have those of their sets",
        where="https://github.com/PeterWang512/CNNDetection",
        source="Wang et al. 2020, arXiv:1912.11035",
        expects="train/airplane/0_real/, train/airplane/1_fake/, test/stylegan/car/0_real/, ...",
        read=read,
    )
)
