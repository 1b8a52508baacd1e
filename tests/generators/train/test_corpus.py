"""What is trained on: its digest tells it from everything else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from forensics.generators.train.corpus import Corpus
from forensics.runtime.store import Bundle

CORPUS = Corpus(
    np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3), np.array([0, 1, 0, 1]), ("one", "two"),
    captions=("a", "b", "c", "d"), codec=Bundle(Path("codec"), {"files": {"decoder.onnx": "1"}}),
    origins=np.arange(4),
)  # fmt: skip
OTHERS = {
    "pixels": replace(CORPUS, pixels=CORPUS.pixels[::-1]),
    "labels": replace(CORPUS, labels=np.array([1, 0, 1, 0])),
    "names": replace(CORPUS, names=("two", "one")),
    "captions": replace(CORPUS, captions=("a", "b", "d", "c")),
    "origins": replace(CORPUS, origins=np.array([0, 0, 2, 3])),
    "codec": replace(CORPUS, codec=Bundle(Path("codec"), {"files": {"decoder.onnx": "2"}})),
    "place of the codec": replace(CORPUS, codec=None, begin=CORPUS.codec),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_digests_tell_corpora_apart(other: Corpus) -> None:
    assert other.digest != CORPUS.digest


def test_digests_of_the_same_are_the_same_wherever_it_lies() -> None:
    codec = Bundle(Path("elsewhere"), {"files": {"decoder.onnx": "1"}, "name": "codec"})
    assert replace(CORPUS, pixels=CORPUS.pixels.copy(), codec=codec).digest == CORPUS.digest
