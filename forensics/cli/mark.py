"""`forensics mark`: watermark, credentials and entry for files that are there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.marking.options import identity_options, marker_of, strength_options
from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, OWN_FAILURE, UNREADABLE
from forensics.cli.watermark.records import Record, faulty, json_text, name_of
from forensics.errors import (
    ForensicsError,
    UsageError,
)

if TYPE_CHECKING:
    from forensics.marking import MarkedFile, Marker, Order

__all__ = ["mark"]

FILE = click.Path(path_type=Path, dir_okay=False)
STATUS = {"marked": 0, "skipped": 0, "refused": FOUND, "unreadable": UNREADABLE, "failed": OWN_FAILURE}
ORIGINS = {"made": "synthetic", "edited": "composite", "human": "edited"}
KEPT = (
    "manifest_id", "state", "payload", "layout", "codec", "key", "psnr", "log10_p", "timestamped",
    "timestamp_problem", "notes",
)  # fmt: skip
EMPTY: Record = dict.fromkeys(("path", "status", "target", *KEPT, "reason", "error"))


@click.command(no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder to write into."
)
@click.option("-o", "--output", type=FILE, help="Where to write the one file.")
@click.option("--in-place", is_flag=True, help="Replace the files themselves.")
@click.option("--as", "ending", type=click.Choice(("png", "jpg", "webp", "avif", "tif", "mp4")),
              help="Write files of this type; each as what it is if not given.")  # fmt: skip
@click.option("--model", required=True, metavar="NAME", help="What made or changed the files.")
@click.option("--model-version", metavar="VERSION", help="Its version.")
@click.option("--what", type=click.Choice(tuple(ORIGINS)), default="made", show_default=True,
              help="A model made it all, a model edited it, or a person did.")  # fmt: skip
@click.option("--edited", "what", flag_value="edited", help="The same as --what edited.")
@click.option("--parameters", type=FILE, help="How they were generated (JSON); a digest of it is signed.")
@click.option(
    "--payload", metavar="HEX", help="What the marks say; a fresh identity for every file if not given."
)
@click.option("--no-watermark", "watermark", is_flag=True, flag_value=False, default=True,
              help="Credentials and registration only, as for pictures that are too small.")  # fmt: skip
@identity_options
@strength_options
@click.option("--quality", type=click.IntRange(1, 100), help="Quality of JPEG, WebP and AVIF.")
@click.option(
    "--crf", type=click.IntRange(0, 51), default=18, show_default=True, help="Of clips: less is better."
)
@click.option("--discard-credentials", is_flag=True, help="Drop credentials that a file has.")
@click.option("--overwrite", is_flag=True, help="Replace existing targets; else they are skipped.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on each line.")
def mark(files: tuple[Path, ...], as_json: bool, **options: Any) -> int:
    """Mark FILES and those below folders: watermark, signed credentials, and an entry in the store.

    A marked file appears in its place after it was read back, together with its entry, or not at all. What
    is not named comes from your own identity, which is made on first use; see `forensics marking show`.
    Exits with 1 if a file was refused, 3 if one could not be read, 4 if one could not be written,
    registered or time-stamped; the others are marked all the same.
    """
    pairs = list(_pairs(files, options))
    order = _order(options)
    status = 0
    origin = ORIGINS[options["what"]]
    with closing(marker_of(options["model"], options["model_version"], options, origin=origin)) as marker:
        with progress(len(pairs), "marking") as advance:
            for here, there in pairs:
                record = _one(marker, order, here, there, alone=options["output"] is not None)
                click.echo(json_text({**EMPTY, **record}) if as_json else _text(record))
                status = max(status, STATUS[record["status"]])
                advance()
    return status


def _pairs(files: tuple[Path, ...], options: dict[str, Any]) -> Iterator[tuple[Path, Path]]:
    """Yield each file and where it goes.

    Raises:
        UsageError: It is not said where to, or two files would go to one place.
    """
    chosen = [name for name in ("folder", "output", "in_place") if options[name]]
    if len(chosen) != 1:
        raise UsageError("say where to: --to FOLDER, --output FILE for one file, or --in-place")
    for root in files:
        inside = options["folder"] and os.path.isdir(root)
        if inside and options["folder"].resolve().is_relative_to(root.resolve()):
            raise UsageError(f"{options['folder']} lies in {root}: its marked files would be marked again")
    found = [(path, root) for root in files for path in expand([root])]
    if options["output"] is not None and len(found) != 1:
        raise UsageError(f"--output is for one file, not for {len(found)}: use --to FOLDER")
    if not found:
        raise UsageError("there are no files")
    taken: dict[Path, Path] = {}
    for path, root in found:
        there = _target(path, root, options)
        if there in taken:
            raise UsageError(f"{path} and {taken[there]} would both be written to {there}")
        taken[there] = path
        yield path, there


def _target(path: Path, root: Path, options: dict[str, Any]) -> Path:
    if options["output"] is not None:
        return Path(options["output"])
    if options["in_place"]:
        if options["ending"]:
            raise UsageError("--as is for new files: a file that is replaced stays what it is")
        return path
    name = path.relative_to(root) if os.path.isdir(root) and path != root else Path(path.name)
    there = Path(options["folder"]) / name
    return there.with_suffix(f".{options['ending']}") if options["ending"] else there


def _order(options: dict[str, Any]) -> Order:
    from forensics.marking import Order, What

    return Order(
        payload=options["payload"],
        watermark=options["watermark"],
        what=What(options["what"]),
        parameters=_parameters(options["parameters"]),
        quality=options["quality"],
        crf=options["crf"],
        overwrite=options["overwrite"],
        in_place=options["in_place"],
        discard_credentials=options["discard_credentials"],
    )


def _parameters(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: no parameters as JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: parameters are one JSON object")
    return found


def _one(marker: Marker, order: Order, here: Path, there: Path, *, alone: bool) -> Record:
    record: Record = {"path": name_of(here), "status": "marked", "target": name_of(there), "error": None}
    if os.path.lexists(there) and not (order.overwrite or order.in_place or alone):
        return {**record, "status": "skipped", "reason": "the target exists"}
    try:
        return {**record, **_kept(marker.mark_file(here, there, order))}
    except (ForensicsError, MemoryError) as error:
        if alone and isinstance(error, UsageError):
            raise
        return faulty(record, error)


def _kept(done: MarkedFile) -> Record:
    return done.model_dump(mode="json", include=set(KEPT))


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    path = printable(record["path"])
    if record["status"] != "marked":
        return f"{path}: {record['status']}: {printable(record['reason'], 2000)}"
    lines = [
        f"{path}: marked as {printable(record['target'])}",
        f"  credentials {record['state']}, {record['manifest_id']}",
    ]
    if record["payload"]:
        strength = "" if record["psnr"] is None else f", {record['psnr']} dB"
        lines.append(
            f"  watermark   {record['payload']} ({record['layout']}), key {record['key']}{strength}, "
            f"read back with p = 10^{record['log10_p']}"
        )
    if record["timestamped"] or record["timestamp_problem"]:
        lines.append(f"  time stamp  {printable(record['timestamp_problem'], 400) or 'yes'}")
    return "\n".join([*lines, *(f"  note        {printable(note)}" for note in record["notes"])])
