"""`forensics keys list`: who has a decoder."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.keys.options import record_of, registry_option
from forensics.cli.watermark.options import json_option
from forensics.cli.watermark.records import json_text

__all__ = ["list_issued"]


@click.command("list")
@registry_option
@json_option
def list_issued(registry: Path | None, as_json: bool) -> int:
    """List who has a decoder, in the order in which they got it."""
    from forensics.report.safe import printable
    from forensics.watermark.issuing import Registry
    from forensics.watermark.issuing.registry import registry_place

    place = registry_place(registry)
    if not place.exists():
        if not as_json:
            click.echo("no decoder was issued")
        return 0
    with Registry(place) as opened:
        holders = opened.holders()
    for holder in holders:
        state = f"revoked {holder.revoked}" if holder.revoked else "counts"
        why = f": {holder.reason}" if holder.reason else ""
        text = f"{holder.identity}  key {holder.key}  {holder.issued}  {state}{why}  {holder.name}"
        click.echo(json_text(record_of(holder)) if as_json else printable(text, 600))
    if not holders and not as_json:
        click.echo("no decoder was issued")
    return 0
