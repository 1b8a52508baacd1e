"""`forensics datasets list`: the published sets whose folders can be read."""

from __future__ import annotations

import click

__all__ = ["listing"]


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each set.")
def listing(as_json: bool) -> int:
    """List the published sets whose folders can be read, with their terms and where they are to be had.

    Nothing is downloaded: most are given out on request.
    """
    from forensics.cli.watermark.records import json_text
    from forensics.datasets.layouts import LAYOUTS

    for layout in LAYOUTS:
        record = {
            "name": layout.name,
            "title": layout.title,
            "about": layout.about,
            "licence": layout.licence,
            "where": layout.where,
            "source": layout.source,
            "expects": layout.expects,
            "checksums": len(layout.archives),
        }
        if as_json:
            click.echo(json_text(record))
            continue
        click.echo(f"{layout.name}: {layout.title}; {layout.about}")
        for key in ("licence", "where", "source", "expects"):
            click.echo(f"    {key + ':':9s} {record[key]}")
    return 0
