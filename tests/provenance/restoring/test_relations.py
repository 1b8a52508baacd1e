"""Relations of two files, by an independent look at their samples."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensics.provenance.restoring import Imprint, Relation, imprint_of, relation
from forensics.provenance.restoring.relations import sample_digest
from forensics.provenance.restoring.stripping import (
    bare,
    rechunked,
    resaved,
    without_credentials,
    without_metadata,
)


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.mark.parametrize("name", ["rich.jpg", "rich.png", "rich.webp", "lossless.webp", "rich.tif"])
def test_relations_of_a_file_and_its_copies(name: str, signed_rich: Callable[[str], bytes]) -> None:
    whole = signed_rich(name)
    imprint = Imprint.model_validate_json(imprint_of(whole).model_dump_json())
    assert relation(whole, imprint) is Relation.IDENTICAL
    for strip in (without_metadata, bare, rechunked):
        copy = strip(whole)
        assert relation(copy, imprint) is (Relation.IDENTICAL if copy == whole else Relation.STRIPPED)
        assert np.array_equal(decoded(copy), decoded(whole))
    again = resaved(whole)
    assert np.array_equal(decoded(again), decoded(whole))
    assert relation(again, imprint) is Relation.RECODED
    changed = decoded(whole)[..., :3].copy()
    changed[0, 0, 0] ^= 1
    out = io.BytesIO()
    Image.fromarray(changed).save(out, "PNG")
    assert relation(out.getvalue(), imprint) is Relation.DIFFERENT


def test_clips_are_compared_by_their_coded_data(
    small_files: dict[str, object], signed: Callable[[bytes, str], bytes]
) -> None:
    whole = signed(small_files["a.avi"].read_bytes(), "a.avi")  # type: ignore[attr-defined]
    imprint = imprint_of(whole)
    assert imprint.samples_sha256 == ""
    assert relation(without_credentials(whole), imprint) is Relation.STRIPPED
    assert relation(whole[:-1], imprint) in (Relation.STRIPPED, Relation.UNKNOWN)


def test_what_cannot_be_read_is_unknown(jpeg: bytes) -> None:
    assert imprint_of(b"text").coded_sha256 == ""
    assert relation(b"text", imprint_of(b"text")) is Relation.IDENTICAL
    assert relation(b"other", imprint_of(b"text")) is Relation.UNKNOWN
    assert relation(b"other", imprint_of(jpeg)) is Relation.UNKNOWN


@given(st.integers(1, 5), st.integers(1, 70), st.integers(0, 1 << 30))
def test_digest_of_samples_forgets_how_they_are_stored(width: int, height: int, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (height, width, 1), np.uint8)
    full = np.full_like(grey, 255)
    same = (
        np.repeat(grey, 3, axis=2),
        np.concatenate([grey, full], axis=2),
        np.concatenate([grey, grey, grey, full], axis=2),
        grey.astype(np.uint16) * 257,
    )
    wanted = sample_digest((grey,))
    assert all(sample_digest((frames,)) == wanted for frames in same)
    assert sample_digest((grey ^ 1,)) != wanted
    assert sample_digest((grey, grey)) != wanted


def test_colour_without_opacity_is_not_seen() -> None:
    hidden = np.zeros((2, 2, 4), np.uint8)
    other = hidden.copy()
    other[..., :3] = 200
    assert sample_digest((hidden,)) == sample_digest((other,))
    other[..., 3] = 1
    assert sample_digest((hidden,)) != sample_digest((other,))
    flat, tall = np.zeros((1, 4, 1), np.uint8), np.zeros((4, 1, 1), np.uint8)
    assert sample_digest((flat,)) != sample_digest((tall,))
