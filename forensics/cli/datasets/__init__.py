"""`forensics datasets`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["datasets"]

COMMANDS = {
    "list": ("forensics.cli.datasets.listing:listing", "List the published sets that can be read."),
    "audit": (
        "forensics.cli.datasets.audit:audit",
        "Say what tells reals and fakes apart without a look at them.",
    ),
    "build": ("forensics.cli.datasets.build:build", "Make fakes of photos, alike in all but content."),
    "show": ("forensics.cli.datasets.show:show", "Count what a folder holds of a published set."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def datasets() -> None:
    """Read published sets, build sets whose classes differ in nothing but content, and look for leaks."""
