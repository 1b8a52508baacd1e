"""Mark every picture that a pipeline of Hugging Face's diffusers makes.

`MarkedPipeline(pipeline, marker)` is called like the pipeline and gives back the same kind of output, with
every picture marked. Nothing of diffusers is imported: whatever has `images` in its output will do.

Run `python examples/diffusers_callback.py FOLDER` to see it with a small stand-in for a pipeline; with a real
one, replace `StandIn()` by, say, `StableDiffusionPipeline.from_pretrained(...)`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker


class MarkedPipeline:
    """A pipeline whose pictures are marked before anybody else sees them.

    Args:
        pipeline: Called with any arguments; its output has `images`, of PIL or as floats in [0, 1].
        marker: Key, layout and strength.
        identities: Says whom each picture is for, in hexadecimal digits; numbers from 1 if None.
    """

    def __init__(
        self, pipeline: Callable[..., Any], marker: Watermarker, identities: Iterator[str] | None = None
    ) -> None:
        self.pipeline = pipeline
        self.marker = marker
        self.identities = identities or (f"{number:x}" for number in count(1))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Return the pipeline's output with its pictures marked."""
        output = self.pipeline(*arguments, **options)
        marked = [self._mark(picture) for picture in output.images]
        output.images = np.stack(marked) if isinstance(output.images, np.ndarray) else marked
        return output

    def __getattr__(self, name: str) -> Any:
        """Whatever else the pipeline has: `to`, `scheduler`, `unet`."""
        return getattr(self.pipeline, name)

    def _mark(self, picture: Any) -> Any:
        if isinstance(picture, Image.Image):
            pixels = np.asarray(picture.convert("RGB"))
            return Image.fromarray(self.marker.embed(pixels, next(self.identities)).pixels)
        pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
        return self.marker.embed(pixels, next(self.identities)).pixels.astype(np.float32) / 255


class StandIn:
    """Answers as a pipeline of diffusers does, with procedural pictures."""

    def __call__(self, prompt: str, *, num_images: int = 2, output_type: str = "pil") -> SimpleNamespace:
        """Return pictures that have nothing to do with the prompt."""
        pictures = [camera(len(prompt) + number, 512, 512) for number in range(num_images)]
        if output_type == "np":
            return SimpleNamespace(images=np.stack(pictures).astype(np.float32) / 255)
        return SimpleNamespace(images=[Image.fromarray(pixels) for pixels in pictures])


def main(folder: Path) -> None:
    """Generate two pictures, write them marked, and read the marks from the files."""
    marker = Watermarker(Key.generate("pipeline"))
    pipeline = MarkedPipeline(StandIn(), marker)
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pipeline("a lighthouse at dusk").images):
        path = folder / f"{number}.png"
        picture.save(path)
        found = marker.detect(np.asarray(Image.open(path)))
        said = found.payload.identity if found.payload else "-"
        sys.stdout.write(f"{path}: p = 10^{found.log10_p:.1f}, made for {said}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mark what a generation pipeline makes.")
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
