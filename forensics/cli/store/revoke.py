"""`forensics store revoke`: withdraw a manifest."""

from __future__ import annotations

import json

import click

from forensics.cli.store.options import json_option, opened, place_option

__all__ = ["revoke"]


@click.command(no_args_is_help=True)
@click.argument("manifest_id")
@click.option("--reason", required=True, help="Why, for everybody who finds the entry.")
@place_option
@json_option
def revoke(manifest_id: str, reason: str, place: str | None, as_json: bool) -> int:
    """Withdraw MANIFEST_ID: from now on whoever finds its entry is told. Nothing is removed."""
    with opened(place) as store:
        number = store.revoke(manifest_id, reason)
    if as_json:
        click.echo(json.dumps({"manifest_id": manifest_id, "number": number, "reason": reason}))
    else:
        from forensics.report.safe import printable

        click.echo(f"revoked {printable(manifest_id)}, as entry {number}")
    return 0
