"""From a text to the numbers of its words, for models that know some words and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Vocabulary", "vocabulary_of"]

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows.

    Attributes:
        words: In the order of their numbers, which begin with 1; 0 stands for none.
        length: Words that a text has at most.
    """

    words: tuple[str, ...]
    length: int

    def encode(self, text: str) -> npt.NDArray[np.int64]:
        """Return the (length,) numbers of a text's words, 0 after its end.

        Raises:
            UsageError: A word is not known, or there are too many.
        """
        said = _split(text)
        if len(said) > self.length:
            raise UsageError(f"the text has {len(said)} words, the model takes {self.length}", actual=text)
        found = np.zeros(self.length, np.int64)
        for place, word in enumerate(said):
            if word not in self.words:
                near = get_close_matches(word, self.words, 3, 0.5) or self.words[:8]
                raise UsageError(f"the model knows no {word!r}; it knows {', '.join(near)}", actual=word)
            found[place] = self.words.index(word) + 1
        return found

    def encode_all(self, texts: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the (N, length) numbers of some texts.

        Raises:
            UsageError: A word is not known, or there are too many.
        """
        return np.stack([self.encode(text) for text in texts])


def vocabulary_of(texts: Sequence[str], most: int = 4000) -> Vocabulary:
    """Return the words of some texts, the most frequent if there are too many.

    Args:
        texts: Such as captions.
        most: Words that are kept; texts with others cannot be encoded.

    Raises:
        UsageError: There are no words.
    """
    count: dict[str, int] = {}
    for text in texts:
        for word in _split(text):
            count[word] = count.get(word, 0) + 1
    if not count:
        raise UsageError("the pictures have no captions", expected="PICTURE.txt beside PICTURE.jpg")
    kept = sorted(count, key=lambda word: (-count[word], word))[:most]
    return Vocabulary(tuple(sorted(kept)), max(len(_split(text)) for text in texts))


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())
