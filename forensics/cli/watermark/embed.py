"""`forensics watermark embed`: write marked copies of pictures and clips."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, OWN_FAILURE, UNREADABLE
from forensics.cli.watermark.marking import CLIPS, Job, mark
from forensics.cli.watermark.options import (
    codec_option,
    json_option,
    key_option,
    keys_option,
    layout_option,
    one_key,
    psnr_option,
    rate_option,
)
from forensics.cli.watermark.records import Record, faulty, json_text, name_of
from forensics.errors import ForensicsError, UsageError

if TYPE_CHECKING:
    from forensics.watermark.attacks import Attack

__all__ = ["embed"]

PLACE = click.Path(path_type=Path)
STATUS = {"marked": 0, "refused": FOUND, "unreadable": UNREADABLE, "failed": OWN_FAILURE}
EMPTY: Record = dict.fromkeys(
    ("path", "status", "target", "payload", "layout", "codec", "key", "psnr", "ssim", "gmsd", "log10_p",
     "contract", "notes", "reason")
)  # fmt: skip


@click.command(no_args_is_help=True)
@click.argument("source", type=PLACE)
@click.argument("target", type=PLACE)
@keys_option
@key_option
@click.option("--payload", default="0", show_default=True, metavar="HEX", help="What the mark says.")
@codec_option
@layout_option
@psnr_option
@click.option(
    "--contract", default="", metavar="ATTACK,...",
    help="What the mark must survive, as in jpeg:50,resize:0.5,crop:0.5; tried before anything is written.",
)  # fmt: skip
@click.option(
    "--least-psnr", type=click.FloatRange(25, 60), default=36.0, show_default=True,
    help="How strong the mark may become to keep the contract, in dB.",
)  # fmt: skip
@rate_option
@click.option("--quality", type=click.IntRange(1, 100), help="Quality of JPEG, WebP and AVIF.")
@click.option(
    "--crf", type=click.IntRange(0, 51), default=18, show_default=True, help="Of clips: less is better."
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of clips: mark every so many frames.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing targets; else they are skipped in folders.")
@json_option
def embed(source: Path, target: Path, as_json: bool, **options: Any) -> int:
    """Mark the picture or clip SOURCE and write it to TARGET, or every one below a folder.

    The mark is looked for in what is to be written, and nothing is written unless it is there. A run that was
    interrupted goes on where it stopped: of a folder, files whose target exists are skipped. Exits with 1
    if a picture was refused, because its mark would not survive what was asked for.
    """
    job = _job(options)
    alone = not os.path.isdir(source)
    pairs = [_alone(source, target, job)] if alone else list(_pairs(source, target, job))
    status = 0
    with progress(len(pairs), "marking") as advance:
        for here, there in pairs:
            record = _embed_one(job, here, there, alone=alone)
            click.echo(json_text({**EMPTY, **record}) if as_json else _text(record))
            status = max(status, STATUS[record["status"]])
            advance()
    return status


def _job(options: dict[str, Any]) -> Job:
    from forensics.watermark.video import Coding
    from forensics.watermark.watermarker import Watermarker

    marker = Watermarker(
        one_key(options["keys"], options["name"]),
        layout=options["layout"],
        psnr=options["psnr"],
        codec=options["codec"],
    )
    marker.payload(options["payload"])  # wrong ones end here, before any work
    return Job(
        marker, options["payload"], tuple(_attacks(options["contract"])), options["rate"],
        min(options["least_psnr"], options["psnr"]), options["quality"],
        Coding(options["every"], options["crf"]), options["overwrite"],
    )  # fmt: skip


def _attacks(text: str) -> Iterator[Attack]:
    """Yield attacks that are separated by commas, as are the values of one: those begin with no name."""
    from forensics.watermark.attacks import ATTACKS, parse_attack

    parts: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name = part.partition("+")[0].partition(":")[0].strip()
        if parts and name not in ATTACKS and (name.partition("=")[1] or not name[:1].isalpha()):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    yield from map(parse_attack, parts)


def _alone(source: Path, target: Path, job: Job) -> tuple[Path, Path]:
    """Return where one picture goes, if it may."""
    from forensics.watermark.pictures.writing import target_format

    there = target / source.name if os.path.isdir(target) else target
    if there.suffix.lower() not in CLIPS:
        target_format(there)
    if os.path.exists(there):
        if os.path.exists(source) and os.path.samefile(source, there):
            raise UsageError(f"{there} is the source itself; a marked picture is a new file")
        if not job.overwrite:
            raise UsageError(f"{there} exists: --overwrite replaces it")
    return source, there


def _pairs(source: Path, target: Path, job: Job) -> Iterator[tuple[Path, Path]]:
    if os.path.exists(target) and not os.path.isdir(target):
        raise UsageError(f"{target} is a file; a folder is marked into a folder")
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"{target} lies in {source}: its marked pictures would be marked again")
    skipped = 0
    for path in expand([source]):
        there = target / path.relative_to(source)
        if job.overwrite or not os.path.exists(there):
            yield path, there
        else:
            skipped += 1
    if skipped:
        click.echo(f"forensics: {skipped} skipped, whose targets exist", err=True)


def _embed_one(job: Job, here: Path, there: Path, *, alone: bool) -> Record:
    record: Record = {"path": name_of(here), "status": "marked", "target": name_of(there), "error": None}
    try:
        return {**record, **mark(job, here, there)}
    except OSError as error:
        raise UsageError(f"cannot write {there}: {error.strerror or error}") from None
    except (ForensicsError, MemoryError) as error:
        if alone and isinstance(error, UsageError):
            raise
        return faulty(record, error)


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    path = printable(record["path"])
    if record["status"] != "marked":
        return f"{path}: {record['status']}: {printable(record['reason'], 2000)}"
    judged = "".join(f", {record[n]} {n.upper()}" for n in ("ssim", "gmsd") if record.get(n) is not None)
    lines = [
        f"{path}: marked as {printable(record['target'])}",
        f"  payload    {record['payload']} ({record['layout']}), key {record['key']}",
        f"  quality    {record['psnr']} dB PSNR{judged}",
        f"  read back  p = 10^{record['log10_p']}",
    ]
    if record["contract"]:
        lines.append("  survives   " + ", ".join(check["attack"] for check in record["contract"]))
    return "\n".join([*lines, *(f"  note       {printable(note)}" for note in record["notes"])])
