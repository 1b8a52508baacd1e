"""`forensics store show`: one entry, and its manifest store as a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from forensics.cli.store.entries import entry_json, entry_text
from forensics.cli.store.options import json_option, opened, place_option
from forensics.errors import StoreError, UsageError

__all__ = ["show"]


@click.command(no_args_is_help=True)
@click.argument("manifest_id")
@click.option(
    "--manifest",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the manifest store to this file (JUMBF, as it stands in a sidecar).",
)
@click.option("--overwrite", is_flag=True, help="Replace that file if it exists.")
@place_option
@json_option
def show(manifest_id: str, target: Path | None, overwrite: bool, place: str | None, as_json: bool) -> int:
    """Show the entry of MANIFEST_ID, and whether it was revoked."""
    with opened(place) as store:
        entry = store.get(manifest_id)
    if entry is None:
        raise UsageError(f"the store has no manifest {manifest_id}", actual=manifest_id)
    if target is not None:
        _write(target, entry.record.manifest, overwrite)
    click.echo(json.dumps(entry_json(entry)) if as_json else entry_text(entry))
    return 0


def _write(target: Path, data: bytes, overwrite: bool) -> None:
    from forensics.files import atomic_write

    try:
        if target.exists() and not overwrite:
            raise UsageError(f"{target} exists; it is replaced with --overwrite")
        atomic_write(target, data)
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}") from error
