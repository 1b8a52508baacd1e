"""`forensics marking`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["marking"]

COMMANDS = {
    "check": ("forensics.cli.marking.check:check", "Go through the Article 50 checklist for files."),
    "report": ("forensics.cli.marking.report:report", "Say in neutral JSON what watermark a file carries."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def marking() -> None:
    """Mark what models make, and say whether and how files are marked."""
