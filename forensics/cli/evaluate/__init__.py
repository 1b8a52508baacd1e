"""`forensics evaluate`: the table of what can be measured."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["evaluate"]

COMMANDS = {
    "detectors": (
        "forensics.cli.evaluate.detectors:detectors",
        "What the detectors find, miss and accuse wrongly, by maker and delivery.",
    ),
    "generator": (
        "forensics.cli.evaluate.generator:generator",
        "How near made pictures are to real ones, and whether they are copies.",
    ),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def evaluate() -> None:
    """Measure detectors, and models of yours."""
