"""Words of a model: each has its number, and others are refused."""

from __future__ import annotations

import pytest

from forensics.errors import UsageError
from forensics.generators.pipelines.words import Vocabulary, vocabulary_of


def test_words_have_the_numbers_of_their_places() -> None:
    words = Vocabulary(("a", "blue", "disc", "half-moon", "red"), 4)
    assert words.encode("A red, DISC!").tolist() == [1, 5, 3, 0]
    assert words.encode("half-moon").tolist() == [4, 0, 0, 0]
    assert words.encode("").tolist() == [0] * 4
    assert words.encode_all(["red", "blue"])[:, 0].tolist() == [5, 2]


def test_unknown_words_and_long_texts_are_refused() -> None:
    words = Vocabulary(("a", "blue", "disc", "red"), 3)
    with pytest.raises(UsageError, match="knows no 'disk'; it knows disc"):
        words.encode("a red disk")
    with pytest.raises(UsageError, match="has 4 words, the model takes 3"):
        words.encode("a a a a")


def test_vocabulary_is_what_captions_say() -> None:
    found = vocabulary_of(["a red disc", "A blue disc on red", ""])
    assert found == Vocabulary(("a", "blue", "disc", "on", "red"), 5)
    assert vocabulary_of(["b a a", "b a c"], most=2).words == ("a", "b")
    with pytest.raises(UsageError, match="no captions"):
        vocabulary_of(["", "..."])
