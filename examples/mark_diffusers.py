"""Mark whatever a pipeline of Hugging Face's diffusers makes: watermark, credentials and entry, in files.

`MarkingPipeline(pipeline, marker, folder)` is called like the pipeline; every picture becomes a file of the
folder that says itself that a model made it. Nothing of diffusers is imported: whatever has `images` of PIL
in its output will do. The marker is your own; it is made when it is used for the first time, see
`forensics marking show`.

Run `python examples/mark_diffusers.py FOLDER` to see it with a small stand-in for a pipeline; with a real
one, replace `StandIn()` by, say, `StableDiffusionPipeline.from_pretrained(...)`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

import forensics
from forensics.datasets.procedural import camera
from forensics.marking import MarkedFile, Marker, Order


class MarkingPipeline:
    """A pipeline whose pictures become marked files.

    Args:
        pipeline: Called with a prompt and any options; its output has `images` of PIL.
        marker: Marks them.
        folder: Where to; pictures are numbered from 0.
    """

    def __init__(self, pipeline: Callable[..., Any], marker: Marker, folder: Path) -> None:
        self.pipeline, self.marker, self.folder = pipeline, marker, folder
        self._numbers = count()

    def __call__(self, prompt: str, **options: Any) -> list[MarkedFile]:
        """Return what was written; a digest of prompt and options is signed with every picture."""
        order = Order(parameters={"prompt": prompt, "options": {k: repr(v) for k, v in options.items()}})
        pictures = (np.asarray(p.convert("RGB")) for p in self.pipeline(prompt, **options).images)
        targets = (self.folder / f"{number:06d}.png" for number in self._numbers)
        return list(self.marker.mark_many(zip(pictures, targets, strict=False), order))


class StandIn:
    """Answers as a pipeline of diffusers does, with procedural pictures."""

    def __call__(self, prompt: str, *, num_images: int = 2) -> SimpleNamespace:
        """Return pictures that have nothing to do with the prompt."""
        pixels = [camera(len(prompt) + number, 384, 384) for number in range(num_images)]
        return SimpleNamespace(images=[Image.fromarray(picture) for picture in pixels])


def main(folder: Path) -> None:
    """Generate two pictures, and audit the files."""
    with Marker.default("stand-in", "1.0") as marker:
        for done in MarkingPipeline(StandIn(), marker, folder)("a lighthouse at dusk"):
            report = forensics.audit(done.path)
            sys.stdout.write(f"{done.path}: {report.verdict}, payload {done.payload}, {done.manifest_id}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mark what a generation pipeline makes.")
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
