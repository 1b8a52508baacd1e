"""UADFV: 49 clips and a fake of each."""

from __future__ import annotations

from pathlib import Path

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import PICTURES, VIDEOS, below, files, named, shown, within

__all__ = ["read"]

_SUFFIX = "_fake"


def read(root: Path) -> Found:
    """Return what is there of UADFV: clips, and the frames of its newer version.

    A fake is named as the clip that it was made from.
    """
    records: list[Record] = []
    clips: dict[str, set[str]] = {"real": set(), "fake": set()}
    for place in within(root, ("fake",)):
        for kind, label in (("real", Label.REAL), ("fake", Label.FAKE)):
            folder = named(place, kind)
            if folder is None:
                continue
            for path in files(folder, VIDEOS):
                clips[kind].add(path.stem.removesuffix(_SUFFIX))
                records.append(_record(path, path.stem, label))
            records += [_record(p, p.parent.name, label) for p in below(folder / "frames", PICTURES)]
        alone = [place / "fake" / f"{clip}_fake.mp4" for clip in clips["real"] - clips["fake"]]
        alone += [place / "real" / f"{clip}.mp4" for clip in clips["fake"] - clips["real"]]
        return Found(tuple(records), tuple(sorted(shown(p, root) for p in alone)))
    return Found(())


def _record(path: Path, clip: str, label: Label) -> Record:
    method = "FakeApp" if label is Label.FAKE else ""
    return Record(path, label, clip.removesuffix(_SUFFIX), method=method)


LAYOUTS.register("uadfv")(
    Layout(
        name="uadfv",
        title="UADFV",
        about="49 clips from YouTube and 49 in which the face was swapped",
        licence="none stated; on request to its authors",
        where="https://github.com/danmohaha/WIFS2018_In_Ictu_Oculi",
        source="Yang et al. 2018, arXiv:1811.00661; Li et al. 2018, arXiv:1806.02877",
        expects="real/0000.mp4, fake/0000_fake.mp4, ...",
        read=read,
    )
)
