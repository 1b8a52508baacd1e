"""`forensics watermark detect`: look for marks in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import UNREADABLE
from forensics.cli.watermark.options import ascii_line, keys_option, load_ring, rate_option
from forensics.errors import ForensicsError, UsageError

if TYPE_CHECKING:
    from forensics.watermark.detection import Detection

__all__ = ["detect", "detection_record"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@keys_option
@rate_option
@click.option("--calibration", type=click.Path(path_type=Path, dir_okay=False), help="From `calibrate`.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
def detect(
    paths: tuple[Path, ...], keys: tuple[Path, ...], rate: float, as_json: bool, **options: Any
) -> int:
    """Say of each picture whether it carries a mark of one of your keys, and what the mark says.

    The p-value is the chance that a picture without such a mark looks the same; it counts everything that was
    searched. Folders are searched for files.
    """
    from forensics.watermark.spread.nulls import load

    ring = load_ring(keys)
    names = {key.id: key.name for key in ring}
    nulls = load(options["calibration"]) if options["calibration"] else None
    found = list(expand(paths))
    if not found:
        raise UsageError("there are no files")
    status = 0
    with progress(len(found), "looking for marks") as advance:
        for path in found:
            record = _detect_one(path, ring, rate, nulls)
            record["key_name"] = names.get(record.get("key", ""), "")
            click.echo(ascii_line(record) if as_json else _text(record))
            status = max(status, UNREADABLE if record["detected"] is None else 0)
            advance()
    return status


def _detect_one(path: Path, ring: Any, rate: float, nulls: Any) -> dict[str, Any]:
    from forensics.media import open_media
    from forensics.watermark.watermarker import detect as look

    shown = str(path).encode("utf-8", "backslashreplace").decode()
    try:
        found = look(open_media(path).pixels, ring, rate=rate, nulls=nulls)
    except ForensicsError as error:
        return {"path": shown, "detected": None, "reason": str(error), "error": error.code}
    return {"path": shown, **detection_record(found)}


def detection_record(found: Detection) -> dict[str, Any]:
    """Return what was found as JSON has it."""
    geometry = found.geometry
    return {
        "detected": found.detected,
        "p_value": found.p_value,
        "log10_p": round(found.log10_p, 2),
        "rate": found.rate,
        "payload": found.payload.identity if found.payload else None,
        "layout": found.payload.layout if found.payload else None,
        "codec": found.codec,
        "key": found.key,
        "copied": found.copied,
        "geometry": None if geometry is None else {**vars(geometry), "text": str(geometry)},
        "missing": None if found.tampering is None else round(found.tampering.share, 3),
        "reason": found.reason,
    }


def _text(record: dict[str, Any]) -> str:
    from forensics.report.safe import printable

    lines = [f"{printable(record['path'])}: {printable(record['reason'])}"]
    if record["detected"] is not None:
        lines.append(f"  p-value    10^{record['log10_p']} (rate {record['rate']:g})")
    if record["detected"]:
        lines.append(f"  key        {printable(record['key_name'])} ({record['key']})")
        lines.append(f"  geometry   {record['geometry']['text']}")
        if record["missing"]:
            lines.append(f"  missing    in {record['missing']:.0%} of the picture")
    return "\n".join(lines)
