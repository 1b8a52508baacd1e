"""`forensics watermark keygen`: make a secret key."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.watermark.options import FILE, ascii_line
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
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def keygen(keyfile: Path, name: str, origin: str, add: bool, as_json: bool) -> int:
    """Write a new secret key to KEYFILE, which only you may read.

    Whoever has the key can find, forge and remove its marks; without it, nobody can find them.
    """
    from forensics.watermark.keyfile import save_keys
    from forensics.watermark.keys import Key

    key = Key.generate(name, origin)
    try:
        save_keys([key], keyfile, add=add)
    except OSError as error:
        raise UsageError(f"cannot write {keyfile}: {error.strerror or error}") from None
    if as_json:
        click.echo(ascii_line({"path": str(keyfile), "name": key.name, "id": key.id}))
    else:
        click.echo(f"key {key.name} ({key.id}) written to {keyfile}; keep a copy in a safe place")
    return 0
