"""Drawing from marked noise, and looking for marks in the noise that pictures come from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Pipeline, Pixels, Request
from forensics.generators.pipelines.denoising import Denoising
from forensics.watermark.noise.base import Found, NoiseMark

__all__ = ["Marked", "Sighting", "look", "markable"]

_QUARTERS = 4


@dataclass(frozen=True)
class Sighting:
    """The best of what was looked at in one picture.

    Attributes:
        found: By the key that fits best; its p-value counts everything that was looked at.
        quarters: Quarter turns to the left after which it fits, 0 to 3.
        flipped: It is mirrored, left to right, before it is turned.
    """

    found: Found
    quarters: int = 0
    flipped: bool = False


class Marked:
    """A pipeline that draws from marked noise.

    Args:
        pipeline: Of the model.
        mark: Made for noise of its shape.

    Raises:
        UsageError: The model has no noise that could be found again, or of another shape.
    """

    def __init__(self, pipeline: Pipeline, mark: NoiseMark) -> None:
        self._denoising = markable(pipeline)
        self.recipe, self.mark = pipeline.recipe, mark
        if mark.shape != self.recipe.shape:
            raise UsageError(
                "the mark is made for noise of another shape", expected=self.recipe.shape, actual=mark.shape
            )

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures: without the mark, the same request gives the same but for what it changes.

        Raises:
            UsageError: The sampler draws noise on its way, or as for `Denoising.sample`.
        """
        if self._denoising.way(request.sampler).fresh:
            name = request.sampler or self._denoising.settings.sampler
            raise UsageError(f"the sampler {name!r} draws fresh noise on its way, which covers marks")
        yield from self._denoising.sample_from(
            lambda chance: self.mark.mark(chance.normal(self.recipe.shape)), request
        )


def markable(pipeline: Pipeline) -> Denoising:
    """Return a pipeline whose pictures can be taken back to their noise.

    Raises:
        UsageError: There is no way back.
    """
    if not isinstance(pipeline, Denoising):
        family = pipeline.recipe.family
        raise UsageError(
            f"marks in noise need a model of pictures by diffusion or flow, and this is a {family}",
            expected="diffusion or flow",
            actual=family,
        )
    if pipeline.settings.sampler == "consistency":
        raise UsageError("marks in noise need a way back to the noise; a consistency model has none")
    if not pipeline.encodes:
        raise UsageError("marks in noise need a way back to the noise; this model has no encoder")
    return pipeline


def look(
    pipeline: Pipeline,
    picture: Pixels,
    marks: Sequence[NoiseMark],
    request: Request,
    *,
    turned: bool = False,
) -> Sighting:
    """Return what some keys say of the noise of a picture.

    Args:
        pipeline: Of the model that it may have been drawn with.
        picture: (H, W, 3), of the size of the model's own.
        marks: One for each key, at least one.
        request: Its steps are taken back, with its label or prompt.
        turned: Look also at the picture turned by quarters and mirrored; each costs as much as the first.

    Raises:
        UsageError: There are no keys, the picture has another size, or the model has no way back.
    """
    if not marks:
        raise UsageError("there are no keys to look for")
    views = _views(picture) if turned else [(0, False, picture)]
    noise = markable(pipeline).invert(np.stack([pixels for _, _, pixels in views]), request)
    found = [
        Sighting(mark.detect(each), quarters, flipped)
        for (quarters, flipped, _), each in zip(views, noise, strict=True)
        for mark in marks
    ]
    best = min(found, key=lambda sighting: sighting.found.log10_p)
    log10_p = min(0.0, best.found.log10_p + math.log10(len(found)))  # Bonferroni: whatever depends on what
    return replace(best, found=replace(best.found, log10_p=log10_p))


def _views(picture: Pixels) -> list[tuple[int, bool, Pixels]]:
    """Return a picture turned and mirrored in all ways that keep its size."""
    every = [
        (quarters, flipped, np.rot90(picture[:, ::-1] if flipped else picture, quarters))
        for flipped in (False, True)
        for quarters in range(_QUARTERS)
    ]
    return [(q, f, np.ascontiguousarray(x)) for q, f, x in every if x.shape == picture.shape]
