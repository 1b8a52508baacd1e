"""`forensics results verify`: does what a scan says of itself hold?"""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.output import json_line
from forensics.cli.results.given import as_json, folder

__all__ = ["verify"]


@click.command()
@folder()
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Public key (PEM) that must have signed it; without one, only accidents are found.",
)
@as_json
def verify(folder: Path, key: Path | None, as_json: bool) -> None:
    """Check the signature of the manifest, the digests of all parts, and that the counts add up."""
    from forensics.errors import VerificationFailed
    from forensics.scan.manifest import verify as check

    manifest = check(folder, key)
    if not manifest.adds_up:
        raise VerificationFailed(f"the counts of {folder} do not add up")
    if as_json:
        click.echo(json_line(manifest))
        return
    rows = sum(part.rows for part in manifest.parts)
    click.echo(f"holds: {manifest.listed} files listed, {rows} rows in {len(manifest.parts)} parts")
