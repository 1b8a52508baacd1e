"""CycleGAN: its photos and paintings, and what its models made of them (the set of Nataraj et al.)."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Archive, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import below, files, folders, shown

__all__ = ["read"]

_PARTS = {"trainA": "train", "trainB": "train", "testA": "test", "testB": "test"}
_OUTPUT = re.compile(r"(?P<source>.+)_(?P<kind>fake|rec|real)(?:_(?P<domain>[AB]))?$")
_LEAST = 2  # parts of a task that tell it from a folder of that name by chance


def read(root: Path) -> Found:
    """Return what is there: TASK/{train,test}{A,B} of photos, and results of its models below TASK.

    Results are what its test command writes, images/NAME_{real,fake,rec}_{A,B}.png: a fake and its way back
    are fakes of the source NAME; what it calls real was scaled by it and is no record. Missing are the parts
    of a task that are not there.
    """
    records: list[Record] = []
    missing: list[str] = []
    for task in [root, *folders(root), *(inner for f in folders(root) for inner in folders(f))]:
        there = [part for part in _PARTS if (task / part).is_dir()]
        if len(there) >= _LEAST:
            missing += [shown(task / part, root) for part in _PARTS if part not in there]
            for part in there:
                for path in files(task / part):
                    source = f"{task.name}/{path.stem}"
                    records.append(Record(path, Label.REAL, source, split=_PARTS[part], subject=part[-1:]))
    for folder in sorted(f for f in root.rglob("images") if f.is_dir()):
        records += _outputs(folder, root)
    return Found(tuple(records), tuple(missing))


def _outputs(folder: Path, root: Path) -> list[Record]:
    above = folder.relative_to(root).parts
    task = next((part for part in above if "2" in part), above[0]).removesuffix("_pretrained")
    split = "test" if any(part.startswith("test") for part in above) else ""
    found = []
    for path in below(folder):
        match = _OUTPUT.match(path.stem)
        if match and match["kind"] != "real":
            source = f"{task}/{match['source']}"
            found.append(
                Record(
                    path, Label.FAKE, source, method="cyclegan", split=split, subject=match["domain"] or ""
                )
            )
    return found


_TFDS = "TensorFlow Datasets, url_checksums/cycle_gan.txt"
_SHA256 = {
    "apple2orange": "845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8",
    "cezanne2photo": "3a6c10ca21f9485862f1cbd707744b9dc258954a04631271d23a3605eeb63cff",
    "cityscapes": "d2f6910fd056c1ee9873777ae838e7ac4a2c833598ae62a04188e5ab2f4ea036",
    "facades": "9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0",
    "horse2zebra": "a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1",
    "iphone2dslr_flower": "8fcb5e374d631b107e1d961b8c4cd0a186aa2a4ff3e279923f4c426128de7113",
    "maps": "639534f69dbf9f36bef8d6292a7698006361221f83f0285d7c9ca78afe6e8a9e",
    "monet2photo": "88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04",
    "summer2winter_yosemite": "167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9",
    "ukiyoe2photo": "02a2a2fb5ecf425ca1bf86aca7304377da64a2a1d3b86df54eb65e4068bf3b08",
    "vangogh2photo": "362c3473e70be0944bda08d49d660eafdc2854df55d697835b8186d1d79caaff",
}

LAYOUTS.register("cyclegan")(
    Layout(
        name="cyclegan",
        title="CycleGAN sets",
        about="photos and paintings of fourteen tasks, and what the models of each made",
        licence="those of their sources (ImageNet, Flickr, WikiArt, Cityscapes): research",
        where="https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix",
        source="Zhu et al. 2017, arXiv:1703.10593; Nataraj et al. 2019, arXiv:1903.06836",
        expects="horse2zebra/trainA/, trainB/, testA/, testB/, ...; results/horse2zebra_pretrained/"
        "test_latest/images/NAME_fake_B.png",
        read=read,
        archives=tuple(Archive(f"{name}.zip", digest, _TFDS) for name, digest in _SHA256.items()),
    )
)
