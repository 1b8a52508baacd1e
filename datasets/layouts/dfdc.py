"""The Deepfake Detection Challenge: its preview, and the full set in parts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forensics.datasets.layouts.base import LAYOUTS, Layout
from forensics.datasets.layouts.records import Found, Label, Record
from forensics.datasets.layouts.trees import json_of, shown
from forensics.errors import UsageError

__all__ = ["read", "read_preview"]


def read(root: Path) -> Found:
    """Return what the lists of the full set name: metadata.json of each part, or labels.csv of a test.

    The source of a fake is the clip that it was made from.
    """
    records: list[Record] = []
    missing: list[str] = []
    for path in sorted([*root.rglob("metadata.json"), *root.rglob("labels.csv")]):
        for name, entry in _entries(path):
            clip = path.parent / name
            if not clip.is_file():
                missing.append(shown(clip, root))
                continue
            original = str(entry.get("original") or "")
            records.append(
                Record(
                    clip, _label(path, entry), Path(original or name).stem,
                    method="unknown" if _label(path, entry) is Label.FAKE else "",
                    split=_split(entry),
                )
            )  # fmt: skip
    return Found(tuple(records), tuple(missing))


def read_preview(root: Path) -> Found:
    """Return what dataset.json names. Source and donor are the people of its fields, or those of the name."""
    records: list[Record] = []
    missing: list[str] = []
    for path in sorted(root.rglob("dataset.json")):
        for name, entry in _entries(path):
            clip = path.parent / name
            if not clip.is_file():
                missing.append(shown(clip, root))
                continue
            label = _label(path, entry)
            person = str(entry.get("target_id") or "") or clip.stem.split("_")[0]
            donor = str(entry.get("swapped_id") or "")
            records.append(
                Record(
                    clip, label, person, subject=person,
                    method=Path(name).parts[0] if label is Label.FAKE else "",
                    donors=(donor,) if donor else (), split=_split(entry),
                )
            )  # fmt: skip
    return Found(tuple(records), tuple(missing))


def _entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names, below the list, and what it says of them."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                yield _inside(path, str(row.get("filename", ""))), dict(row)
        return
    entries = json_of(path)
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise UsageError(f"{path} is no list of clips", expected="names with records", actual=str(path))
    yield from ((_inside(path, name), entry) for name, entry in sorted(entries.items()))


def _inside(path: Path, name: str) -> str:
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts:
        raise UsageError(f"{path} names a file outside of its folder: {name!r}", actual=name)
    return name


def _label(path: Path, entry: dict[str, Any]) -> Label:
    said = str(entry.get("label", entry.get("is_fake", ""))).lower()
    if said in ("fake", "1", "true"):
        return Label.FAKE
    if said in ("real", "0", "false"):
        return Label.REAL
    raise UsageError(f"{path} says neither FAKE nor REAL but {said!r}", expected="FAKE, REAL", actual=said)


def _split(entry: dict[str, Any]) -> str:
    return str(entry.get("split") or entry.get("set") or "").lower()


_WHERE = "https://ai.meta.com/datasets/dfdc"

LAYOUTS.register("dfdc")(
    Layout(
        name="dfdc",
        title="DFDC",
        about="about 124,000 clips of paid actors, swapped by eight methods",
        licence="terms of use of its publisher, to be agreed to",
        where=_WHERE,
        source="Dolhansky et al. 2020, arXiv:2006.07397",
        expects="dfdc_train_part_0/metadata.json beside its clips, ...; or labels.csv beside those of a test",
        read=read,
    )
)
LAYOUTS.register("dfdc_preview")(
    Layout(
        name="dfdc_preview",
        title="DFDC preview",
        about="about 5,000 clips of 66 paid actors, swapped by two methods",
        licence="terms of use of its publisher, to be agreed to",
        where=_WHERE,
        source="Dolhansky et al. 2019, arXiv:1910.08854",
        expects="dataset.json, original_videos/, method_A/, method_B/",
        read=read_preview,
    )
)
