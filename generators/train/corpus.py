"""What a training is given: pictures, their classes, and a codec whose latents or tokens they become."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Network
from forensics.generators.pipelines.opening import ENCODER, TOKENIZER, network_of
from forensics.generators.train.captions import Encoded
from forensics.generators.train.seeing import TimmFeatures
from forensics.runtime.store import Bundle
from forensics.training.checkpoint import digest_of

__all__ = ["Corpus"]

_ENCODED = 64  # pictures at a time


@dataclass(frozen=True)
class Corpus:
    """What is trained on.

    Attributes:
        pixels: (N, S, S, 3) uint8, or clips, (N, T, S, S, 3).
        labels: (N,) classes; None without.
        names: Of the classes.
        captions: N texts, of which the words are learned; none if empty.
        codec: Whose latents or tokens are trained on, for families that do so.
        begin: A model of pictures that a model of clips begins with.
        teacher: A trained denoiser that another one begins with; its codec is that of both.
        origins: (N,) numbers of the pictures or films that each was cut from; all from others if None.
        encoded: The captions as a pretrained encoder reads them; learned in place of their words.
        seeing: A trained network whose features count beside the pixels of what a codec gives back.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    codec: Bundle | None = None
    begin: Bundle | None = None
    teacher: Bundle | None = None
    origins: npt.NDArray[np.int64] | None = None
    encoded: Encoded | None = None
    seeing: TimmFeatures | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of all that is trained on: a run that was interrupted goes on with the same alone."""
        arrays = [part for part in (self.pixels, self.labels, self.origins) if part is not None]
        bundles = [one.card["files"] if one else None for one in (self.codec, self.begin, self.teacher)]
        read = () if self.encoded is None else (self.encoded.numbers, self.encoded.values)
        texts = [self.names, self.captions, bundles, self.seeing.digest if self.seeing else ""]
        return digest_of(*arrays, *read, json.dumps(texts, sort_keys=True))

    def latents(self) -> npt.NDArray[np.float32]:
        """Return the (N, C, h, w) latents of all pictures, of unit size, or (N, T, C, h, w) of clips.

        Raises:
            UsageError: No codec was given.
        """
        return np.asarray(self._coded(ENCODER), np.float32)

    def tokens(self) -> npt.NDArray[np.int64]:
        """Return the (N, h, w) tokens of all pictures.

        Raises:
            UsageError: No codec was given, or it has none.
        """
        try:
            return np.asarray(self._coded(TOKENIZER), np.int64)
        except ModelError as error:
            message = f"the codec has no tokens: {error}; train one with --preset tokens (scales, for var)"
            raise UsageError(message) from None

    def network(self, name: str) -> Network:
        """Return a network of the codec.

        Raises:
            UsageError: No codec was given.
        """
        return network_of(self.of_codec(), name)

    def of_codec(self) -> Bundle:
        """Return the codec, that of the teacher if there is one.

        Raises:
            UsageError: None was given.
        """
        if self.teacher is not None:
            return self.teacher
        if self.codec is None:
            raise UsageError("this preset needs a codec; name its folder with --codec")
        return self.codec

    def _coded(self, name: str) -> npt.NDArray[np.generic]:
        encode, parts = self.network(name), []
        flat = self.pixels.reshape(-1, *self.pixels.shape[-3:])
        for start in range(0, len(flat), _ENCODED):
            x = np.moveaxis(flat[start : start + _ENCODED], -1, 1).astype(np.float32) / 255.0
            parts.append(np.asarray(encode(np.ascontiguousarray(x))))
        found = np.concatenate(parts)
        return found.reshape(*self.pixels.shape[:-3], *found.shape[1:])
