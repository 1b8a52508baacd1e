"""`forensics marking`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["marking"]

COMMANDS = {
    "init": ("forensics.cli.marking.init:init", "Make what is missing of your own identity."),
    "show": ("forensics.cli.marking.show:show", "Show what you mark with."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def marking() -> None:
    """See to what files are marked with: key, certificate, trust and store."""
