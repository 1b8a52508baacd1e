"""`forensics store stats`: how much the store holds."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from forensics.cli.store.options import json_option, opened, place_option

__all__ = ["stats"]


@click.command()
@place_option
@json_option
def stats(place: str | None, as_json: bool) -> int:
    """Say how much the store holds, and its head: kept elsewhere, it shows when entries were cut off."""
    with opened(place) as store:
        found = store.stats()
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return 0
    from forensics.report.safe import printable

    kinds = ", ".join(f"{count} {kind}" for kind, count in found.fingerprints.items()) or "none"
    click.echo(
        f"{printable(found.place)}\n"
        f"  records       {found.records}\n"
        f"  revocations   {found.revocations}\n"
        f"  fingerprints  {kinds}\n"
        f"  tables        version {found.schema}\n"
        f"  head          {found.head}"
    )
    return 0
