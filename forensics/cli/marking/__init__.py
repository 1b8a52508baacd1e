"""`forensics marking`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["marking"]

COMMANDS = {
    "check": ("forensics.cli.marking.check:check", "Go through the Article 50 checklist for files."),
    "report": ("forensics.cli.marking.report:report", "Say in neutral JSON what watermark a file carries."),
    "init": ("forensics.cli.marking.init:init", "Make what is missing of your own identity."),
    "show": ("forensics.cli.marking.show:show", "Show what you mark with."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def marking() -> None:
    """See to what files are marked with, and say whether and how files are marked."""
