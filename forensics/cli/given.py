"""What a generator is given: pictures of its own size, or made so, and what reads its prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.generators.pipelines.base import Pipeline
    from forensics.generators.pipelines.denoising import Denoising
    from forensics.generators.pipelines.texts import PromptEncoder
    from forensics.media import Pixels

__all__ = ["ENCODER_FOLDER", "denoising", "picture_for", "text_encoder"]

ENCODER_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


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


def text_encoder(folder: Path | None, device: str | None = None) -> PromptEncoder | None:
    """Return the text encoder in a folder; None if none is named.

    Args:
        folder: That `save_pretrained` wrote.
        device: Where it runs; a GPU if there is one and this is None.

    Raises:
        MissingExtra: transformers is not installed.
        UsageError: It holds neither CLIP nor T5.
        ModelError: It cannot be loaded.
    """
    if folder is None:
        return None
    from forensics.generators.adapters.text_encoders import PretrainedText

    return PretrainedText(folder, device=device)


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
