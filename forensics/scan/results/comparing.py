"""Two scans side by side: what changed its verdict, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from pydantic import Field

from forensics.evidence import Model
from forensics.scan.manifest import RunManifest
from forensics.scan.results.folder import Results
from forensics.scan.row import DetectorRow, ScanRow

__all__ = ["Change", "Comparison", "compare"]

_MOVED = 0.3  # log10: a weight that moves by less than a factor of two is not named


class Change(Model):
    """One file that two scans see differently."""

    id: str
    before: str = Field(description="Verdict, or the state where there is none; '' for a new file.")
    after: str = Field(description="The same; '' for a file that is gone.")
    why: tuple[str, ...] = Field(description="What else changed, the weightiest first.")


class Comparison(Model):
    """What changed between two scans."""

    same: int = Field(description="Files with the same verdict.")
    changed: tuple[Change, ...]
    added: tuple[str, ...] = Field(description="Ids of files that only the second scan has.")
    removed: tuple[str, ...] = Field(description="Ids of files that only the first scan has.")
    moves: dict[str, int] = Field(description="'before -> after' and how often.")
    settings: tuple[str, ...] = Field(description="What differs between the runs themselves.")


def compare(before: Results, after: Results) -> Comparison:
    """Return what changed between two scans, by the ids of files.

    Args:
        before: The earlier one.
        after: The later one.

    Raises:
        ScanError: One cannot be read.
    """
    changed: list[Change] = []
    added: list[str] = []
    same = 0
    with sqlite3.connect("") as old:  # on disk, in a file that goes away with it
        old.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, row TEXT, seen INTEGER DEFAULT 0)")
        stream = ((row.id, row.model_dump_json()) for row in before.rows())
        old.executemany("INSERT OR REPLACE INTO rows (id, row) VALUES (?, ?)", stream)
        for row in after.rows():
            found = old.execute("SELECT row FROM rows WHERE id = ?", (row.id,)).fetchone()
            if found is None:
                added.append(row.id)
                continue
            old.execute("UPDATE rows SET seen = 1 WHERE id = ?", (row.id,))
            earlier = ScanRow.model_validate_json(found[0])
            if _said(earlier) == _said(row):
                same += 1
            else:
                why = tuple(_why(earlier, row))
                changed.append(Change(id=row.id, before=_said(earlier), after=_said(row), why=why))
        removed = tuple(id_ for (id_,) in old.execute("SELECT id FROM rows WHERE NOT seen ORDER BY rowid"))
    moves: dict[str, int] = {}
    for one in changed:
        move = f"{one.before} -> {one.after}"
        moves[move] = moves.get(move, 0) + 1
    return Comparison(
        same=same,
        changed=tuple(changed),
        added=tuple(added),
        removed=removed,
        moves=moves,
        settings=tuple(_settings(before.manifest, after.manifest)),
    )


def _said(row: ScanRow) -> str:
    return row.verdict or row.state.value


def _why(before: ScanRow, after: ScanRow) -> Iterator[str]:
    if before.sha256 != after.sha256:
        yield "the content of the file changed"
    named = (
        ("state", "state"),
        ("reason", "reason"),
        ("rule", "rule"),
        ("credential_state", "credentials"),
        ("credential_chain", "credential chain"),
        ("signer", "signer"),
        ("trust_list", "trust list"),
        ("watermark", "watermark"),
        ("stage", "stage of the cascade"),
    )
    for field, name in named:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield f"{name}: {old or 'none'} -> {new or 'none'}"
    if before.contradictions != after.contradictions:
        yield f"contradictions: {_listed(before.contradictions)} -> {_listed(after.contradictions)}"
    yield from _detectors(before, after)


def _detectors(before: ScanRow, after: ScanRow) -> Iterator[str]:
    old, new = _by_question(before), _by_question(after)
    moved = []
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        weights = [(d.llr or 0.0) if d else 0.0 for d in (one, other)]
        versions = _versions(one, other)
        if abs(weights[1] - weights[0]) >= _MOVED or versions:
            size = abs(weights[1] - weights[0])
            moved.append((size, f"{key[0]}, {key[1]}: {weights[0]:+.2f} -> {weights[1]:+.2f}{versions}"))
    yield from (text for _, text in sorted(moved, key=lambda pair: -pair[0]))


def _by_question(row: ScanRow) -> dict[tuple[str, str], DetectorRow]:
    return {(d.detector, d.question): d for d in row.detectors}


def _versions(one: DetectorRow | None, other: DetectorRow | None) -> str:
    if one is None or other is None or one.version == other.version:
        return ""
    return f" (version {one.version} -> {other.version})"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _settings(before: RunManifest | None, after: RunManifest | None) -> Iterator[str]:
    if before is None or after is None:
        yield "one of the scans is not finished"
        return
    for name in ("suite_version", "row_version", "models", "trust", "keys", "stages"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield f"{name}: {old} -> {new}"
    for name in sorted({*before.settings, *after.settings}):
        old, new = before.settings.get(name), after.settings.get(name)
        if old != new:
            yield f"{name}: {old} -> {new}"
