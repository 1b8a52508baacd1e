"""`forensics watermark embed`: write marked copies of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, OWN_FAILURE, UNREADABLE
from forensics.cli.watermark.options import (
    json_option,
    key_option,
    keys_option,
    layout_option,
    one_key,
    psnr_option,
    rate_option,
)
from forensics.cli.watermark.records import Record, json_text, name_of
from forensics.errors import ForensicsError, MediaError, MissingExtra, UsageError, WatermarkError
from forensics.files import encodable

if TYPE_CHECKING:
    from forensics.watermark.attacks import Attack
    from forensics.watermark.contract import Kept
    from forensics.watermark.detection import Detection
    from forensics.watermark.pictures import Encoded, Source
    from forensics.watermark.watermarker import Watermarker

__all__ = ["embed"]

PLACE = click.Path(path_type=Path)
STATUS = {"marked": 0, "refused": FOUND, "unreadable": UNREADABLE, "failed": OWN_FAILURE}
EMPTY: Record = dict.fromkeys(
    ("path", "status", "target", "payload", "layout", "codec", "key", "psnr", "ssim", "gmsd", "log10_p",
     "contract", "notes", "reason")
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What to do to every picture."""

    marker: Watermarker
    payload: str
    contract: tuple[Attack, ...]
    rate: float
    least_psnr: float
    quality: int | None
    overwrite: bool


@click.command(no_args_is_help=True)
@click.argument("source", type=PLACE)
@click.argument("target", type=PLACE)
@keys_option
@key_option
@click.option("--payload", default="0", show_default=True, metavar="HEX", help="What the mark says.")
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
@click.option("--overwrite", is_flag=True, help="Replace existing targets; else they are skipped in folders.")
@json_option
def embed(source: Path, target: Path, as_json: bool, **options: Any) -> int:
    """Mark the picture SOURCE and write it to TARGET, or every picture below a folder.

    The mark is looked for in what is to be written, and nothing is written unless it is there. A run that was
    interrupted goes on where it stopped: of a folder, pictures whose target exists are skipped. Exits with 1
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
    from forensics.watermark.watermarker import Watermarker

    marker = Watermarker(
        one_key(options["keys"], options["name"]), layout=options["layout"], psnr=options["psnr"]
    )
    marker.payload(options["payload"])  # wrong ones end here, before any work
    return Job(
        marker, options["payload"], tuple(_attacks(options["contract"])), options["rate"],
        min(options["least_psnr"], options["psnr"]), options["quality"], options["overwrite"],
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
        return {**record, **_marked(job, here, there)}
    except OSError as error:
        raise UsageError(f"cannot write {there}: {error.strerror or error}") from None
    except MemoryError:
        return {**record, "status": "unreadable", "target": None, "reason": "out of memory", "error": "limit"}
    except ForensicsError as error:
        if alone and isinstance(error, UsageError):
            raise
        reason = encodable(str(error))
        return {**record, "status": _status(error), "target": None, "reason": reason, "error": error.code}


def _status(error: ForensicsError) -> str:
    if isinstance(error, (MediaError, MissingExtra)):
        return "unreadable"
    return "refused" if isinstance(error, (UsageError, WatermarkError)) else "failed"


def _marked(job: Job, here: Path, there: Path) -> Record:
    from forensics.watermark.contract import embed_and_verify
    from forensics.watermark.pictures import load_for_marking, write_marked

    source = load_for_marking(here)
    kept = embed_and_verify(
        job.marker, source.pixels, job.payload, job.contract, rate=job.rate, least_psnr=job.least_psnr
    )
    found: list[Detection] = []
    there.parent.mkdir(parents=True, exist_ok=True)
    written = write_marked(
        source.with_pixels(kept.marked.pixels), there, quality=job.quality, overwrite=job.overwrite,
        check=lambda encoded: found.append(_read_back(job, kept, encoded)),
    )  # fmt: skip
    return _record(source, kept, found[0], written.notes)


def _read_back(job: Job, kept: Kept, encoded: Encoded) -> Detection:
    """Return what is found in the file that is about to be written.

    Raises:
        WatermarkError: Not what was embedded.
    """
    found = job.marker.detect(encoded.pixels, rate=job.rate)
    if found.payload != kept.marked.payload or found.copied:
        raise WatermarkError(
            f"the mark does not survive being stored as {encoded.format}: ask for a higher --quality, or put "
            "the compression into --contract",
            expected="the payload exact",
            actual=f"p = 10^{found.log10_p:.1f}",
        )
    return found


def _record(source: Source, kept: Kept, found: Detection, notes: tuple[str, ...]) -> Record:
    from forensics.watermark.quality import measure

    judged = measure(source.pixels, kept.marked.pixels)
    return {
        "payload": kept.marked.payload.identity,
        "layout": kept.marked.payload.layout,
        "codec": kept.marked.codec,
        "key": kept.marked.key,
        "psnr": round(judged.psnr, 2),
        "ssim": round(judged.ssim, 4),
        "gmsd": round(judged.gmsd, 4),
        "log10_p": round(found.log10_p, 1),
        "contract": [{"attack": c.attack, "log10_p": round(c.log10_p, 1)} for c in kept.checks[1:]],
        "notes": [encodable(note) for note in notes],
    }


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    path = printable(record["path"])
    if record["status"] != "marked":
        return f"{path}: {record['status']}: {printable(record['reason'], 2000)}"
    lines = [
        f"{path}: marked as {printable(record['target'])}",
        f"  payload    {record['payload']} ({record['layout']}), key {record['key']}",
        f"  quality    {record['psnr']} dB PSNR, {record['ssim']} SSIM, {record['gmsd']} GMSD",
        f"  read back  p = 10^{record['log10_p']}",
    ]
    if record["contract"]:
        lines.append("  survives   " + ", ".join(check["attack"] for check in record["contract"]))
    return "\n".join([*lines, *(f"  note       {printable(note)}" for note in record["notes"])])
