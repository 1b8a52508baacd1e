"""Positions from bits alone, against those from pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.fingerprints import variants
from forensics.fingerprints.positions import turned_codes

Pixels = npt.NDArray[np.uint8]
UNDONE = (0, 1, 2, 3, 4, 6, 5, 7)  # which position undoes each


@pytest.mark.parametrize("kind", ["dct", "pdq"])
def test_bits_tell_what_pixels_tell(kind: str, photo: Pixels) -> None:
    codes = [np.frombuffer(v.fingerprint.code, np.uint8).reshape(-1, 32) for v in variants(photo, kind)]
    found = turned_codes(codes[0], kind)
    assert found.shape == (8, *codes[0].shape)
    bits = np.bitwise_count(found[:, None] ^ np.stack(codes)[None]).sum(axis=(2, 3)) / len(codes[0])
    assert bits.argmin(axis=1).tolist() == list(range(8))
    assert bits.diagonal().max() <= 24
    assert (bits + 256 * np.eye(8)).min() > 60


@pytest.mark.parametrize("kind", ["dct", "pdq"])
@given(code=st.binary(min_size=64, max_size=64))
def test_each_position_is_undone_by_one(kind: str, code: bytes) -> None:
    codes = np.frombuffer(code, np.uint8).reshape(2, 32)
    found = turned_codes(codes, kind)
    assert (found[0] == codes).all()
    for number, undoing in enumerate(UNDONE):
        assert (turned_codes(found[number], kind)[undoing] == codes).all()


def test_what_are_no_codes_is_refused() -> None:
    for codes in (np.zeros((2, 31), np.uint8), np.zeros((2, 32)), np.zeros((), np.uint8)):
        with pytest.raises(UsageError):
            turned_codes(codes, "dct")
    with pytest.raises(UsageError):
        turned_codes(np.zeros((1, 32), np.uint8), "no-such")
