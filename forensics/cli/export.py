"""`forensics export`: networks of the suite for elsewhere, and what they lose on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.watermark.records import json_text, name_of
from forensics.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from forensics.exporting.exporting import Exported

__all__ = ["export"]


@click.command(no_args_is_help=True)
@click.argument("model", required=False)
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), help="Folder to write into.")
@click.option(
    "--precision", type=click.Choice(("fp32", "fp16", "int8")), default="fp32", show_default=True,
    help="What it computes with.",
)  # fmt: skip
@click.option("--dynamic", is_flag=True, help="Leave sizes free, where the file does (the default).")
@click.option("--side", type=click.IntRange(min=1), help="Fix width and height of the inputs.")
@click.option("--batch", type=click.IntRange(min=1), help="Fix the number of inputs at a time.")
@click.option(
    "--data", default="procedural", show_default=True,
    help="Pictures to measure the loss on: folder, tar archive or corpus; with folders real and fake, or a "
    "manifest.csv, AUCs too.",
)  # fmt: skip
@click.option("--count", type=click.IntRange(min=4), default=32, show_default=True, help="Pictures at most.")
@click.option("--list", "listing", is_flag=True, help="List the models that come with the suite and exit.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def export(model: str | None, folder: Path | None, listing: bool, as_json: bool, **options: Any) -> int:
    """Write the networks of MODEL as ONNX, with a card that says what they are and what they lost.

    MODEL is a folder that `forensics train` wrote, or the name of a model that comes with the suite. What is
    written can be used in its place.
    """
    if listing:
        return _list(as_json)
    if model is None or folder is None:
        raise click.UsageError("name a model, and a folder to write into with -o")
    if options["dynamic"] and (options["side"] or options["batch"]):
        raise UsageError("--dynamic leaves free what --side and --batch fix: take one of them")
    found = _exported(model, folder, options)
    if as_json:
        click.echo(json_text(_record(found)))
        return 0
    for loss in found.losses:
        before, after = found.files[loss.file]
        versions = found.onnx[loss.file]
        kind = f"opset {versions['opset']}, format {versions['ir']}"
        click.echo(f"{name_of(folder / loss.file)}: {before:,} bytes -> {after:,}, {kind}")
        click.echo(f"  largest difference {loss.largest:.3g} ({loss.relative:.3g} of the largest value)")
        if loss.changed is not None:
            click.echo(f"  {loss.decisions} that changed: {loss.changed:.3%} on {loss.inputs} inputs")
        if loss.auc is not None and loss.auc_after is not None:
            click.echo(f"  AUC {loss.auc:.4f} -> {loss.auc_after:.4f}")
    for name, gap in found.parity.items():
        click.echo(f"{name}: {gap.relative:.2g} of the largest value from PyTorch")
    for name in found.left_out:
        click.echo(f"left out {name}, which holds no longer: run `forensics calibrate` again")
    return 0


def _exported(model: str, folder: Path, options: dict[str, Any]) -> Exported:
    from forensics.exporting.exporting import Wanted, export_model, networks_of, opened
    from forensics.exporting.graphs import Precision
    from forensics.exporting.pictures import labelled, side_wanted

    bundle = opened(model)
    networks_of(bundle)
    wanted = Wanted(Precision(options["precision"]), options["side"] or 0, options["batch"] or 0)
    side = side_wanted(bundle, wanted.side)
    found = labelled(options["data"], side, options["count"])
    truth: npt.NDArray[np.bool_] | None = found.truth
    return export_model(bundle, folder, wanted, found.pixels, truth, found.about)


def _record(found: Exported) -> dict[str, Any]:
    return {
        "path": name_of(found.folder),
        "networks": [
            {
                **loss.model_dump(),
                "bytes": found.files[loss.file][1],
                "bytes_before": found.files[loss.file][0],
                **found.onnx[loss.file],
                "from_pytorch": found.parity[loss.file].relative if loss.file in found.parity else None,
            }
            for loss in found.losses
        ],
        "left_out": list(found.left_out),
    }


def _list(as_json: bool) -> int:
    from forensics.runtime.onnx_file import read_onnx
    from forensics.runtime.store import bundled, names

    for name in names():
        bundle = bundled(name)
        for file in (f for f in bundle.card["files"] if f.endswith(".onnx")):
            data = bundle.read(file)
            facts = read_onnx(data)
            record = {"model": name, "file": file, "bytes": len(data), "opset": facts.opset, "ir": facts.ir}
            text = f"{name:20} {file:16} {len(data):>9,} bytes  opset {facts.opset}, format {facts.ir}"
            click.echo(json_text(record) if as_json else text)
    return 0
