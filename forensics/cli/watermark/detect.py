"""`forensics watermark detect`: look for marks in pictures and clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.watermark.options import FILE, json_option, keys_option, load_ring, rate_option
from forensics.cli.watermark.others import others_options, others_record, others_text, reader_of
from forensics.cli.watermark.records import Record, json_text, look, walk

if TYPE_CHECKING:
    from forensics.watermark.detection import Detection

__all__ = ["detect", "detection_record"]

EMPTY: Record = dict.fromkeys(
    ("path", "detected", "p_value", "log10_p", "rate", "payload", "layout", "codec", "front", "key",
     "key_name", "copied", "geometry", "missing", "reason")
)  # fmt: skip
NO_KEYS: Record = {"reason": "There are no keys: marks of yours were not looked for."}


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@keys_option
@rate_option
@click.option("--calibration", type=FILE, help="From `calibrate`; else what ships.")
@others_options
@json_option
def detect(
    paths: tuple[Path, ...],
    keys: tuple[Path, ...],
    rate: float,
    calibration: Path | None,
    as_json: bool,
    **others: Any,
) -> int:
    """Say of each picture or clip whether it carries a mark of one of your keys, and what the mark says.

    The p-value is the chance that a file without such a mark looks the same; it counts everything that was
    searched. Of a clip, frames from all over it are added up. Folders are searched for files. Exits with 0
    whether there are marks or not.

    With --schemes, marks of others are read too: bits, and a p-value where there is a payload to compare
    them with. These need no keys.
    """
    from forensics.watermark.keyfile import key_ring
    from forensics.watermark.spread.nulls import load

    reader = reader_of(others)
    ring = key_ring() if reader and not keys else load_ring(keys)
    names = {key.id: key.name for key in ring}
    nulls = load(calibration) if calibration else ()

    def work(path: Path) -> Record:
        found = look(path, ring, rate, nulls) if ring else None
        own = detection_record(found, names.get(found.key)) if found else NO_KEYS
        return {**own, "others": others_record(reader, path, rate)} if reader else own

    def show(record: Record) -> str:
        whole = {**EMPTY, **record}
        return json_text(whole) if as_json else _text(whole)

    return walk(paths, "looking for marks", work, show)


def detection_record(found: Detection, key_name: str | None) -> Record:
    """Return what was found as JSON has it.

    Args:
        found: The detection.
        key_name: What the owner calls the key that was found, None if none was.
    """
    geometry = found.geometry
    return {
        "detected": found.detected,
        "p_value": found.p_value,
        "log10_p": round(found.log10_p, 2),
        "rate": found.rate,
        "payload": found.payload.identity if found.payload else None,
        "layout": found.payload.layout if found.payload else None,
        "codec": found.codec,
        "front": found.front,
        "key": found.key or None,
        "key_name": key_name,
        "copied": found.copied,
        "geometry": None if geometry is None else {**vars(geometry), "text": str(geometry)},
        "missing": None if found.tampering is None else round(found.tampering.share, 3),
        "reason": found.reason,
    }


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    lines = [f"{printable(record['path'])}: {printable(record['reason'])}"]
    if record["error"]:
        return lines[0]
    if record["log10_p"] is not None:
        lines.append(f"  p-value    10^{record['log10_p']} (rate {record['rate']:g})")
    if record["detected"]:
        lines.append(f"  key        {printable(record['key_name'])} ({record['key']})")
        lines.append(f"  geometry   {record['geometry']['text']}")
    if record["missing"]:
        lines.append(f"  missing    in {record['missing']:.0%} of the picture")
    return "\n".join([*lines, *others_text(record.get("others") or [])])
