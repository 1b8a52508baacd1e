"""`forensics keys revoke`: somebody's decoder counts no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forensics.cli.keys.options import record_of, registry_option
from forensics.cli.watermark.options import json_option, key_option, keys_option, one_key
from forensics.cli.watermark.records import json_text
from forensics.errors import UsageError

__all__ = ["revoke"]


@click.command(no_args_is_help=True)
@click.argument("holder")
@click.option("--reason", default="", help="Why, for those who find its marks.")
@keys_option
@key_option
@registry_option
@json_option
def revoke(holder: str, reason: str, registry: Path | None, as_json: bool, **options: Any) -> int:
    """Say that the decoder of HOLDER counts no more; its marks are still found, and said to be revoked.

    The pictures that were made with it keep their mark, and so do those that will be: a file that was given
    away cannot be called back.
    """
    from forensics.report.safe import printable
    from forensics.watermark.issuing import Registry
    from forensics.watermark.issuing.registry import registry_place

    place, key = registry_place(registry), one_key(options["keys"], options["name"])
    if not place.exists():
        raise UsageError(f"there is no register of issued decoders at {place}")
    with Registry(place) as opened:
        found = opened.revoke(holder, key.id, reason)
    text = f"{found.name}: identity {found.identity} revoked {found.revoked}"
    click.echo(json_text(record_of(found)) if as_json else printable(text, 600))
    return 0
