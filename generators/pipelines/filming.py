"""Drawing clips by denoising, and going on with them from their last frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.denoising import Denoising, Way
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.targets import Denoiser, denoiser

__all__ = ["Filming"]


@dataclass(frozen=True)
class _Task:
    """What one piece is drawn with."""

    way: Way
    moments: Sequence[float]
    chance: Chance


class Filming:
    """A pipeline of a network that denoises clips.

    Args:
        recipe: Of the model: its shape is (T, C, H, W); settings are those of `DenoisingSettings`, and
            `known`, how many of the last frames a clip is gone on from.
        network: (B, T, C, H, W) noisy clips, (B,) times and (B, T) bool, which frames are without noise, to
            what is predicted.
        decode: (B, C, h, w) latents to (B, 3, H, W) pictures from 0 to 1; pixels from -1 to 1 if None.

    Raises:
        ModelError: The recipe is none of clips.
    """

    def __init__(self, recipe: Recipe, network: Network, decode: Network | None = None) -> None:
        settings = dict(recipe.settings)
        try:
            self.known = int(settings.pop("known"))
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"the recipe is none of clips: {error}") from None
        if len(recipe.shape) != 4 or not 0 < self.known < recipe.shape[0]:
            raise ModelError("the recipe is none of clips", actual=recipe.shape)
        self.recipe, self.network = recipe, network
        self._still = Denoising(Recipe(recipe.family, recipe.shape, settings=settings), network, decode)

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield clips, (T, S, S, 3) uint8, and longer ones if more pieces are asked for.

        Raises:
            UsageError: There is no such sampler, or something is asked that clips do not know.
        """
        if request.label >= 0 or request.guidance != 1.0 or request.temperature != 1.0 or request.prompt:
            raise UsageError("clips have no classes, guidance or temperature")
        way = self._still.way(request.sampler)
        moments = way.times(request.steps or self._still.settings.steps, self._still.path)
        for numbers in chunks(replace(request, batch=1) if way.alone else request):
            task = _Task(way, moments, Chance(request.seed, numbers))
            clip = self._piece(task, None)
            for _ in range(request.more):
                following = self._piece(task, clip[:, -self.known :])
                clip = np.concatenate([clip, following[:, self.known :]], axis=1)
            yield from pixels_of(self._still.decode(clip))

    def with_decoder(self, decode: Network) -> Filming:
        """Return the same pipeline with another decoder of frames.

        Args:
            decode: As for the class.

        Raises:
            UsageError: This one has none: it works in pixels.
        """
        other = Filming(self.recipe, self.network, decode)
        other._still = self._still.with_decoder(decode)
        return other

    def _piece(self, task: _Task, known: Floats | None) -> Floats:
        """Return clips whose first frames are known."""
        path = self._still.path
        z = start(task.chance.normal(self.recipe.shape), path, task.moments[0])

        def fresh(like: Floats) -> Floats:
            return task.chance.normal(like.shape[1:])

        found = last(task.way.run(self._denoiser(known), z, task.moments, path, fresh))
        return _with(np.asarray(found, np.float32), known)

    def _denoiser(self, known: Floats | None) -> Denoiser:
        def predict(z: Floats, t: float) -> Floats:
            given = np.zeros(z.shape[:2], bool)
            given[:, : 0 if known is None else known.shape[1]] = True
            moments = np.full(len(z), t, np.float32)
            found = self.network(_with(np.asarray(z, np.float32), known), moments, given)
            return np.asarray(found, np.float32)

        return denoiser(predict, self._still.settings.target, self._still.path)  # type: ignore[arg-type]


def _with(clip: Floats, known: Floats | None) -> Floats:
    """Return clips that begin with what is known."""
    return clip if known is None else np.concatenate([known, clip[:, known.shape[1] :]], axis=1)
