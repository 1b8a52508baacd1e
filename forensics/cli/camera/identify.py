"""`forensics camera identify`: which of the enrolled cameras took a picture."""

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

__all__ = ["identify"]


@click.command(
    no_args_is_help=True,
    epilog="Exit status 0 if a camera is found, 1 if none is, 3 if picture or database are unreadable.",
)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@search_option
@database_option
@json_option
def identify(path: Path, searching: bool, place: Path | None, as_json: bool) -> int:
    """Say which of your cameras took the picture FILE.

    It is compared with the cameras whose pictures have its size, as stored or turned by a quarter. The chance
    that is given counts all cameras and all places that were tried.
    """
    from forensics.cli.watermark.records import name_of, pixels_of
    from forensics.detectors.prnu.compare import compare, searched
    from forensics.detectors.prnu.database import CameraDatabase, own_database
    from forensics.detectors.prnu.findings import RARE

    pixels = pixels_of(path)
    with CameraDatabase(own_database(place)) as database:
        known = database.cameras()
        found = searched(pixels, database, known) if searching else compare(pixels, database)
    best = found[0] if found and found[0].log10_p <= RARE else None
    note = ""
    if not found:
        height, width = pixels.shape[:2]
        note = f"none of {len(known)} cameras takes pictures of {width}x{height}"
        note += ": nothing to compare" if searching else "; --search looks for reduced and cropped ones"
    record = {
        "path": name_of(path),
        "camera": best.camera.name if best else None,
        "comparisons": [comparison_json(one, one is best) for one in found],
        "note": note or None,
    }
    lines = [comparison_line(one, one is best) for one in found]
    say(record, "\n".join([*lines, *([note] if note else [])]), as_json)
    return 0 if best else FOUND
