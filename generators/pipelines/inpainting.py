"""Painting what a mask leaves open of a picture, with a denoiser as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.conditions import Mask, fitted
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.sampling.base import Noise, last, start
from forensics.generators.sampling.editing import Canvas, repaint

__all__ = ["Inpainting", "Scene", "around", "scene_of"]


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture of which a part is to be painted.

    Attributes:
        pixels: (H, W, 3).
        open_at: (H, W), True where it is to be painted.
    """

    pixels: Pixels
    open_at: Mask


def scene_of(picture: Pixels, mask: Pixels) -> Scene:
    """Return a picture and the part of it to be painted.

    Args:
        picture: (H, W, 3).
        mask: (H, W, 3) of the same size, bright where there is to be painted.

    Raises:
        UsageError: The sizes differ, or there is nothing to paint.
    """
    if picture.shape != mask.shape:
        sizes = [f"{x.shape[1]}x{x.shape[0]}" for x in (picture, mask)]
        raise UsageError(f"the picture has {sizes[0]} pixels and the mask {sizes[1]}", expected=sizes[0])
    open_at = mask.mean(2) > 127.5
    if not open_at.any():
        raise UsageError("the mask leaves nothing to paint: it is bright where there is to be painted")
    return Scene(picture, open_at)


# Teterwak et al. 2019, arXiv:1908.07007: what is around a picture, as painting from its borders outwards.
def around(picture: Pixels, share: float) -> Scene:
    """Return a picture within a border that is to be painted.

    Args:
        picture: (H, W, 3).
        share: Of the height and width that the border takes on each side, inside (0, 0.5).

    Raises:
        UsageError: The share is outside of that.
    """
    if not 0.0 < share < 0.5:
        raise UsageError("the border takes less than half on each side", expected="(0, 0.5)", actual=share)
    border = [max(1, round(n * share / (1.0 - 2.0 * share))) for n in picture.shape[:2]]
    wide = [(n, n) for n in border]
    return Scene(
        np.pad(picture, [*wide, (0, 0)], mode="edge"),
        np.pad(np.zeros(picture.shape[:2], bool), wide, constant_values=True),
    )


class Inpainting:
    """A pipeline that paints a part of a picture.

    What is known is kept, pixel by pixel, also where the model works in latents: those of places that are
    open in part are painted, and of what is decoded only the open pixels are taken.

    Args:
        denoising: The model.
        scene: What is known; its middle is taken and scaled to the size of the model.
        encode: (B, 3, H, W) pictures from 0 to 1 to latents, for a model that works in such.
        rounds: How often each step is taken: more fits better.

    Raises:
        UsageError: The model works in other latents, or in pixels.
    """

    def __init__(
        self, denoising: Denoising, scene: Scene, encode: Network | None = None, rounds: int = 10
    ) -> None:
        self.recipe, self._denoising, self._rounds = denoising.recipe, denoising, rounds
        shape = self.recipe.shape
        height, width = denoising.decode(np.zeros((1, *shape), np.float32)).shape[2:]
        self.pixels = fitted(scene.pixels, height, width)
        self.open_at = fitted(np.where(scene.open_at, np.uint8(255), np.uint8(0)), height, width) > 0
        x = np.moveaxis(self.pixels, -1, 0)[None].astype(np.float32) / 255.0
        z = 2.0 * x - 1.0 if encode is None else np.asarray(encode(np.ascontiguousarray(x)), np.float32)
        if z.shape[1:] != shape:
            raise UsageError("the codec is not that of the model", expected=shape, actual=z.shape[1:])
        places = self.open_at.reshape(shape[1], height // shape[1], shape[2], width // shape[2])
        kept = 1.0 - places.max((1, 3)).astype(np.float32)
        self.canvas = Canvas(z, kept[None, None])

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures that differ in what was open.

        Raises:
            UsageError: A sampler is asked for, or something that the model does not know.
        """
        if request.sampler or request.temperature != 1.0:
            raise UsageError("painting has no samplers and no temperature: its steps are ancestral")
        if request.more:
            raise UsageError("only clips are gone on with", actual=request.more)
        model = self._denoising
        way, denoise = model.way("ancestral"), model.denoiser(request)
        moments = way.times(request.steps or model.settings.steps, model.path)
        for numbers in chunks(request):
            chance = Chance(request.seed, numbers)
            z = start(chance.normal(self.recipe.shape), model.path, moments[0])
            steps = repaint(denoise, z, moments, model.path, _fresh(chance), self.canvas, self._rounds)
            for painted in pixels_of(model.decode(last(steps))):
                yield np.where(self.open_at[..., None], painted, self.pixels)


def _fresh(chance: Chance) -> Noise:
    """Return what draws noise like an array, other noise each time."""
    return lambda z: chance.normal(z.shape[1:])
