"""`forensics store init`: an empty store."""

from __future__ import annotations

import json

import click

from forensics.cli.store.options import json_option, own_place, place_option

__all__ = ["init"]


@click.command()
@place_option
@json_option
def init(place: str | None, as_json: bool) -> int:
    """Make an empty store; one that is there stays as it is."""
    from forensics.errors import StoreError
    from forensics.provenance.store import ManifestStore

    if place is None:
        folder = own_place().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make {folder}: {error.strerror}") from error
    with ManifestStore(own_place() if place is None else place, create=True) as store:
        found = store.stats()
    if as_json:
        click.echo(json.dumps({"place": found.place, "schema": found.schema, "entries": found.entries}))
    else:
        from forensics.report.safe import printable

        click.echo(f"{printable(found.place)}: a manifest store with {found.entries} entries")
    return 0
