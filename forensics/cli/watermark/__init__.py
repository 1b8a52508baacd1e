"""`forensics watermark`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["watermark"]

COMMANDS = {
    "keygen": ("forensics.cli.watermark.keygen:keygen", "Make a secret key."),
    "embed": ("forensics.cli.watermark.embed:embed", "Write marked copies of pictures."),
    "detect": ("forensics.cli.watermark.detect:detect", "Look for marks in pictures."),
    "identify": ("forensics.cli.watermark.identify:identify", "Say which of many users a mark was made for."),
    "noise": (
        "forensics.cli.watermark.noise:noise",
        "Look for marks in the noise that pictures were drawn from.",
    ),
    "calibrate": (
        "forensics.cli.watermark.calibrate:calibrate",
        "Measure false alarms on unmarked pictures of yours.",
    ),
    "attack": ("forensics.cli.watermark.attack:attack", "Do to a picture what marks must survive."),
    "schemes": ("forensics.cli.watermark.schemes:schemes", "List the marks of others that can be read."),
    "fetch": ("forensics.cli.watermark.fetch:fetch", "Get the weights that a mark of others needs."),
    "bench": ("forensics.cli.watermark.bench:bench", "Measure what marks survive in pictures of yours."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def watermark() -> None:
    """Mark pictures, find marks, and say whose they are."""
