"""`forensics store add`: register signed files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.status import FOUND, UNREADABLE
from forensics.cli.store.options import MARK, json_option, opened, place_option
from forensics.errors import (
    ForensicsError,
    MediaError,
    MissingExtra,
    RestorationError,
    StoreConflict,
    UsageError,
    VerificationFailed,
)

if TYPE_CHECKING:
    from forensics.cli.store.entries import Json
    from forensics.provenance.store import ManifestStore

__all__ = ["add"]

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    no_args_is_help=True,
    epilog="Exit status 1 if the credentials of some file do not hold, or if its manifest id stands for "
    "something else in the store; 3 if some file has none or could not be read; all others are registered "
    "nevertheless.",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FILE)
@click.option("--mark", **MARK, help="What the watermark of the file says.")
@click.option("--model", default="", help="Name of the model that made the files.")
@click.option("--extra", metavar="JSON", default="{}", help="Anything else to keep, as a JSON object.")
@click.option("--sidecar", type=FILE, help="Manifest store of the file, where it stands beside it.")
@click.option(
    "--skeleton/--no-skeleton",
    default=True,
    show_default=True,
    help="Keep all of a file but its picture: it brings files back of which all metadata were taken.",
)
@place_option
@json_option
def add(files: tuple[Path, ...], place: str | None, as_json: bool, **options: Any) -> int:
    """Register each signed FILE, so that copies without credentials find it again.

    The credentials of a file have to hold; the signer need not be trusted. What is there already is not added
    twice. A skeleton is as private as the metadata of the file.
    """
    mark, sidecar = options["mark"], options["sidecar"]
    if len(files) > 1 and (mark or sidecar):
        raise UsageError("--mark and --sidecar belong to one file", expected=1, actual=len(files))
    options["extra"] = _extra(options["extra"])
    status = 0
    with opened(place) as store:
        for file in files:
            result, code = _added(store, file, options)
            click.echo(json.dumps(result) if as_json else _text(result))
            status = max(status, code)
    return status


def _extra(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--extra: no JSON that can be kept: {error}") from None
    if not isinstance(found, dict):
        raise UsageError("--extra is a JSON object", expected="{...}", actual=text[:80])
    return found


def _added(store: ManifestStore, file: Path, options: dict[str, Any]) -> tuple[Json, int]:
    """Register one file, and return what to say and the exit status; what ends it all is the store's."""
    from forensics.files import encodable
    from forensics.provenance.store import Mark, recorded

    head: Json = {"path": encodable(str(file))}
    mark = Mark(*options["mark"]) if options["mark"] else None
    try:
        record = recorded(file, **{**options, "mark": mark})
        new = store.add(record)
    except (VerificationFailed, StoreConflict) as error:
        return {**head, **_left_out(error)}, FOUND
    except (MediaError, MissingExtra, RestorationError) as error:
        return {**head, **_left_out(error)}, UNREADABLE
    facts = {
        "manifest_id": record.manifest_id,
        "placement": record.placement is not None,
        "skeleton_bytes": len(record.skeleton),
        "fingerprints": [code.kind for code in record.fingerprints],
    }
    return {**head, "added": new, **facts, "error": None}, 0


def _left_out(error: ForensicsError) -> Json:
    from forensics.files import encodable

    return {"added": False, "error": error.code, "reason": encodable(str(error))}


def _text(result: Json) -> str:
    from forensics.report.safe import printable

    path = printable(result["path"])
    if result["error"]:
        return f"LEFT OUT  {path}: {printable(result['reason'], 600)}"
    word = "added" if result["added"] else "known"
    looks = ", ".join(result["fingerprints"]) or "none"
    return f"{word:9} {path}: {printable(result['manifest_id'])}; fingerprints: {looks}"
