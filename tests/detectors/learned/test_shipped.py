"""The trained detectors that come with the suite, on a photo and on what its codec made of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from forensics.datasets.procedural import encode
from forensics.detectors.aligned.models import reconstructed
from forensics.detectors.base import SIGNAL
from forensics.detectors.choosing import choose
from forensics.detectors.learned.model import CLASSIFIER, METHOD, TABLE, shipped, table_of, tile_model_of
from forensics.evidence import Evidence, Question, Status
from forensics.media import open_bytes, open_media
from forensics.media.types import Pixels
from forensics.runtime.store import bundled

pytest.importorskip("onnxruntime")

TILED = ("cooccurrence", "dct", "dire_step", "reconstruction", "residual", "spectral")


@pytest.fixture(scope="module")
def photo() -> Pixels:
    """A photo without the traces of its JPEG."""
    import cv2

    whole = open_media(Path(__file__).parents[3] / "examples" / "data" / "photo.jpg").pixels
    side = 128 * (min(whole.shape[:2]) // 256)
    small = cv2.resize(whole, (whole.shape[1] // 2, whole.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:side, :side])


@pytest.fixture(scope="module")
def made(photo: Pixels) -> Pixels:
    return reconstructed("codec")(photo, np.random.default_rng(0)).pixels


def said(name: str, picture: Pixels, codec: str = "png") -> Evidence:
    (detector,) = choose([name])
    (found,) = detector.examine(open_bytes(encode(picture, codec)))
    return found


def score(found: Evidence) -> float:
    return next(float(m.value) for m in found.measurements if m.name == "score")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        (name, codec)
        for name in TILED
        for codec in ("png", "jpeg")
        if (name, codec) != ("cooccurrence", "jpeg")
    ],
)
def test_what_a_codec_made_scores_higher_than_its_photo(
    name: str, codec: str, photo: Pixels, made: Pixels
) -> None:
    real, fake = said(name, photo, codec), said(name, made, codec)
    assert score(fake) > score(real)
    assert real.status is Status.CLEAR
    assert real.llr is not None
    assert -0.5 <= real.llr < SIGNAL


def test_counts_say_next_to_nothing_of_a_jpeg(photo: Pixels, made: Pixels) -> None:
    assert max(abs(said("cooccurrence", picture, "jpeg").llr or 0.0) for picture in (photo, made)) < 0.5


@pytest.mark.parametrize("name", TILED)
def test_each_is_calibrated_and_is_what_its_card_says(name: str) -> None:
    bundle = bundled(name)
    assert {CLASSIFIER, METHOD, TABLE} <= set(bundle.card["files"])
    for file, digest in bundle.card["files"].items():
        assert hashlib.sha256(bundle.read(file)).hexdigest() == digest
    assert bundle.card["command"].startswith(f"forensics train detector FOLDER --method {name} ")
    assert "CC0" in bundle.card["licence"]
    table = table_of(name)
    assert table is not None
    assert (table.detector, table.question) == (name, Question.SYNTHETIC)
    scale = next(bucket.scale for bucket in table.buckets if bucket.bucket == "all")
    assert min(scale.negative_sources, scale.positive_sources) >= 30
    low, high = scale.llr(-1e9), scale.llr(1e9)
    assert low < 0 < high < np.log10(scale.negative_sources + 1) + 1e-9


@pytest.mark.parametrize("name", TILED)
def test_each_takes_one_tile_and_many(name: str) -> None:
    model = tile_model_of(bundled(name))
    tiles = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), np.uint8)
    together = model.logits(tiles)
    assert together.shape == (9,)
    assert np.allclose(together[:1], model.logits(tiles[:1]), atol=1e-3)


def test_flat_pictures_say_nothing() -> None:
    for name in TILED:
        assert said(name, np.full((128, 128, 3), 90, np.uint8)).status is Status.NOT_APPLICABLE


def test_the_book_of_fingerprints_is_there() -> None:
    assert shipped("fingerprint")
