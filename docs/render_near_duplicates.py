"""The part of docs/benchmarks.md that is about near-duplicates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import RESULTS, load, source, table

__all__ = ["near_duplicates"]

_NAME = "near_duplicates"
_RULES = ("PDQ", "pHash", "windows, 1000", "clusters, 1000", "windows, 1000000", "clusters, 1000000")


def near_duplicates() -> list[str]:
    """Return the section if there is a result."""
    if not (RESULTS / f"{_NAME}.json").is_file():
        return []
    result = load(_NAME)
    limits = result["thresholds"]
    sets = ", ".join(f"{found['pictures']} {name}" for name, found in result["sets"].items())
    return [
        f"## Near-duplicates\n\n{source(result)}\n"
        f"How many copies are found again, of {sets}; no picture shows what another one shows. PDQ within 31 bits, as it is "
        "used everywhere, and pHash of ImageHash within 10 bits of 64, both as the pictures are; our windows in eight "
        f"positions, within {limits['1000']['dct']} and {limits['1000000']['dct']} bits, which `thresholds` gives for scans "
        "of a thousand and of a million files; and clusters with the same thresholds, over all pictures and these copies. "
        "Crops keep a share of the area. In brackets, 95 % intervals of Wilson; then pairs of a copy and another picture "
        "that the rule takes for one.\n\n"
        + "\n".join(_recall(name, found["rows"]) for name, found in result["sets"].items())
        + "\nClusters of all pictures and all these copies in one listing:\n\n"
        + _together(result["together"])
        + _keys(result["keys"])
        + _positions(result["positions"])
        + _agreement(result["agreement"])
        + "\nMilliseconds, one core:\n\n"
        + _costs(result["costs"])
        + _search()
    ]


def _recall(name: str, rows: list[dict[str, Any]]) -> str:
    rules = [rule for rule in _RULES if rule in rows[0]]
    cells = [(f"`{row['attack']}`", *(_cell(row[rule]) for rule in rules)) for row in rows]
    return (
        table((name, *rules), cells)
        + f"\nPairs of unlike pictures in each cell: {rows[0]['PDQ']['pairs']}.\n"
    )


def _cell(found: dict[str, Any]) -> str:
    low, high = (100 * bound for bound in found["interval"])
    return f"{100 * found['found'] / found['of']:.0f} % ({low:.0f}-{high:.0f}), wrong {found['wrong pairs']}"


def _together(result: dict[str, Any]) -> str:
    rows = [
        (
            size,
            r["files"],
            f"{100 * r['right pairs'] / r['pairs']:.1f} %",
            r["wrong pairs"],
            r["clusters"],
            r["largest cluster"],
        )
        for size, r in result.items()
    ]
    head = ("thresholds for", "files", "pairs of copies together", "wrong pairs", "clusters", "largest")
    return table(head, rows)


def _keys(keys: dict[str, Any]) -> str:
    return (
        f"\nOf {keys['near']} pairs of an attacked picture, in some position, and a window within {keys['bits']} bits, the "
        f"keys that clusters use find {keys['found']} (95 %: {100 * keys['interval'][0]:.1f}-{100 * keys['interval'][1]:.1f} %), "
        f"among {keys['codes']} windows.\n"
    )


def _search() -> str:
    if not (RESULTS / f"{_NAME}_search.json").is_file():
        return ""
    result = load(f"{_NAME}_search")
    rows = [
        (
            r["engine"],
            r["bits"],
            f"{1000 * r['seconds']:.0f} ms",
            f"{r['build']:.1f} s",
            r["found"],
        )
        for r in result["search"]
    ]
    return (
        f"\n### Searching\n\n{source(result)}\n"
        f"A thousand look-ups of one code each among {result['entries']} random codes: for each there is one that differs in "
        "0 to so many bits. (A picture is looked for in eight positions, and so with eight codes; clusters look among four "
        "windows of each file.) `sure` misses nothing within the bits. Seconds of one core.\n\n"
        + table(("engine", "bits", "1000 look-ups", "building", "found of 1000"), rows)
        + _scan(result["scan"])
    )


def _scan(scan: dict[str, Any]) -> str:
    return (
        f"\nClusters of {scan['files']} files with random codes, a quarter of them in groups of two to five copies, in any "
        f"position, with up to 20 bits changed: {scan['seconds']:.0f} s on one core, and {scan['mb']} MB beyond the listing; "
        f"{scan['as planted']} files stand as they were planted, {scan['linked wrongly']} are linked wrongly.\n"
    )


def _positions(found: dict[str, list[int]]) -> str:
    rows = [(name, *bits) for name, bits in found.items()]
    return (
        "\nBits between the code of a mirrored or turned picture and the one made for that position from the upright bits, "
        "or from the upright pixels:\n\n" + table(("code", "median", "95 %", "most"), rows)
    )


def _agreement(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    bits = ", ".join(f"{count} in {bit}" for bit, count in enumerate(found["bits"]) if count)
    off = sum(found["qualities"][1:])
    return (
        f"\nOur PDQ beside that of pdqhash, {found['pictures']} pictures: so many differ in so many bits of 256: {bits}. "
        f"Qualities differ for {off}, by at most {len(found['qualities']) - 1} of 100.\n"
    )


def _costs(rows: list[dict[str, Any]]) -> str:
    ways = [way for way in rows[0] if way != "picture"]
    return table(("picture", *ways), [(r["picture"], *(f"{r[way]:.1f}" for way in ways)) for r in rows])
