"""`forensics camera forget`: remove a camera."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.camera.options import camera_json, database_option, json_option, say

__all__ = ["forget"]


@click.command(no_args_is_help=True)
@click.argument("name")
@database_option
@json_option
def forget(name: str, place: Path | None, as_json: bool) -> int:
    """Remove the camera NAME and its pattern from the database."""
    from forensics.detectors.prnu.database import CameraDatabase, own_database
    from forensics.errors import UsageError

    where = own_database(place)
    if not where.exists():
        raise UsageError(f"there are no cameras: {where} is missing")
    with CameraDatabase(where, create=True) as database:
        gone = database.forget(name)
    say(camera_json(gone), f"{gone.name}: forgotten", as_json)
    return 0
