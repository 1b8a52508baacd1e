"""Drawing by denoising: diffusion and flow, in pixels or latents, of pictures or clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats, Network, Pixels, Request, chunks, pixels_of
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.pipelines.texts import Texts
from forensics.generators.pipelines.words import Vocabulary
from forensics.generators.sampling import diffusion, langevin, ode, sde, solvers, times
from forensics.generators.sampling.base import Noise, last, start
from forensics.generators.sampling.editing import sdedit
from forensics.generators.sampling.guidance import guided
from forensics.generators.sampling.paths import PATHS, Path
from forensics.generators.sampling.targets import Denoiser, denoiser

__all__ = ["SAMPLERS", "Denoising", "DenoisingSettings", "Way"]

Steps: TypeAlias = Callable[[int, Path], list[float]]
Sampler: TypeAlias = Callable[[Denoiser, Any, Sequence[float], Path, Noise], Iterator[Any]]
Run: TypeAlias = Callable[
    [Any, Sequence[float]], Iterator[Any]
]  # from what there is at the first of some times
Begun: TypeAlias = Callable[[Run, Sequence[float], Chance], Iterator[Any]]

_OF_NOISE = ("noise", "score")  # targets that say nothing of the picture where there is noise alone


@dataclass(frozen=True)
class Way:
    """A sampler with the times that suit it.

    Attributes:
        source: Paper.
        times: Times for a number of steps along a path.
        run: The sampler; what it draws comes from its last argument.
        alone: Its steps depend on what it samples, so that each picture is drawn on its own.
        fresh: It draws noise on its way, so that pictures do not come of their first noise alone.
    """

    source: str
    times: Steps
    run: Sampler
    alone: bool = False
    fresh: bool = False


def _plain(sampler: Callable[..., Iterator[Any]]) -> Sampler:
    """Return a sampler that draws nothing, beside those that do."""
    return lambda denoise, z, moments, path, _: sampler(denoise, z, moments, path)


def _even(steps: int, _: Path) -> list[float]:
    return times.uniform(steps)


def _inside(steps: int, _: Path) -> list[float]:
    return times.uniform(steps, 1e-3, 1.0 - 1e-3)


def _ladder(steps: int, path: Path) -> list[float]:
    return times.log_snr(steps, path, 0.01, 50.0)


SAMPLERS: dict[str, Way] = {
    "euler": Way("Liu et al. 2022, arXiv:2209.03003", _even, _plain(ode.euler)),
    "heun": Way("Karras et al. 2022, arXiv:2206.00364", _even, _plain(ode.heun)),
    "midpoint": Way("Lipman et al. 2022, arXiv:2210.02747", _even, _plain(ode.midpoint)),
    "rk45": Way("Dormand & Prince 1980", _inside, _plain(ode.rk45), alone=True),
    "ddim": Way("Song et al. 2020, arXiv:2010.02502", _even, _plain(diffusion.ddim)),
    "ancestral": Way("Ho et al. 2020, arXiv:2006.11239", _even, diffusion.ancestral, fresh=True),
    "consistency": Way("Song et al. 2023, arXiv:2303.01469", _even, diffusion.consistency, fresh=True),
    "edm": Way("Karras et al. 2022, arXiv:2206.00364", times.karras, _plain(diffusion.edm)),
    "dpmpp_2m": Way("Lu et al. 2022, arXiv:2211.01095", times.log_snr, _plain(diffusion.dpmpp_2m)),
    "dpmpp_2s": Way("Lu et al. 2022, arXiv:2211.01095", times.log_snr, _plain(solvers.dpmpp_2s)),
    "dpm_solver": Way("Lu et al. 2022, arXiv:2206.00927", times.log_snr, _plain(solvers.dpm_solver)),
    "langevin": Way("Song & Ermon 2019, arXiv:1907.05600", _ladder, langevin.annealed_langevin, fresh=True),
    "sde": Way("Song et al. 2020, arXiv:2011.13456", times.log_snr, sde.reverse_sde, fresh=True),
}


@dataclass(frozen=True)
class DenoisingSettings:
    """What a denoiser was trained for, and how it is drawn with.

    Attributes:
        path: Name, of `paths.PATHS`.
        target: What the network predicts.
        sampler: Name, of `SAMPLERS`.
        steps: Of the sampler.
        words: That it knows; none if it does not take texts.
        length: Words, or tokens, of a text at most.
        learned: The network also says which variance steps are to have.
        encoder: Name of the pretrained encoder that reads its texts; none if empty.
        digest: Of that encoder.
        values: That it gives for each token.
    """

    path: str = "linear"
    target: str = "x"
    sampler: str = "heun"
    steps: int = 24
    words: tuple[str, ...] = ()
    length: int = 0
    learned: bool = False
    encoder: str = ""
    digest: str = ""
    values: int = 0


class Denoising:
    """A pipeline of a network that denoises, and a decoder if it does so in latents.

    Args:
        recipe: Of the model.
        network: (B, ...) noisy pictures, (B,) times and, if there are classes, (B,) int64 labels, or, if it
            knows words, (B, length) of their numbers, or (B, length, values) of an encoder, to what is
            predicted.
        decode: (B, C, h, w) latents to (B, 3, H, W) pictures from 0 to 1; pixels from -1 to 1 if None.
        encode: The other way; needed to change given pictures where there is a decoder.
        texts: Says texts in numbers; the words of the recipe if None.

    Raises:
        ModelError: The recipe is none of a denoiser, or of one with a text encoder, of which nothing is said.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: Network,
        decode: Network | None = None,
        encode: Network | None = None,
        texts: Texts | None = None,
    ) -> None:
        self.recipe, self.network, self._decode, self._encode = recipe, network, decode, encode
        try:
            self.settings = DenoisingSettings(**recipe.settings)
            self.path: Path = PATHS[self.settings.path]
        except (TypeError, KeyError) as error:
            raise ModelError(f"the recipe is none of a denoiser: {error}") from None
        if texts is None and self.settings.digest:
            raise ModelError("the recipe is of a model that reads texts by an encoder, and none is said")
        words = tuple(self.settings.words)
        self.texts: Texts | None = texts or (Vocabulary(words, self.settings.length) if words else None)

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures.

        Raises:
            UsageError: There is no such sampler, the model knows no classes, or a temperature is asked for.
        """
        yield from self.sample_from(lambda chance: chance.normal(self.recipe.shape), request)

    def sample_from(self, first: Callable[[Chance], Floats], request: Request) -> Iterator[Pixels]:
        """Yield pictures that begin with noise of the caller's.

        Args:
            first: From what is random in some pictures to (N, *shape) noise that they begin with.
            request: What is to be drawn.

        Raises:
            UsageError: As for `sample`.
        """

        def begun(run: Run, moments: Sequence[float], chance: Chance) -> Iterator[Any]:
            return run(start(first(chance), self.path, moments[0]), moments)

        yield from self._drawn(request, begun)

    def edit(self, picture: Pixels, request: Request, strength: float) -> Iterator[Pixels]:
        """Yield pictures that a given one becomes when noise is added to it and taken away again.

        Args:
            picture: (H, W, 3), of the size of the model's own.
            request: What is to be drawn.
            strength: 0 changes nothing (but for what latents cost), 1 everything.

        Raises:
            UsageError: The picture has another size, there is no encoder, or as for `sample`.
        """
        z = self.encode(picture[None])

        def begun(run: Run, moments: Sequence[float], chance: Chance) -> Iterator[Any]:
            def sampler(_: Denoiser, noisy: Any, left: Sequence[float], __: Path) -> Iterator[Any]:
                return run(noisy, left)

            x, ask = np.repeat(z, len(chance), axis=0), self.denoiser(request)
            return sdedit(sampler, ask, x, moments, self.path, _fresh(chance), strength)

        yield from self._drawn(request, begun)

    def invert(self, pictures: Pixels, request: Request) -> Floats:
        """Return the noise that pictures come from, nearly: (N, *shape), at the first time of the path.

        Args:
            pictures: (N, H, W, 3), of the size of the model's own.
            request: Its steps are taken back by DDIM, with its label or prompt, so many pictures at a time.

        Raises:
            UsageError: The pictures have another size, there is no encoder, or the model has no way back.
        """
        denoise, moments = self.denoiser(request), self._both_ways(request)
        back = times.reversed_times(moments, nearest=(moments[-1] - moments[-2]) / 2)
        parts = np.split(pictures, range(request.batch, len(pictures), request.batch))
        found = [last(diffusion.invert(denoise, self.encode(part), back, self.path)) for part in parts]
        return np.concatenate(found).astype(np.float32)

    def reconstruct(self, noise: Floats, request: Request) -> Floats:
        """Return the pictures that come of noise by DDIM, (N, 3, H, W), 0 to 1 and a little beyond.

        Args:
            noise: (N, *shape), as `invert` returns it.
            request: The same as there.

        Raises:
            UsageError: As for `invert`.
        """
        denoise, moments = self.denoiser(request), self._both_ways(request)
        parts = np.split(noise, range(request.batch, len(noise), request.batch))
        found = [self.decode(last(diffusion.ddim(denoise, part, moments, self.path))) for part in parts]
        return np.concatenate(found)

    def _both_ways(self, request: Request) -> list[float]:
        """Return times for DDIM.

        Raises:
            UsageError: The model does not go along its path.
        """
        if self.settings.sampler == "consistency":
            raise UsageError("a consistency model has no way back; invert with its teacher")
        return times.uniform(request.steps or self.settings.steps)

    def _drawn(self, request: Request, begun: Begun) -> Iterator[Pixels]:
        """Yield what a sampler makes of what it begins with."""
        if request.temperature != 1.0:
            raise UsageError("denoisers have no temperature", actual=request.temperature)
        if request.more:
            raise UsageError("only clips are gone on with", actual=request.more)
        way, denoise = self.way(request.sampler), self.denoiser(request)
        moments = way.times(request.steps or self.settings.steps, self.path)
        for numbers in chunks(replace(request, batch=1) if way.alone else request):
            chance = Chance(request.seed, numbers)
            fresh = _fresh(chance)

            def run(z: Any, left: Sequence[float], fresh: Noise = fresh) -> Iterator[Any]:
                return way.run(denoise, z, left, self.path, fresh)

            yield from pixels_of(self.decode(last(begun(run, moments, chance))))

    def way(self, name: str = "") -> Way:
        """Return a sampler by its name, that of the recipe if it is empty.

        Raises:
            UsageError: There is no such sampler.
        """
        name = name or self.settings.sampler
        if name not in SAMPLERS:
            raise UsageError(f"there is no sampler {name!r}; there are: {', '.join(SAMPLERS)}", actual=name)
        return SAMPLERS[name]

    def denoiser(self, request: Request) -> Denoiser:
        """Return what the network says of noisy pictures, guided as asked.

        Raises:
            UsageError: The model knows no classes, not this one, no texts or not these words, or its text
                encoder is missing.
        """
        if not self.recipe.labels and request.label >= 0:
            raise UsageError("this model was trained without classes", actual=request.label)
        if self.recipe.labels and request.label >= len(self.recipe.labels):
            raise UsageError(
                f"the model knows {len(self.recipe.labels)} classes, from 0", actual=request.label
            )
        if self.texts is None and request.prompt:
            raise UsageError("this model was trained without texts", actual=request.prompt)
        steps = request.steps or self.settings.steps
        wanted = self._denoiser(request.label, request.prompt, steps)
        if request.label < 0 and not request.prompt:
            return wanted
        return guided(wanted, self._denoiser(-1, "", steps), request.guidance)

    def decode(self, z: Floats) -> Floats:
        """Return pictures from 0 to 1 for what was sampled; of clips, frame by frame."""
        z = np.asarray(z, np.float32)
        if self._decode is None:
            return (z + 1.0) / 2.0
        flat = z.reshape(-1, *z.shape[-3:])
        found = np.asarray(self._decode(flat), np.float32)
        return found.reshape(*z.shape[:-3], *found.shape[-3:])

    def with_decoder(self, decode: Network) -> Denoising:
        """Return the same pipeline with another decoder.

        Args:
            decode: As for the class.

        Raises:
            UsageError: This one has none: it works in pixels.
        """
        if self._decode is None:
            raise UsageError("this model works in pixels: it has no decoder that could be replaced")
        other = Denoising(self.recipe, self.network, decode, self._encode, self.texts)
        other.size = self.size  # which is asked of no decoder that counts its pictures
        return other

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width of its pictures in pixels."""
        height, width = self.decode(np.zeros((1, *self.recipe.shape), np.float32)).shape[-2:]
        return int(height), int(width)

    @property
    def encodes(self) -> bool:
        """Whether given pictures become what is denoised: not so in latents without an encoder."""
        return self._decode is None or self._encode is not None

    def encode(self, pictures: Pixels) -> Floats:
        """Return what is denoised of (N, H, W, 3) pictures: (N, *shape), from -1 to 1 or latents.

        Raises:
            UsageError: They have another size than the model's own, or there is no encoder.
        """
        if pictures.shape[1:3] != self.size:
            wanted, found = (f"{width} x {height}" for height, width in (self.size, pictures.shape[1:3]))
            raise UsageError(f"the model works on pictures of {wanted}", expected=wanted, actual=found)
        x = np.ascontiguousarray(np.moveaxis(pictures, -1, 1), dtype=np.float32) / np.float32(255.0)
        if self._decode is None:
            return 2.0 * x - 1.0
        if self._encode is None:
            raise UsageError("the model has no encoder beside its decoder: it only draws new pictures")
        return np.asarray(self._encode(x), np.float32)

    def _denoiser(self, label: int, prompt: str, steps: int) -> Denoiser:
        said = None if self.texts is None else self.texts.encode(prompt)

        def predict(z: Floats, t: float) -> Floats:
            given: list[Any] = []
            if self.recipe.labels:
                given.append(np.full(len(z), label, np.int64))
            if said is not None:
                given.append(np.repeat(said[None], len(z), axis=0))
            moments = np.full(len(z), t, np.float32)
            return np.asarray(self.network(np.asarray(z, np.float32), moments, *given), np.float32)

        target, learned = self.settings.target, self.settings.learned
        begin = 0.5 / steps if target in _OF_NOISE else 0.0  # within the first of even steps
        return denoiser(predict, target, self.path, learned=learned, begin=begin)  # type: ignore[arg-type]


def _fresh(chance: Chance) -> Noise:
    """Return what draws noise like an array, other noise each time."""
    return lambda z: chance.normal(z.shape[1:])
