"""One record for each file, whatever is in it: as JSON, or as text for a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import UNREADABLE
from forensics.errors import (
    ForensicsError,
    ManifestError,
    MediaError,
    MissingExtra,
    UnsupportedMedia,
    UsageError,
    WatermarkError,
)
from forensics.files import encodable

if TYPE_CHECKING:
    from forensics.media import Pixels
    from forensics.watermark.detection import Detection
    from forensics.watermark.keys import Key
    from forensics.watermark.spread.nulls import Nulls

__all__ = [
    "Record",
    "attempt",
    "faulty",
    "files_of",
    "json_text",
    "look",
    "name_of",
    "pixels_of",
    "usable",
    "walk",
]

Record = dict[str, Any]


def name_of(path: Path) -> str:
    """Return a path as text that every encoder takes."""
    return encodable(str(path))


def json_text(record: Record) -> str:
    """Return a record as one line of JSON in ASCII."""
    return json.dumps(record, allow_nan=False)


def faulty(record: Record, error: ForensicsError | MemoryError) -> Record:
    """Return the record of a file that could not be marked, with why: unreadable, refused, or our failure."""
    if isinstance(error, MemoryError):
        return {**record, "status": "unreadable", "target": None, "reason": "out of memory", "error": "limit"}
    refused = isinstance(error, (UsageError, WatermarkError, ManifestError))
    unreadable = isinstance(error, (MediaError, MissingExtra))
    status = "unreadable" if unreadable else "refused" if refused else "failed"
    reason = encodable(str(error))
    return {**record, "status": status, "target": None, "reason": reason, "error": error.code}


def files_of(paths: tuple[Path, ...]) -> list[Path]:
    """Return the files given and those below the folders given.

    Raises:
        UsageError: There is none.
    """
    found = list(expand(paths))
    if not found:
        raise UsageError("there are no files")
    return found


def pixels_of(path: Path) -> Pixels:
    """Return (H, W, 3) uint8 RGB of a picture, or of the first frame of an animation.

    Raises:
        MediaError: It cannot be read, or is a clip.
        MissingExtra: Its decoder is not installed.
    """
    from forensics.media import Kind, open_media

    media = open_media(path)
    if media.container.kind is Kind.VIDEO:
        raise UnsupportedMedia("this is a clip; take frames out, as PNG")
    return media.pixels


def look(path: Path, keys: Sequence[Key], rate: float, nulls: Sequence[Nulls] = ()) -> Detection:
    """Look for the marks of some keys in a picture, by all codecs that run here, or in a clip.

    Raises:
        MediaError: It cannot be read.
        MissingExtra: Its decoder is not installed.
    """
    from forensics.media import Kind, open_media
    from forensics.watermark import video, watermarker
    from forensics.watermark.codecs import available

    media = open_media(path)
    if media.container.kind is Kind.VIDEO:
        return video.detect_clip(path, keys, rate=rate, nulls=nulls)
    return watermarker.detect(media.pixels, keys, rate=rate, nulls=nulls, codecs=available())


def attempt(path: Path, work: Callable[[Path], Record]) -> Record:
    """Return the record of one file; one that cannot be used has `error` (a code) and `reason`."""
    head: Record = {"path": name_of(path)}
    try:
        return {**head, **work(path), "error": None}
    except ForensicsError as error:
        return {**head, "reason": encodable(str(error)), "error": error.code}
    except MemoryError:
        return {**head, "reason": "out of memory", "error": "limit"}


def walk(
    paths: tuple[Path, ...],
    doing: str,
    work: Callable[[Path], Record],
    show: Callable[[Record], str],
) -> int:
    """Show a record of every file as soon as it is there, and return the exit status.

    Args:
        paths: Files and folders.
        doing: What is done to them, as in "identifying".
        work: Makes the record of one file, without its path.
        show: Makes it a text.

    Raises:
        UsageError: There are no files.
    """
    found = files_of(paths)
    status = 0
    with progress(len(found), doing) as advance:
        for path in found:
            record = attempt(path, work)
            click.echo(show(record))
            status = UNREADABLE if record["error"] else status
            advance()
    return status


def usable(found: list[Path], doing: str, use: Callable[[Path, Pixels], None]) -> int:
    """Use every picture that can be read, and return how many could not: those are named on standard error.

    Args:
        found: The files.
        doing: What is done to them, as in "calibrating".
        use: Called with each path and its (H, W, 3) pixels.
    """
    from forensics.report.safe import printable

    def work(path: Path) -> Record:
        use(path, pixels_of(path))
        return {}

    left_out = 0
    with progress(len(found), doing) as advance:
        for path in found:
            record = attempt(path, work)
            if record["error"]:
                left_out += 1
                click.echo(printable(f"left out {record['path']}: {record['reason']}", 2000), err=True)
            advance()
    return left_out
