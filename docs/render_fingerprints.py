"""The part of docs/benchmarks.md that is about fingerprints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import RESULTS, load, source, table

from forensics.watermark.statistics import wilson

__all__ = ["fingerprints"]

_NAME = "fingerprints"
_SMALL = ("scenes", "clothes")
_KINDS = ("dct", "pdq")
_CROPS = ("dct", "--crops", "9 more windows", "164 more windows")


def fingerprints() -> list[str]:
    """Return the section if there is a result."""
    if not (RESULTS / f"{_NAME}.json").is_file():
        return []
    result = load(_NAME)
    sets, most = result["sets"], result["farthest"]
    sizes = ", ".join(f"{found['pictures']} {name}" for name, found in sets.items())
    return [
        f"## Fingerprints\n\n{source(result)}\n"
        f"How many pictures are found again, of {sizes} that the tables of chance were not made from, where an unrelated "
        f"entry lies as near with a chance of at most {result['p']:g} in a store of {result['entries']} entries: within "
        f"{most['dct'][0]} bits of 256 for `dct`, {most['pdq'][0]} for `pdq`; and, small, of {result['small']} entries: "
        f"{most['dct'][1]} and {most['pdq'][1]} bits. Photos have up to 1024 pixels a side, scenes and clothes 128. "
        "Crops keep a share of the area; in brackets, 95 % intervals of Wilson.\n\n"
        + _recall(sets)
        + "\nCrops of all these pictures, in the large store, with `store find --crops`, and with more windows in each "
        f"fingerprint. The last have {_bytes(9)} and {_bytes(164)} bytes instead of {_bytes(0)}, and take "
        f"{_times(9):.0f} and {_times(164):.0f} times as long to search; so they were not built.\n\n"
        + _crops(sets)
        + "\nThe same look-ups, against all other pictures of their set: how many are as near as chance allows for one "
        "entry at some rates. A pair of pictures counts once for each attack and direction.\n\n"
        + _alarms(sets)
        + "\nTwo photos of one scene by two cameras, taken from one place, are "
        f"{_both(result['one scene twice'])} bits apart (`dct` and `pdq`). That is no copy, and near.\n"
    ]


def _bytes(more: int) -> int:
    return 32 * (4 + more)


def _times(more: int) -> float:
    return (2 * (4 + more) - 1) / 7


def _both(bits: dict[str, int]) -> str:
    return " and ".join(str(bits[kind]) for kind in _KINDS)


def _pooled(sets: dict[str, Any], names: tuple[str, ...], number: int, key: str) -> str:
    rows = [sets[name]["recall"][number][key] for name in names]
    found, trials = sum(row["found"] for row in rows), sum(row["of"] for row in rows)
    interval = wilson(found, trials)
    return f"{found} of {trials} ({100 * interval.low:.0f}-{100 * interval.high:.0f} %)"


def _recall(sets: dict[str, Any]) -> str:
    head = [f"photos, {kind}" for kind in _KINDS] + [f"scenes and clothes, {kind}" for kind in _KINDS]
    head += [f"the same, small, {kind}" for kind in _KINDS]
    rows = []
    for number, row in enumerate(sets["photos"]["recall"]):
        cells = [_pooled(sets, ("photos",), number, kind) for kind in _KINDS]
        cells += [_pooled(sets, _SMALL, number, kind) for kind in _KINDS]
        cells += [_pooled(sets, _SMALL, number, f"{kind}, small store") for kind in _KINDS]
        rows.append((f"`{row['attack']}`", *cells))
    return table(("attack", *head), rows)


def _crops(sets: dict[str, Any]) -> str:
    rows = [
        (f"`{row['attack']}`", *(_pooled(sets, tuple(sets), number, key) for key in _CROPS))
        for number, row in enumerate(sets["photos"]["recall"])
        if "--crops" in row
    ]
    return table(("crop", *_CROPS), rows)


def _alarms(sets: dict[str, Any]) -> str:
    rows = [
        (name, kind, alarms["comparisons"], alarms["nearest"], *alarms["at most"].values())
        for name, found in sets.items()
        for kind, alarms in found["false matches"].items()
    ]
    rates = next(iter(sets.values()))["false matches"]["dct"]["at most"]
    return table(("pictures", "kind", "comparisons", "nearest, bits", *rates), rows)
