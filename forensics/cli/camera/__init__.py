"""`forensics camera`: the table of its commands, each imported only when it is called."""

from __future__ import annotations

import click

from forensics.cli.lazy import LazyGroup

__all__ = ["camera"]

COMMANDS = {
    "enroll": ("forensics.cli.camera.enroll:enroll", "Take the pattern of a camera from its pictures."),
    "identify": ("forensics.cli.camera.identify:identify", "Say which of your cameras took a picture."),
    "verify": ("forensics.cli.camera.verify:verify", "Say whether a certain camera took a picture."),
    "list": ("forensics.cli.camera.listing:listing", "List your cameras."),
    "forget": ("forensics.cli.camera.forget:forget", "Remove a camera from the database."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def camera() -> None:
    """Cameras of yours, known by the patterns of their sensors.

    A sensor leaves the same faint pattern in every picture. Enrol a camera from pictures that it took, and
    pictures can be traced to it; `forensics audit` looks for your cameras as well.
    """
