"""The low coefficients of a picture and their medians, against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.fingerprints.dct import LOW, medians, pack


@pytest.mark.parametrize("windows", [1, 4])
@pytest.mark.parametrize("levels", [2, 5, 100_000], ids=["two values", "ties", "all different"])
def test_medians_are_those_of_numpy(windows: int, levels: int) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        low = rng.integers(-levels, levels, (windows, LOW, LOW)).astype(np.float32)
        before = low.copy()
        assert np.array_equal(medians(low), np.median(low.reshape(windows, -1), axis=1))
        assert np.array_equal(low, before)


def test_bits_say_what_lies_above_the_median() -> None:
    rng = np.random.default_rng(3)
    low = rng.standard_normal((4, LOW, LOW)).astype(np.float32)
    bits = np.unpackbits(np.frombuffer(pack(low), np.uint8)).reshape(4, LOW, LOW)
    assert (bits.reshape(4, -1).sum(axis=1) == LOW * LOW // 2).all()
    assert low[bits == 1].min() > -0.5 > low[bits == 0].min()
    for window, seen in zip(low, bits, strict=True):
        assert window[seen == 1].min() > np.median(window) >= window[seen == 0].max()
