"""From a complete journal to results: duplicates, parts of rows, the signed manifest, the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.scan.duplicates import Prints, clusters
from forensics.scan.journal import Journal
from forensics.scan.manifest import PartRecord, RunManifest, sign
from forensics.scan.profiles import RULE
from forensics.scan.row import ScanRow
from forensics.scan.sinks import write_parts

__all__ = ["ROWS", "Finished", "Output", "finish"]

ROWS = "rows"
"""Folder of the parts, in the folder of a scan."""


@dataclass(frozen=True)
class Output:
    """What is made of the rows in the end.

    Attributes:
        format_name: "parquet", "jsonl" or "csv".
        near_duplicates: Whether files that look alike are put into clusters.
        page: Whether the HTML report is written.
        key: Ed25519 key that signs the manifest; the user's own if None.
    """

    format_name: str = "parquet"
    near_duplicates: bool = True
    page: bool = True
    key: Path | None = None


@dataclass(frozen=True)
class Finished:
    """Results of a scan.

    Attributes:
        folder: Where they are.
        manifest: What the run says of itself.
        page: The report, None where none was asked for.
    """

    folder: Path
    manifest: RunManifest
    page: Path | None = None


def finish(journal: Journal, folder: Path, output: Output, said: dict[str, Any]) -> Finished:
    """Write what a scan came to. It can be repeated, with the same results.

    Args:
        journal: With a row for each item.
        folder: Where to.
        output: What to write.
        said: What rows depend on, from `identity_of`.

    Raises:
        ScanError: It cannot be written.
    """
    joined = _joined(journal, near=output.near_duplicates)
    parts = write_parts(_records(journal, joined), folder / ROWS, output.format_name)
    records = tuple(PartRecord(name=p.name, rows=p.rows, sha256=p.sha256) for p in parts)
    count = len({one.cluster for one in joined.values() if one.cluster})
    manifest = _manifest(journal, said, records, count)
    sign(manifest, folder, output.key)
    page = _page(journal, folder, manifest, _rows(journal, joined)) if output.page else None
    return Finished(folder, manifest, page)


_COMPARED = tuple(one.name for one in fields(Prints))


@dataclass(frozen=True)
class _Joined:
    """What a row has in common with others."""

    duplicate_of: str = ""
    cluster: str = ""


def _joined(journal: Journal, *, near: bool) -> dict[int, _Joined]:
    """Return, for the rows that have anything in common with others, what that is."""
    numbers: list[int] = []
    prints: list[Prints] = []
    first: dict[str, str] = {}
    same: dict[int, str] = {}
    for number, record in journal.numbered_records():
        one = Prints(*(record[name] for name in _COMPARED))
        if one.sha256 and (known := first.setdefault(one.sha256, one.id)) != one.id:
            same[number] = known
        numbers.append(number)
        prints.append(one)
    found = clusters(prints) if near else ("",) * len(prints)
    said = {n: _Joined(same.get(n, ""), cluster) for n, cluster in zip(numbers, found, strict=True)}
    return {n: one for n, one in said.items() if one != _Joined()}


def _records(journal: Journal, joined: dict[int, _Joined]) -> Iterator[dict[str, Any]]:
    for number, record in journal.numbered_records():
        yield record | vars(joined[number]) if number in joined else record


def _rows(journal: Journal, joined: dict[int, _Joined]) -> Iterator[ScanRow]:
    for number, row in journal.numbered_rows():
        one = joined.get(number)
        yield row if one is None else row.model_copy(update=vars(one))


def _manifest(
    journal: Journal, said: dict[str, Any], parts: tuple[PartRecord, ...], count: int
) -> RunManifest:
    job, counts, sessions = journal.get("job"), journal.counts(), journal.sessions()
    return RunManifest(
        sources=tuple(job["sources"]),
        listing=job["listing"],
        settings=job["work"],
        settings_sha256=said["settings"],
        rule=RULE,
        stages=tuple(tuple(stage) for stage in said["stages"]),
        models=said["models"],
        trust=said["trust"],
        keys=tuple(said["keys"]),
        began=sessions[0][0],
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        sessions=len(sessions),
        listed=counts.listed,
        states=counts.states,
        verdicts=counts.verdicts,
        reasons=counts.reasons,
        left_out=counts.left_out,
        bytes=counts.bytes,
        clusters=count,
        parts=parts,
    )


def _page(journal: Journal, folder: Path, manifest: RunManifest, rows: Iterator[ScanRow]) -> Path:
    from forensics.scan.paging import page_of

    return page_of(journal, folder, manifest, rows)
