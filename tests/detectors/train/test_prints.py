"""Fingerprints of generators, from their pictures to a book that names them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from forensics.detectors.fingerprint.book import Book, normal_tail, open_book  # noqa: E402
from forensics.detectors.fingerprint.detector import Fingerprint  # noqa: E402
from forensics.detectors.train.corpus import Corpus  # noqa: E402
from forensics.detectors.train.prints import finish_prints  # noqa: E402
from forensics.errors import ModelError, UsageError  # noqa: E402
from forensics.evidence import Status  # noqa: E402
from forensics.media import open_bytes  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Origins  # noqa: E402

ORIGINS = Origins("made up", "none", "a test")
SIDE = 32
RNG = np.random.default_rng(0)
PATTERNS = {name: 1.2 * RNG.standard_normal((SIDE, SIDE, 3)) for name in ("one", "two")}


def photo(seed: int, pattern: str = "", side: int = 64) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    ramp = np.linspace(rng.uniform(30, 90), rng.uniform(150, 220), side)
    picture = ramp[None, :, None] + rng.normal(0, 2.0, (side, side, 3))
    if pattern:
        picture = picture + np.tile(PATTERNS[pattern], (side // SIDE, side // SIDE, 1))
    return np.rint(picture).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    makers = [""] * 150 + ["one"] * 150 + ["two"] * 150
    sources = np.tile(np.array([f"p{i}" for i in range(150)]), 3)
    split = np.repeat(["train", "val", "test"], [40, 90, 20])
    pixels = tuple(photo(i % 150, maker) for i, maker in enumerate(makers))
    return Corpus(pixels, np.array(makers), sources, np.tile(split, 3), np.zeros(450, np.int64))


@pytest.fixture(scope="module")
def written(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    folder = tmp_path_factory.mktemp("prints")
    return folder, finish_prints(corpus, SIDE, folder, ORIGINS)


@pytest.fixture
def book(written: tuple[Path, dict[str, float]]) -> Book:
    return open_book(open_bundle(written[0]))


def test_the_right_generator_is_named(written: tuple[Path, dict[str, float]], book: Book) -> None:
    assert written[1]["tiles named rightly"] > 0.95
    assert written[1]["photos beyond 3 deviations of a fingerprint"] < 0.02
    matches, tiles = book.matches(photo(1000, "two", 128))
    assert tiles == 16
    assert matches[0].name == "two"
    assert matches[0].p_value < 1e-6
    assert matches[1].p_value > 1e-3


def test_p_values_of_photos_are_even(book: Book) -> None:
    """Kolmogorov-Smirnov against what chance gives."""
    stats = pytest.importorskip("scipy.stats")
    values = [m.p_value for i in range(150) for m in book.matches(photo(2000 + i))[0] if m.name == "one"]
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_the_tail_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for z in (-2.0, 0.0, 1.5, 5.0):
        assert normal_tail(z) == pytest.approx(stats.norm.sf(z))
    assert normal_tail(40.0) > 0


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def test_the_detector_counts_all_generators(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fingerprint, "book", lambda self: book)
    monkeypatch.setattr("forensics.detectors.fingerprint.detector.shipped", lambda name: True)
    (found,) = Fingerprint().examine(open_bytes(png(photo(1, "one", 128))))
    assert found.status is Status.SIGNAL
    assert "pictures of one" in found.summary
    (clear,) = Fingerprint().examine(open_bytes(png(photo(1, "", 128))))
    assert clear.status is Status.CLEAR
    assert clear.p_value is not None
    single = book.matches(photo(1, "", 128))[0][0].p_value
    assert clear.p_value == pytest.approx(min(1.0, 2 * single))
    (small,) = Fingerprint().examine(open_bytes(png(photo(1)[:20, :20])))
    assert small.status is Status.NOT_APPLICABLE


def test_few_pictures_make_no_fingerprint(corpus: Corpus, tmp_path: Path) -> None:
    few = corpus.where(np.isin(corpus.sources, ["p0"]))
    with pytest.raises(UsageError, match="tiles"):
        finish_prints(few, SIDE, tmp_path, ORIGINS)
    with pytest.raises(UsageError, match="no generated"):
        finish_prints(corpus.where(~corpus.made), SIDE, tmp_path, ORIGINS)


def test_a_book_without_names_is_none(written: tuple[Path, dict[str, float]], tmp_path: Path) -> None:
    from forensics.detectors.train.finish import CLASSIFIER  # another kind of model

    assert CLASSIFIER not in open_bundle(written[0]).card["files"]
    with pytest.raises(ModelError):
        open_book(open_bundle(Path("forensics/models/codec").resolve()))
