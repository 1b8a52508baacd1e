"""The detector `noise`: outlying windows, its gates, and whole pictures."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
import scipy.linalg
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.detectors.base import DETECTORS
from forensics.detectors.calibration import load
from forensics.detectors.noise import Noise
from forensics.detectors.noise.outliers import content_terms, directions, discriminant, distances
from forensics.detectors.noise.windows import Windows, cell_side, look
from forensics.evidence import Evidence, Status
from forensics.media import open_bytes

K = 8


def save(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def examine(data: bytes) -> Evidence:
    (evidence,) = Noise().examine(open_bytes(data))
    return evidence


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return camera(12, 512, 640)


@pytest.fixture(scope="module")
def noisier(scene: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    changed = scene.astype(np.float64)
    changed[160:320, 240:400] += rng.normal(0, 9, (160, 160, 1))
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def made_up(seed: int, paste: float = 0.0) -> Windows:
    """Windows whose features are Gaussian in the directions, some moved by `paste` deviations."""
    rng = np.random.default_rng(seed)
    shape = (30, 40)
    along = directions()
    inside = rng.normal(size=(*shape, K))
    inside[8:17, 10:19, 0] += paste
    back = np.linalg.pinv(along.matrix)
    return Windows(
        (inside @ back).astype(np.float32),
        np.ones(shape, bool),
        rng.uniform(-1, 1, shape).astype(np.float32),
        rng.uniform(0, 4, shape).astype(np.float32),
        5.0,
        16,
    )


def test_it_is_registered() -> None:
    assert DETECTORS.get("noise") is Noise


def test_the_discriminant_is_scipys_generalised_eigenproblem() -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(9, 40)) for _ in range(2))
    moved, within = a @ a.T / 40, b @ b.T / 40
    found = discriminant(moved, within, 3, ridge=0.0)
    values, vectors = scipy.linalg.eigh(moved, within)
    for i in range(3):
        wanted = vectors[:, -1 - i]
        assert abs(found.matrix[:, i] @ within @ wanted) == pytest.approx(1, abs=1e-6)
        assert found.matrix[:, i] @ moved @ found.matrix[:, i] == pytest.approx(values[-1 - i])
    np.testing.assert_allclose(found.usual, np.eye(3), atol=1e-9)


def test_the_majority_is_at_unit_distance_and_a_paste_stands_out() -> None:
    plain, found = distances(made_up(3), directions()), distances(made_up(3, 4.0), directions())
    assert found.score > plain.score + 0.5
    inside = np.zeros((30, 40), bool)
    inside[8:17, 10:19] = True
    assert found.size in (5, 9)
    assert inside[found.top : found.top + found.size, found.left : found.left + found.size].all()
    assert np.median(found.distances[inside]) > 2 * np.median(found.distances[~inside])


def test_what_content_explains_is_taken_out() -> None:
    windows = made_up(5, 4.0)
    terms = content_terms(windows.brightness.ravel(), windows.contrast.ravel())
    effect = np.random.default_rng(6).normal(0, 0.05, (terms.shape[1], windows.features.shape[2]))
    moved = windows.features + (terms @ effect).reshape(windows.features.shape).astype(np.float32)
    one, other = (distances(w, directions()) for w in (windows, replace(windows, features=moved)))
    np.testing.assert_allclose(one.distances, other.distances, rtol=1e-2, atol=1e-2)


def test_windows_that_are_not_usable_say_nothing() -> None:
    windows = made_up(7, 9.0)
    usable = windows.usable.copy()
    usable[5:20, 8:22] = False
    found = distances(replace(windows, usable=usable), directions())
    assert not found.distances[~usable].any()
    assert found.score < distances(windows, directions()).score - 0.5


def test_a_noisier_region_is_found_with_its_place(noisier: np.ndarray) -> None:
    evidence = examine(save(noisier))
    assert evidence.status is Status.SIGNAL
    assert evidence.llr is not None
    assert 1 <= evidence.llr <= load("noise").cap_for
    values = cv2.resize(evidence.maps[0].values, (640, 512))
    truth = np.zeros((512, 640), bool)
    truth[160:320, 240:400] = True
    assert ((values > 0.5) & truth).sum() / ((values > 0.5) | truth).sum() > 0.4
    x, y = (int(v) for v in evidence.summary.split("(")[1].split(")")[0].split(","))
    assert truth[y, x]


@pytest.mark.parametrize("quality", [None, 92, 80])
def test_untouched_pictures_accuse_nobody(scene: np.ndarray, quality: int | None) -> None:
    evidence = examine(save(scene) if quality is None else save(scene, "JPEG", quality=quality))
    assert evidence.status in (Status.CLEAR, Status.NOT_APPLICABLE)
    assert evidence.llr is None
    for shown in evidence.maps:
        assert shown.values.dtype == np.float32
        assert 0 <= shown.values.min() <= shown.values.max() <= 1


def test_where_nothing_can_be_said(scene: np.ndarray) -> None:
    palette = io.BytesIO()
    Image.fromarray(scene).convert("P").save(palette, "PNG")
    smooth = cv2.GaussianBlur(scene, (0, 0), 6) // 64 * 64 + 30
    reasons = {
        "small": save(scene[:200]),
        "few colours": palette.getvalue(),
        "quality 50": save(scene, "JPEG", quality=50),
        "hardly any noise": save(smooth),
        "narrow": save(np.tile(scene[:250], (1, 12, 1))),
    }
    for words, data in reasons.items():
        evidence = examine(data)
        assert evidence.status is Status.NOT_APPLICABLE, words
        assert words in evidence.summary


def test_clipped_pictures_are_left_alone() -> None:
    dots = np.random.default_rng(1).choice(np.array([0, 255], np.uint8), (300, 400, 1)).repeat(3, axis=2)
    assert examine(save(dots)).status is Status.NOT_APPLICABLE


def test_windows_without_noise_are_not_compared(noisier: np.ndarray) -> None:
    flat = noisier.copy()
    flat[320:, :240] = 120
    luma = np.asarray(Image.fromarray(flat).convert("L"))
    seen = look(luma)
    assert not seen.usable[24:, :12].any()
    assert seen.usable[8:18, 18:38].all()


def test_cells_are_bounded_in_number() -> None:
    assert cell_side((256, 256)) == 16
    side = cell_side((4000, 3000))
    assert 4000 * 3000 / side**2 <= 3000
    seen = look(np.random.default_rng(2).integers(60, 190, (260, 300), dtype=np.uint8))
    assert seen.features.shape == (16, 18, 50)
    assert not seen.usable[:2].any()
    assert seen.usable[2:-2, 2:-2].all()
    np.testing.assert_allclose((seen.features[seen.usable] ** 2).sum(axis=1), 2, rtol=1e-5)


def test_the_calibration_ships_and_is_capped() -> None:
    table = load("noise")
    assert table.slope > 0
    assert table.cap_for <= np.log10(table.negatives + 1)
