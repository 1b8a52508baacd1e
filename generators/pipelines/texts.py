"""Texts of models that were trained with a text encoder of somebody else, such as CLIP or T5."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from forensics.errors import ModelError, UsageError
from forensics.generators.pipelines.base import Floats
from forensics.generators.pipelines.recipe import read_recipe
from forensics.runtime.store import Bundle

__all__ = ["NOTHING", "EncodedTexts", "PromptEncoder", "Texts", "packed", "texts_of"]

NOTHING = "nothing.npz"  # what an encoder says of the empty text, so that it is not needed without a prompt


class Texts(Protocol):
    """What says a text in numbers, as the network of a model is told it."""

    def encode(self, text: str) -> Any:
        """Return an array of the same shape for every text.

        Raises:
            UsageError: It cannot be said.
        """
        ...


class PromptEncoder(Protocol):
    """A frozen text encoder; `adapters.text_encoders.PretrainedText` is one."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def digest(self) -> str:
        """Of all that its values depend on: another digest, another encoder."""
        ...

    @property
    def length(self) -> int:
        """Tokens of a text at most."""
        ...

    @property
    def width(self) -> int:
        """Values for each token."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (N, length, width) values; those behind the end of a text are zero."""
        ...


class EncodedTexts:
    """The texts of a model as a pretrained encoder reads them; the empty one is known without it.

    Args:
        name: Of the encoder that the model was trained with.
        digest: Of the same.
        nothing: (length, width) what it says of the empty text.
        encoder: The encoder; needed for every other text.

    Raises:
        UsageError: It is another encoder.
    """

    def __init__(self, name: str, digest: str, nothing: Floats, encoder: PromptEncoder | None = None) -> None:
        if encoder is not None and (encoder.digest, encoder.length, encoder.width) != (
            digest,
            *nothing.shape,
        ):
            raise UsageError(
                f"the model was trained with another text encoder, {name}",
                expected=digest,
                actual=encoder.digest,
            )
        self.name, self.nothing, self._encoder = name, nothing, encoder

    def encode(self, text: str) -> Floats:
        """Return the (length, width) values of a text.

        Raises:
            UsageError: There is no encoder, and the text is not empty.
        """
        if not text:
            return self.nothing
        if self._encoder is None:
            raise UsageError(
                f"the model reads prompts by the text encoder {self.name}; "
                "name its folder with --text-encoder",
                expected=self.name,
            )
        return np.asarray(self._encoder.encode([text]), np.float32)[0]


def texts_of(bundle: Bundle, encoder: PromptEncoder | None = None) -> EncodedTexts | None:
    """Return what says texts to a model; None if it reads none, or words of its own.

    Args:
        bundle: The model.
        encoder: To read prompts with.

    Raises:
        ModelError: What is kept of the empty text cannot be read.
        UsageError: It is another encoder than that of the model, or the model reads texts by none.
    """
    settings = read_recipe(bundle).settings
    if not settings.get("digest"):
        if encoder is not None:
            raise UsageError(
                "the model has no use for a text encoder: it was trained without one", actual=encoder.name
            )
        return None
    nothing = _unpacked(bundle.read(NOTHING))
    if nothing.shape != (settings.get("length"), settings.get("values")):
        raise ModelError(f"{bundle.folder / NOTHING} does not fit to the recipe", actual=nothing.shape)
    return EncodedTexts(str(settings.get("encoder")), str(settings["digest"]), nothing, encoder)


def packed(nothing: Floats) -> bytes:
    """Return what an encoder says of the empty text as the bytes of a file."""
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, nothing=nothing)
    return out.getvalue()


def _unpacked(content: bytes) -> Floats:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            return np.asarray(found["nothing"], np.float32)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{NOTHING} cannot be read: {error}") from None
