"""`forensics camera verify`: whether one camera took a picture."""

from __future__ import annotations

from pathlib import Path

import click

from forensics.cli.camera.options import (
    comparison_json,
    comparison_line,
    database_option,
    json_option,
    say,
    search_option,
)
from forensics.cli.status import FOUND

__all__ = ["verify"]


@click.command(
    no_args_is_help=True,
    epilog="Exit status 0 if it did, 1 if its pattern is not found, 3 if the picture or the database is "
    "unreadable.",
)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--camera", "name", metavar="NAME", required=True, help="The camera, as it was enrolled.")
@search_option
@database_option
@json_option
def verify(path: Path, name: str, searching: bool, place: Path | None, as_json: bool) -> int:
    """Say whether the camera NAME took the picture FILE.

    That its pattern is not found proves nothing by itself: compression, reduction and noise filters hide it.
    The height that is to be expected of its pictures is given beside the one that is found.
    """
    from forensics.cli.watermark.records import name_of, pixels_of
    from forensics.detectors.prnu.compare import compare, searched
    from forensics.detectors.prnu.database import CameraDatabase, own_database
    from forensics.detectors.prnu.findings import RARE

    pixels = pixels_of(path)
    with CameraDatabase(own_database(place)) as database:
        camera = database.named(name)
        chosen = (camera,)
        found = searched(pixels, database, chosen) if searching else compare(pixels, database, chosen)
    if not found:
        height, width = pixels.shape[:2]
        size = f"{camera.width}x{camera.height}"
        text = f"no match  {name}: its pictures have {size} pixels, this one {width}x{height}"
        text += "" if searching else "; --search looks for reduced and cropped ones"
        record = {"path": name_of(path), "camera": name, "match": False, "note": text.partition(": ")[2]}
        say(record, text, as_json)
        return FOUND
    one = found[0]
    matched = one.log10_p <= RARE
    text = comparison_line(one, matched)
    if one.expected:
        text += f"\n          height {one.peak.z:.1f}, about {one.expected:.0f} expected of its pictures"
    say({"path": name_of(path), **comparison_json(one, matched), "note": None}, text, as_json)
    return 0 if matched else FOUND
