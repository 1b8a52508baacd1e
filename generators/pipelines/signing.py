"""Drawing with a decoder that signs: the mark is in the pixels as soon as there are pixels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.adversarial import Adversarial, Labels
from forensics.generators.pipelines.base import Floats, Network, Pipeline, Pixels, Request, pixels_of
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.filming import Filming
from forensics.generators.pipelines.opening import network_of
from forensics.generators.pipelines.styled import Styled
from forensics.runtime.store import Bundle, bundled, names, open_bundle
from forensics.watermark.decoders import SIGNED_DECODER, SIGNING, Signature
from forensics.watermark.payload import Payload

__all__ = [
    "Holds",
    "Sign",
    "SignedDecoder",
    "Signing",
    "decoder_in",
    "signed_decoder",
    "with_classes",
    "with_styles",
]

Sign: TypeAlias = Callable[[int], Signature]  # number of a picture to what it is signed with
Holds: TypeAlias = Callable[
    [int, Pixels], bool
]  # number of a picture, and its pixels, to whether its mark does

_STRONGER, _TIMES = 1.25, 3


@dataclass(frozen=True)
class SignedDecoder:
    """A decoder that signs.

    Attributes:
        bundle: Its files.
        file: Of a model, that it stands for.
        sha256: Of that file, in hex.
        strengths: Factors of tiles by the least side of pictures, in pixels.
        network: (B, ...) latents and (B, 64, 64) tiles to (B, 3, H, W) pictures, 0 to 1.
    """

    bundle: Bundle
    file: str
    sha256: str
    strengths: tuple[tuple[int, float], ...]
    network: Network

    def strength(self, side: int) -> float:
        """Return the factor of tiles for pictures of a side in pixels: small ones need more."""
        larger = [factor for least, factor in self.strengths if least <= side]
        return larger[-1] if larger else self.strengths[0][1]


def signed_decoder(model: Bundle, folder: Path | None = None) -> SignedDecoder | None:
    """Return the decoder that signs for a model, None if there is none.

    Args:
        model: That draws.
        folder: Of the decoder; else one that comes with the suite is looked for.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: The files of the decoder are not those of its card.
        UsageError: The decoder in that folder stands for that of another model.
    """
    if folder is not None:
        found = decoder_in(folder)
        if model.card["files"].get(found.file) != found.sha256:
            raise UsageError(
                f"the decoder in {folder} signs for another model than {model.folder.name}",
                expected=model.card["files"].get(found.file),
                actual=found.sha256,
            )
        return found
    digests = set(model.card["files"].values())
    shipped = (bundled(name) for name in names())
    opened = (_opened(bundle) for bundle in shipped if SIGNING in bundle.card["files"])
    return next((one for one in opened if one.sha256 in digests), None)


def decoder_in(folder: Path) -> SignedDecoder:
    """Return the decoder that signs in a folder, whatever model it is for.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There is none, or its files are not those of its card.
    """
    return _opened(open_bundle(folder))


class Signing:
    """A pipeline whose decoder signs.

    Args:
        pipeline: Of the model.
        decoder: That signs for it.
        sign: What each picture, or clip, is signed with.
        holds: Whether the mark of a picture is strong enough; one that is not is decoded again with a tile
            a quarter stronger, up to three times. Frames of clips are not asked for.

    Raises:
        UsageError: The pipeline has no decoder that could be replaced.
    """

    def __init__(
        self, pipeline: Pipeline, decoder: SignedDecoder, sign: Sign, holds: Holds | None = None
    ) -> None:
        self.recipe = pipeline.recipe
        self._pipeline, self._decoder, self._sign = pipeline, decoder, sign
        self._film = isinstance(pipeline, Filming)
        self._holds = None if self._film else holds
        self._frames, self._drawn = 1, 0
        self._sides: dict[tuple[int, ...], float] = {}
        self.inner = self._replaced(pipeline)

    def carried(self, number: int) -> Payload:
        """Return what a picture says."""
        return self._sign(number).payload

    def sample(self, request: Request) -> Iterator[Pixels]:
        """Yield pictures: without the mark, the same request gives the same ones.

        Raises:
            UsageError: As for the pipeline.
        """
        self._drawn = 0
        if isinstance(self._pipeline, Filming):
            more = self._pipeline.recipe.shape[0] - self._pipeline.known
            self._frames = self._pipeline.recipe.shape[0] + request.more * more
        yield from self.inner.sample(request)

    def _replaced(self, pipeline: Pipeline) -> Pipeline:
        if isinstance(pipeline, (Denoising, Filming)):
            return pipeline.with_decoder(self._paint)
        if isinstance(pipeline, Adversarial):
            return Adversarial(pipeline.recipe, self._of_noise)
        if isinstance(pipeline, Styled):
            return Styled(
                pipeline.recipe,
                pipeline.mapping,
                lambda styles, grain: 2.0 * self._paint(with_styles(styles, grain)) - 1.0,
            )
        raise UsageError(f"a {pipeline.recipe.family} has no decoder that could sign")

    def _of_noise(self, noise: Floats, *label: Labels) -> Floats:
        """Return pictures from -1 to 1, as the generator of a GAN gives them."""
        return 2.0 * self._paint(with_classes(noise, *label) if label else noise) - 1.0

    def _paint(self, latents: Floats) -> Floats:
        """Return the pictures of the next latents, signed with what belongs to their numbers."""
        latents = np.asarray(latents, np.float32)
        numbers = [int(n) for n in (self._drawn + np.arange(len(latents))) // self._frames]
        self._drawn += len(latents)
        tiles = self._strength(latents) * np.stack([self._sign(number).tile for number in numbers])
        pictures = self._decoded(latents, tiles)
        weak = list(range(len(latents)))
        for _ in range(_TIMES if self._holds else 0):
            weak = self._weak(weak, numbers, pictures)
            if not weak:
                break
            tiles[weak] *= _STRONGER
            pictures[weak] = self._decoded(latents[weak], tiles[weak])
        return pictures

    def _decoded(self, latents: Floats, tiles: Floats) -> Floats:
        return np.array(self._decoder.network(latents, np.asarray(tiles, np.float32)), np.float32)

    def _weak(self, asked: list[int], numbers: list[int], pictures: Floats) -> list[int]:
        """Return which of some pictures have a mark that does not hold."""
        pixels = pixels_of(pictures[asked])
        return [
            one
            for one, picture in zip(asked, pixels, strict=True)
            if self._holds is not None and not self._holds(numbers[one], picture)
        ]

    def _strength(self, latents: Floats) -> float:
        """Return the factor of tiles for the pictures of some latents."""
        shape = latents.shape[1:]
        if shape not in self._sides:
            plain = self._decoder.network(latents[:1], np.zeros((1, 64, 64), np.float32))
            self._sides[shape] = self._decoder.strength(min(plain.shape[-2:]))
        return self._sides[shape]


def with_classes(noise: Floats, label: Labels) -> Floats:
    """Return (B, n + 1) latents of a GAN with classes: the number of one behind the noise.

    Args:
        noise: (B, n).
        label: (B,); -1 for none.
    """
    return np.concatenate([noise, np.asarray(label, np.float32)[:, None]], axis=1)


def with_styles(styles: Floats, grain: Floats) -> Floats:
    """Return (B, n) latents of a GAN by styles: all styles, and the noise of all layers behind them.

    Args:
        styles: (B, layers, style).
        grain: (B, pixels).
    """
    return np.concatenate([np.reshape(styles, (len(styles), -1)), grain], axis=1)


def _opened(bundle: Bundle) -> SignedDecoder:
    """Return a decoder that signs.

    Raises:
        ModelError: Its files are not those of its card, or say nothing of it.
    """
    try:
        told = json.loads(bundle.read(SIGNING))
        strengths: dict[int, float] = {}
        for one in told["strengths"]:  # of several groups of one side, the least
            side, factor = int(one["side"]), float(one["strength"])
            strengths[side] = min(factor, strengths.get(side, factor))
        file, sha256 = str(told["file"]), str(told["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{bundle.folder / SIGNING} says nothing of a decoder: {error}") from None
    if not strengths:
        raise ModelError(f"{bundle.folder / SIGNING} has no strengths")
    order = tuple(sorted(strengths.items()))
    return SignedDecoder(bundle, file, sha256, order, network_of(bundle, SIGNED_DECODER))
