"""`forensics marking report`: what was detected, for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from forensics.cli.output import json_line
from forensics.cli.progress import progress
from forensics.cli.status import OWN_FAILURE, UNREADABLE
from forensics.cli.watermark.options import keys_option, load_ring, rate_option

__all__ = ["report"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@keys_option
@rate_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a report and exit.")
def report(paths: tuple[Path, ...], keys: tuple[Path, ...], rate: float, schema: bool) -> int:
    """Say of each picture or clip, in neutral JSON, what watermark of your keys was detected.

    One object on each line: algorithm, payload, p-value, id of the key (never the key), what was done to the
    picture, SHA-256 of the file. Folders are searched for files. Exits with 0 whether there are marks or not.
    """
    from forensics.article50 import DetectionReport, detection_report
    from forensics.cli.watermark.records import files_of

    if schema:
        click.echo(json.dumps(DetectionReport.model_json_schema(mode="serialization"), indent=2))
        return 0
    if not paths:
        raise click.UsageError("no file given")
    ring, found = load_ring(keys), files_of(paths)
    status = 0
    with progress(len(found), "looking for marks") as advance:
        for path in found:
            made = detection_report(path, ring, rate=rate)
            click.echo(json_line(made))
            if made.error:
                status = max(status, OWN_FAILURE if made.error == "internal" else UNREADABLE)
            advance()
    return status
