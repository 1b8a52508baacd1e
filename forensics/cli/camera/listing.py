"""`forensics camera list`: the enrolled cameras."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.camera.options import camera_json, database_option, json_option, say

__all__ = ["listing"]


@click.command("list")
@database_option
@json_option
def listing(place: Path | None, as_json: bool) -> int:
    """List your cameras."""
    from forensics.detectors.prnu.database import CameraDatabase, own_database

    where = own_database(place)
    if not where.exists():
        if not as_json:
            click.echo(
                "no cameras are enrolled; `forensics camera enroll` takes their patterns from pictures"
            )
        return 0
    with CameraDatabase(where) as database:
        for camera in database.cameras():
            label = camera.label
            who = " ".join(f"{label.make} {label.model} {label.serial}".split()) or "camera unknown"
            text = f"{camera.name}  {who}  {camera.width}x{camera.height}, {camera.pictures} pictures"
            text += f"  ({', '.join(camera.flags)})" if camera.flags else ""
            say(camera_json(camera), text, as_json)
    return 0
