"""`forensics watermark keygen`: make a secret key."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.watermark.options import FILE, json_option
from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import UsageError

__all__ = ["keygen"]


@click.command(no_args_is_help=True)
@click.argument("keyfile", type=FILE)
@click.option("--name", default="default", show_default=True, help="What to call the key.")
@click.option(
    "--origin",
    type=click.Choice(("synthetic", "composite", "captured", "edited", "created")),
    default="synthetic",
    show_default=True,
    help="What its marks say of a picture.",
)
@click.option("--add", is_flag=True, help="Add to the keys of an existing file.")
@json_option
def keygen(keyfile: Path, name: str, origin: str, add: bool, as_json: bool) -> int:
    """Write a new secret key to KEYFILE, which only you may read.

    Whoever has the key can find, forge and remove its marks; without it, nobody can find them.
    """
    from forensics.report.safe import printable
    from forensics.watermark.keyfile import save_keys
    from forensics.watermark.keys import Key

    key = Key.generate(name, origin)
    try:
        save_keys([key], keyfile, add=add)
    except OSError as error:
        raise UsageError(f"cannot write {keyfile}: {error.strerror or error}") from None
    if as_json:
        click.echo(
            json_text({"path": name_of(keyfile), "name": key.name, "id": key.id, "origin": key.origin})
        )
    else:
        shown = printable(name_of(keyfile), 2000)
        click.echo(f"key {key.name} ({key.id}) written to {shown}; keep a copy in a safe place")
    return 0
