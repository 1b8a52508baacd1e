"""`forensics detectors`: what is there, what it needs, and what its weights rest on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console
from forensics.cli.own import detector_option, opened

if TYPE_CHECKING:
    from forensics.detectors.base import DetectorInfo

__all__ = ["detectors"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per detector and line.")
@detector_option
def detectors(as_json: bool, own: tuple[Path, ...]) -> None:
    """List the detectors: what each looks for, what it needs, its calibration and its limits."""
    from forensics.detectors.base import DETECTORS

    infos = [*(detector.info for detector in DETECTORS), *(detector.info for detector in opened(own))]
    if as_json:
        for info in infos:
            click.echo(json.dumps(_plain(info)))
        return
    screen = console()
    for info in infos:
        screen.print(_entry(info))


def _plain(info: DetectorInfo) -> dict[str, Any]:
    record = {field.name: getattr(info, field.name) for field in dataclasses.fields(info)}
    record["questions"] = [q.value for q in info.questions]
    record["kinds"] = [k.value for k in info.kinds]
    record["calibration"] = info.calibration.model_dump() if info.calibration else None
    return record


def _entry(info: DetectorInfo) -> Any:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    calibration = (
        "none: its scores weigh nothing yet" if info.version.startswith("own-") else "none: it reads claims"
    )
    if info.calibration:
        c = info.calibration
        calibration = f"{c.name} ({c.negatives} without, {c.positives} with). {c.note}"
    for name, value in (
        ("looks for", info.title),
        ("answers", ", ".join(q.value for q in info.questions)),
        ("reads", ", ".join(k.value for k in info.kinds)),
        ("needs", info.needs or "nothing beyond the base installation"),
        ("source", info.source),
        ("calibration", calibration),
        ("limits", info.limits),
    ):
        table.add_row(name, Text(value))
    from rich.console import Group

    return Group(Text(f"{info.name} (version {info.version})", style="bold"), Padding(table, (0, 0, 1, 2)))
