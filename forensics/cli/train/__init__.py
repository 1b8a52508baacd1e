"""`forensics train`: the table of what can be trained; PyTorch is imported only when a training starts."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["train"]

COMMANDS = {
    "watermark": ("forensics.cli.train.watermark:watermark", "Networks of the watermark codec `learned`."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def train() -> None:
    """Train the models of the suite on pictures of yours."""
