"""Captions in training: as numbers of words, or as a pretrained encoder read them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.errors import UsageError
from forensics.generators.networks.text import EncoderConfig
from forensics.generators.pipelines.base import Floats
from forensics.generators.pipelines.texts import EncodedTexts, PromptEncoder
from forensics.generators.pipelines.words import Vocabulary

__all__ = ["Encoded", "encoded", "examples", "settings_of", "silenced", "unsaid"]

_TOGETHER = 64  # texts that are encoded at a time


@dataclass(frozen=True, eq=False)
class Encoded:
    """Captions as a pretrained encoder reads them; each that occurs is kept once.

    Attributes:
        config: Of the encoder.
        numbers: (N,) rows of `values`, one for each caption.
        values: (texts, M, width) float32, those behind the end of a text zero; M tokens have the longest. The
            first row is of the empty text.
    """

    config: EncoderConfig
    numbers: npt.NDArray[np.int64]
    values: Tensor

    def on(self, device: torch.device) -> Encoded:
        """Return the same with its values on a device."""
        return replace(self, values=self.values.to(device))

    def told(self, numbers: Tensor, share: float, generator: torch.Generator) -> Tensor:
        """Return the (B, length, width) values of texts, a share of which becomes the empty one.

        Args:
            numbers: (B,) rows.
            share: Of the texts, 0 to 1.
            generator: Draws them, on the device of the values.
        """
        out = torch.rand(len(numbers), generator=generator, device=numbers.device) < share
        return self._padded(self.values[torch.where(out, 0, numbers)])

    def nothing(self) -> Floats:
        """Return the (length, width) values of the empty text."""
        found: Floats = self._padded(self.values[:1])[0].cpu().numpy()
        return found

    def _padded(self, values: Tensor) -> Tensor:
        return F.pad(values, (0, 0, 0, self.config.length - values.shape[1]))


def encoded(captions: Sequence[str], encoder: PromptEncoder) -> Encoded:
    """Return captions as an encoder reads them.

    Args:
        captions: N texts.
        encoder: Reads each text once, however often it occurs.

    Raises:
        UsageError: All are empty.
    """
    texts = ["", *sorted(set(captions) - {""})]
    if len(texts) == 1:
        raise UsageError("the pictures have no captions", expected="PICTURE.txt beside PICTURE.jpg")
    parts = [
        _short(encoder.encode(texts[start : start + _TOGETHER])) for start in range(0, len(texts), _TOGETHER)
    ]
    values = np.zeros((len(texts), max(part.shape[1] for part in parts), encoder.width), np.float32)
    for number, part in enumerate(parts):
        values[number * _TOGETHER : (number + 1) * _TOGETHER, : part.shape[1]] = part
    row = {text: number for number, text in enumerate(texts)}
    numbers = np.array([row[text] for text in captions], np.int64)
    config = EncoderConfig(encoder.name, encoder.digest, encoder.length, encoder.width)
    return Encoded(config, numbers, torch.from_numpy(values))


def _short(values: Floats) -> Floats:
    """Return values without the tokens behind the end of the longest text."""
    used = np.flatnonzero(values.any((0, 2)))
    return values[:, : used[-1] + 1 if len(used) else 1]


def settings_of(words: Vocabulary | Encoded | None) -> dict[str, Any]:
    """Return what a recipe says of the texts of a model."""
    if isinstance(words, Encoded):
        config = words.config
        return {
            "encoder": config.name,
            "digest": config.digest,
            "length": config.length,
            "values": config.values,
        }
    return {"words": words.words, "length": words.length} if words else {}


def unsaid(words: Vocabulary | Encoded | None) -> EncodedTexts | None:
    """Return what says the empty text to a model that reads texts by an encoder; None for others."""
    if not isinstance(words, Encoded):
        return None
    return EncodedTexts(words.config.name, words.config.digest, words.nothing())


def examples(words: Vocabulary | Encoded, captions: Sequence[str]) -> Tensor:
    """Return a caption and the empty text as a network is told them."""
    if isinstance(words, Vocabulary):
        return torch.from_numpy(words.encode_all([captions[0], ""]))
    numbers = torch.tensor([int(words.numbers[0]), 0], device=words.values.device)
    return words.told(numbers, 0.0, torch.Generator(words.values.device)).cpu()


def silenced(words: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return (B, M) numbers of words with a share of the texts left out."""
    out = torch.rand(len(words), generator=generator, device=words.device) < share
    return torch.where(out[:, None], 0, words)
