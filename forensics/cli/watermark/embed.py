"""`forensics watermark embed`: write marked copies of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.paths import expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, UNREADABLE
from forensics.cli.watermark.options import ascii_line, keys_option, one_key, rate_option
from forensics.errors import ForensicsError, MediaError, UsageError

if TYPE_CHECKING:
    from forensics.watermark.attacks import Attack
    from forensics.watermark.watermarker import Watermarker

__all__ = ["embed"]

PLACE = click.Path(path_type=Path)


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
@click.option("--key", "name", help="Name or id of the key, if there are several.")
@click.option("--payload", default="0", show_default=True, metavar="HEX", help="What the mark says.")
@click.option(
    "--layout", type=click.Choice(("short", "standard", "long")), default="standard", show_default=True,
    help="16, 36 or 100 bits of payload: fewer survive more.",
)  # fmt: skip
@click.option("--psnr", type=float, default=40.0, show_default=True, help="Strength to start with, in dB.")
@click.option(
    "--contract", default="", metavar="ATTACK,...",
    help="What the mark must survive, as in jpeg:50,resize:0.5,crop:0.5; tried before anything is written.",
)  # fmt: skip
@click.option("--least-psnr", type=float, default=36.0, show_default=True, help="Greatest strength, in dB.")
@rate_option
@click.option("--quality", type=click.IntRange(1, 100), help="Quality of JPEG, WebP and AVIF.")
@click.option("--overwrite", is_flag=True, help="Replace existing targets; else they are skipped in folders.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
def embed(source: Path, target: Path, as_json: bool, **options: Any) -> int:
    """Mark the picture SOURCE and write it to TARGET, or every picture below a folder.

    What was written is read back, and the mark is looked for in it. A run that was interrupted goes on
    where it stopped: of a folder, pictures whose target exists are skipped.
    """
    job = _job(options)
    pairs = list(_pairs(source, target, job.overwrite))
    status = 0
    with progress(len(pairs), "marking") as advance:
        for here, there in pairs:
            record = _embed_one(job, here, there, alone=not source.is_dir())
            click.echo(ascii_line(record) if as_json else _text(record))
            status = max(status, _STATUS[record["status"]])
            advance()
    return status


_STATUS = {"marked": 0, "refused": FOUND, "unreadable": UNREADABLE}


def _job(options: dict[str, Any]) -> Job:
    from forensics.watermark.attacks import parse_attack
    from forensics.watermark.watermarker import Watermarker

    marker = Watermarker(
        one_key(options["keys"], options["name"]), layout=options["layout"], psnr=options["psnr"]
    )
    marker.payload(options["payload"])
    contract = tuple(parse_attack(text) for text in options["contract"].split(",") if text.strip())
    return Job(
        marker, options["payload"], contract, options["rate"], min(options["least_psnr"], options["psnr"]),
        options["quality"], options["overwrite"],
    )  # fmt: skip


def _pairs(source: Path, target: Path, overwrite: bool) -> Iterator[tuple[Path, Path]]:
    if not source.is_dir():
        yield source, target / source.name if target.is_dir() else target
        return
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a folder is marked into a folder")
    if target.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"{target} lies in {source}: its marked pictures would be marked again")
    for path in expand([source]):
        there = target / path.relative_to(source)
        if overwrite or not there.exists():
            yield path, there


def _embed_one(job: Job, here: Path, there: Path, *, alone: bool) -> dict[str, Any]:
    try:
        if not alone:
            there.parent.mkdir(parents=True, exist_ok=True)
        return {"path": str(here), "status": "marked", "target": str(there), **_marked(job, here, there)}
    except OSError as error:
        raise UsageError(f"cannot write {there}: {error.strerror or error}") from None
    except ForensicsError as error:
        if alone:
            raise
        status = "unreadable" if isinstance(error, MediaError) else "refused"
        return {"path": str(here), "status": status, "reason": str(error)}


def _marked(job: Job, here: Path, there: Path) -> dict[str, Any]:
    from forensics.watermark.contract import embed_and_verify
    from forensics.watermark.pictures import load_for_marking, write_marked
    from forensics.watermark.quality import measure

    source = load_for_marking(here)
    kept = embed_and_verify(
        job.marker, source.pixels, job.payload, job.contract, rate=job.rate, least_psnr=job.least_psnr
    )
    written = write_marked(
        source.with_pixels(kept.marked.pixels), there, quality=job.quality, overwrite=job.overwrite
    )
    found = job.marker.detect(written.pixels, rate=job.rate)
    judged = measure(source.pixels, kept.marked.pixels)
    return {
        "payload": kept.marked.payload.identity,
        "layout": kept.marked.payload.layout,
        "codec": kept.marked.codec,
        "key": kept.marked.key,
        "psnr": round(judged.psnr, 2),
        "ssim": round(judged.ssim, 4),
        "gmsd": round(judged.gmsd, 4),
        "detected": found.detected,
        "log10_p": round(found.log10_p, 1),
        "contract": [{"attack": c.attack, "log10_p": round(c.log10_p, 1)} for c in kept.checks],
        "notes": list(written.notes),
    }


def _text(record: dict[str, Any]) -> str:
    from forensics.report.safe import printable

    path = printable(record["path"])
    if record["status"] != "marked":
        return f"{path}: {record['status']}: {printable(record['reason'])}"
    lines = [
        f"{path}: marked as {printable(record['target'])}",
        f"  payload    {record['payload']} ({record['layout']}), key {record['key']}",
        f"  quality    {record['psnr']} dB PSNR, {record['ssim']} SSIM, {record['gmsd']} GMSD",
        f"  read back  {'found' if record['detected'] else 'NOT FOUND'}, p = 10^{record['log10_p']}",
    ]
    checks = record["contract"][1:]
    if checks:
        lines.append("  survives   " + ", ".join(check["attack"] for check in checks))
    return "\n".join([*lines, *(f"  note       {printable(note)}" for note in record["notes"])])
