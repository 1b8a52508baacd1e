"""`forensics keys`: decoders of somebody's own."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["keys"]

COMMANDS = {
    "issue": (
        "forensics.cli.keys.issue:issue",
        "Make decoders of somebody's own, which sign what they make.",
    ),
    "list": ("forensics.cli.keys.listing:list_issued", "List who has a decoder."),
    "revoke": ("forensics.cli.keys.revoke:revoke", "Say that somebody's decoder counts no more."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def keys() -> None:
    """Give out decoders that sign, and keep the register of who has which."""
