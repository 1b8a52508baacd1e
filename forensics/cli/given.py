"""Pictures that a generator is to work on: of its own size, or made so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.base import Pipeline
    from forensics.generators.pipelines.denoising import Denoising
    from forensics.media import Pixels

__all__ = ["denoising", "picture_for"]


def denoising(pipeline: Pipeline) -> Denoising:
    """Return a pipeline that can work on given pictures.

    Raises:
        UsageError: It only draws new ones.
    """
    from forensics.generators.pipelines.denoising import Denoising

    if not isinstance(pipeline, Denoising):
        raise UsageError(
            f"a {pipeline.recipe.family} only draws new pictures",
            expected="diffusion or flow",
            actual=pipeline.recipe.family,
        )
    return pipeline


def picture_for(pipeline: Denoising, path: Path, *, fit: bool) -> Pixels:
    """Return the (H, W, 3) pixels of a picture for a model.

    Args:
        pipeline: Of the model.
        path: Of the picture.
        fit: Cut the square in its middle, and scale it down to the size of the model.

    Raises:
        MediaError: It cannot be read, or is a clip.
        UsageError: It is smaller than the model's pictures, or of another size and not to be fitted.
    """
    from forensics.cli.watermark.records import pixels_of
    from forensics.datasets.squares import centred

    pixels, (height, width) = pixels_of(path), pipeline.size
    if pixels.shape[:2] == (height, width):
        return pixels
    if min(pixels.shape[:2]) < max(height, width) or height != width or not fit:
        found = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise UsageError(
            f"the model works on pictures of {width} x {height}, and {path.name} has {found}; "
            f"larger ones are cut and scaled with --fit",
            expected=f"{width} x {height}",
            actual=found,
        )
    return centred(pixels, height)
