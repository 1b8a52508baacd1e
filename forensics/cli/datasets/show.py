"""`forensics datasets show`: what a folder holds of a published set, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.status import FOUND

if TYPE_CHECKING:
    from forensics.datasets.layouts import Found

__all__ = ["show"]

_NAMED = 20  # missing files that are named to people
_COUNTED = ("label", "method", "split", "camera", "compression", "state")


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--layout", required=True, help="Name of the set; see `forensics datasets list`.")
@click.option("--verify", is_flag=True, help="Compare archives in FOLDER with their published checksums.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all missing files.")
def show(folder: Path, layout: str, verify: bool, as_json: bool) -> int:
    """Count what FOLDER holds of a published set: by label, method, split and more, and what is missing.

    No picture is opened. The exit status is 1 if an archive is not the one that was published.
    """
    from forensics.cli.watermark.records import json_text
    from forensics.datasets.layouts import check_archives, read_layout

    checked = check_archives(layout, folder) if verify else ()
    record = _record(read_layout(layout, folder))
    archives = {archive.path.name: archive.holds for archive in checked}
    if as_json:
        click.echo(json_text({"layout": layout, **record, "archives": archives}))
    else:
        _say(layout, record, archives)
    return 0 if all(archives.values()) else FOUND


def _record(found: Found) -> dict[str, Any]:
    from forensics.datasets.layouts import groups
    from forensics.files import encodable

    counts = {key: Counter(getattr(record, key) for record in found.records) for key in _COUNTED}
    return {
        "files": len(found.records),
        "sources": len({record.source for record in found.records}),
        "groups": len(set(groups(found.records))),
        "masks": sum(record.mask is not None for record in found.records),
        **{
            key: {encodable(str(name)): count for name, count in sorted(counter.items()) if name}
            for key, counter in counts.items()
        },
        "missing": [encodable(name) for name in found.missing],
    }


def _say(layout: str, record: dict[str, Any], archives: dict[str, bool]) -> None:
    from forensics.report.safe import printable

    click.echo(
        f"{layout}: {record['files']} files of {record['sources']} sources; {record['groups']} groups share "
        f"nothing; {record['masks']} have a mask"
    )
    for key in _COUNTED:
        if record[key]:
            counts = ", ".join(f"{name} {count}" for name, count in record[key].items())
            click.echo(f"    {key + ':':12s} {printable(counts, 2000)}")
    for name in record["missing"][:_NAMED]:
        click.echo(f"    missing: {printable(name, 2000)}")
    if len(record["missing"]) > _NAMED:
        click.echo(f"    and {len(record['missing']) - _NAMED} more are missing; --json names all")
    for name, holds in archives.items():
        click.echo(f"    {name}: {'as published' if holds else 'NOT the file that was published'}")
