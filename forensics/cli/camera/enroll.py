"""`forensics camera enroll`: the pattern of a camera, from pictures that it took."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.camera.options import CAUTIONS, camera_json, database_option, json_option, say

__all__ = ["enroll"]


@click.command(no_args_is_help=True)
@click.argument("name")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--mixed",
    is_flag=True,
    help="Take pictures that name different cameras or an editor, and leave out those of another size.",
)
@database_option
@json_option
def enroll(name: str, paths: tuple[Path, ...], mixed: bool, place: Path | None, as_json: bool) -> int:
    """Take the pattern of the camera NAME from pictures that it took, FILE..., and keep it.

    Use pictures as the camera wrote them, of one size: flat and bright ones (an overcast sky, a white wall
    out of focus) serve best, ten or more; with everyday pictures take fifty. Folders are searched for files.
    """
    from forensics.cli.progress import progress
    from forensics.cli.watermark.records import files_of
    from forensics.detectors.prnu.database import CameraDatabase, own_database
    from forensics.detectors.prnu.enrolment import enroll as enrolled
    from forensics.files import encodable

    found = files_of(paths)
    with (
        CameraDatabase(own_database(place), create=True) as database,
        progress(len(found), "reading pictures") as advance,
    ):
        done = enrolled(database, name, found, mixed=mixed, after_each=advance)
    camera = done.camera
    left = [{"path": encodable(path), "reason": reason} for path, reason in done.left_out]
    lines = [f"{camera.name}: enrolled from {camera.pictures} pictures of {camera.width}x{camera.height}"]
    lines += [f"  note: {CAUTIONS[flag]}" for flag in camera.flags if flag in CAUTIONS]
    lines += [f"  left out {one['path']}: {one['reason']}" for one in left]
    say({**camera_json(camera), "left_out": left}, "\n".join(lines), as_json)
    return 0
