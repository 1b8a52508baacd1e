"""`forensics reconstruct`: pictures to the noise of a model and back, and what is lost on the way."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.given import ENCODER_FOLDER, text_encoder
from forensics.cli.paths import out_folder
from forensics.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from forensics.cli.watermark.records import Record
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.denoising import Denoising

__all__ = ["reconstruct"]

_SHOWN = 4.0  # an error of one over this is the hottest of a map


@click.command(no_args_is_help=True)
@click.argument("model")
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@out_folder("Folder for what is found.")
@click.option("--steps", type=click.IntRange(min=1), default=50, show_default=True, help="Each way.")
@click.option("--label", default="", help="Name of a class, for models that know some.")
@click.option("--prompt", default="", help="What is to be seen, for models that know words.")
@click.option(
    "--text-encoder", type=ENCODER_FOLDER,
    help="Folder of CLIP or T5, which reads prompts for models that were trained with it.",
)  # fmt: skip
@click.option(
    "--fit", is_flag=True, help="Cut the middle square of pictures, and scale it to the model's size."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each picture.")
def reconstruct(
    model: str, pictures: tuple[Path, ...], folder: Path, as_json: bool, fit: bool, **options: Any
) -> int:
    """Find the noise from which MODEL makes PICTURES (files or folders), by DDIM, and make them of it again.

    For each picture there will be NUMBER.npz with the noise and the error (picture less reconstruction,
    (H, W, 3) from -1 to 1) as 32-bit floats, and to look at: NUMBER.png, the reconstruction, and
    NUMBER-error.png. MODEL is a diffusion or flow model. What cannot be read has an error in its place, and
    the exit status is 3.
    """
    from forensics.cli.given import denoising
    from forensics.cli.watermark.records import json_text, walk
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.opening import open_pipeline

    pipeline = denoising(open_pipeline(model, text_encoder=text_encoder(options["text_encoder"])))
    label = pipeline.recipe.label(options["label"])
    request = Request(label=label, steps=options["steps"], prompt=options["prompt"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None
    numbers = count()

    def work(path: Path) -> Record:
        return _one(pipeline, request, path, folder / f"{next(numbers):06d}", fit=fit)

    return walk(pictures, "reconstructing", work, json_text if as_json else _text)


def _one(pipeline: Denoising, request: Request, path: Path, place: Path, *, fit: bool) -> Record:
    """Write what is found of a picture, and return how large its error is."""
    import numpy as np

    from forensics.cli.given import picture_for
    from forensics.files import atomic_write
    from forensics.generators.pipelines.base import pixels_of
    from forensics.report.maps import heat, png

    picture = picture_for(pipeline, path, fit=fit)
    noise = pipeline.invert(picture[None], request)
    found = pipeline.reconstruct(noise, request)
    error = (picture / np.float32(255.0) - np.moveaxis(found[0], 0, -1)).astype(np.float32)
    atomic_write(place.with_suffix(".npz"), _arrays(noise=noise[0], error=error))
    atomic_write(place.with_suffix(".png"), png(next(pixels_of(found))))
    size = np.abs(error)
    atomic_write(place.with_name(f"{place.name}-error.png"), png(heat(_SHOWN * size.mean(2))))
    root = float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))
    return {"number": int(place.name), "mean": float(size.mean()), "root": root, "largest": float(size.max())}


def _arrays(**arrays: npt.NDArray[np.float32]) -> bytes:
    """Return named arrays as the bytes of a NumPy archive, without loss."""
    import numpy as np

    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays)
    return out.getvalue()


def _text(record: Record) -> str:
    from forensics.report.safe import printable

    if record["error"]:
        return printable(f"{record['path']}: {record['reason']}", 2000)
    levels = {key: 255.0 * record[key] for key in ("mean", "root", "largest")}
    return printable(
        f"{record['path']}: {record['number']:06d}, error {levels['mean']:.2f} grey levels "
        f"(root mean square {levels['root']:.2f}, largest {levels['largest']:.0f})",
        2000,
    )
